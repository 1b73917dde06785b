/** Every event type that this program knows, with its current version and schema. */
import type { z } from "zod";
import { ACCOUNT_EVENTS, type AccountEvent } from "../account/events.ts";
import { EVIDENCE_EVENTS, type EvidenceEvent } from "../evidence/events.ts";
import { ORDER_EVENTS, type OrderEvent } from "../order/events.ts";
import { SAFETY_EVENTS, type SafetyEvent } from "../safety/events.ts";
import { SYSTEM_EVENTS, type SystemEvent } from "../system/events.ts";

export type DomainEvent = OrderEvent | AccountEvent | EvidenceEvent | SafetyEvent | SystemEvent;
export type DomainEventType = DomainEvent["type"];

export const REGISTRY: {
  readonly [T in DomainEventType]: { readonly version: number; readonly schema: z.ZodType };
} = { ...ORDER_EVENTS, ...ACCOUNT_EVENTS, ...EVIDENCE_EVENTS, ...SAFETY_EVENTS, ...SYSTEM_EVENTS };

export const isKnownType = (type: string): type is DomainEventType => Object.hasOwn(REGISTRY, type);

export const isOrderEvent = (event: DomainEvent): event is OrderEvent =>
  Object.hasOwn(ORDER_EVENTS, event.type);

export const isAccountEvent = (event: DomainEvent): event is AccountEvent =>
  Object.hasOwn(ACCOUNT_EVENTS, event.type);

export const isSafetyEvent = (event: DomainEvent): event is SafetyEvent =>
  Object.hasOwn(SAFETY_EVENTS, event.type);
