/**
 * Faults that a test or a person can switch on in the local quote server, and what they do to an
 * answer.
 */
import type { ServerResponse } from "node:http";
import { z } from "zod";

const MAX_DELAY_MS = 600_000;

export const ENDPOINTS = ["quote", "swap", "swap-instructions"] as const;
export type Endpoint = (typeof ENDPOINTS)[number];

/** What to do to the next answers; several fields work together, `hang` and `reset` win. */
export const faultSchema = z.strictObject({
  /** Which answers; default those to quotes. */
  on: z.array(z.enum(ENDPOINTS)).min(1).max(ENDPOINTS.length).optional(),
  /** Answer with this status instead; a body in Jupiter's form comes with it. */
  status: z.int().min(100).max(599).optional(),
  /** `errorCode` of that body. */
  errorCode: z.string().max(100).optional(),
  /** Header `retry-after` in seconds. */
  retryAfterS: z.int().nonnegative().optional(),
  /** Header `x-ratelimit-reset` in Unix seconds. */
  rateLimitReset: z.int().nonnegative().optional(),
  /** Header `location`. */
  location: z.string().max(1_000).optional(),
  /** Never answer. */
  hang: z.boolean().optional(),
  /** Close the connection without an answer. */
  reset: z.boolean().optional(),
  /** Answer after this time. */
  delayMs: z.int().min(0).max(MAX_DELAY_MS).optional(),
  /** Status 200 and something that is not JSON. */
  garbage: z.boolean().optional(),
  /** Close the connection in the middle of the body. */
  truncated: z.boolean().optional(),
  /** Fields that replace those of the right answer; null stands for null. */
  fields: z.record(z.string(), z.json()).optional(),
  /** Number of answers that this fault is for; without it, all until it is cleared. */
  count: z.int().positive().optional(),
});
export type Fault = z.infer<typeof faultSchema>;

export type Answer = {
  readonly status: number;
  readonly body: { readonly [key: string]: unknown };
};

export type FaultyAnswers = {
  /** Replaces the fault; undefined clears it. */
  set(fault: Fault | undefined): void;
  /** Sends the answer, or what the present fault makes of it. */
  send(response: ServerResponse, answer: Answer, endpoint?: Endpoint): void;
  /** Answers that met a fault. */
  met(): number;
  /** Forgets what is still delayed. */
  close(): void;
};

export function createFaultyAnswers(): FaultyAnswers {
  let present: Fault | undefined;
  let left = 0;
  let met = 0;
  const delayed = new Set<NodeJS.Timeout>();

  function take(endpoint: Endpoint): Fault | undefined {
    const fault = present;
    if (!fault || !(fault.on ?? ["quote"]).includes(endpoint)) return undefined;
    met += 1;
    left -= 1;
    if (left <= 0) present = undefined;
    return fault;
  }

  return {
    set(fault) {
      present = fault;
      left = fault?.count ?? Number.POSITIVE_INFINITY;
    },
    send(response, answer, endpoint = "quote") {
      const fault = take(endpoint);
      if (!fault) return sendJson(response, answer);
      if (fault.hang) return;
      const timer = setTimeout(() => {
        delayed.delete(timer);
        sendFaulty(response, answer, fault);
      }, fault.delayMs ?? 0);
      delayed.add(timer);
    },
    met: () => met,
    close() {
      for (const timer of delayed) clearTimeout(timer);
      delayed.clear();
    },
  };
}

export function sendJson(response: ServerResponse, answer: Answer): void {
  const text = JSON.stringify(answer.body);
  response.writeHead(answer.status, {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(text),
  });
  response.end(text);
}

function sendFaulty(response: ServerResponse, answer: Answer, fault: Fault): void {
  if (fault.reset) {
    response.destroy();
    return;
  }
  if (fault.retryAfterS !== undefined) response.setHeader("retry-after", fault.retryAfterS);
  if (fault.rateLimitReset !== undefined) {
    response.setHeader("x-ratelimit-reset", fault.rateLimitReset);
  }
  if (fault.location !== undefined) response.setHeader("location", fault.location);
  if (fault.garbage) {
    response.writeHead(200, { "content-type": "text/html" });
    response.end("<html>this is no quote");
  } else if (fault.truncated) {
    const text = JSON.stringify(answer.body);
    response.writeHead(200, { "content-type": "application/json", "content-length": text.length });
    response.write(text.slice(0, text.length / 2), () => response.destroy());
  } else if (fault.status !== undefined) {
    const errorCode = fault.errorCode === undefined ? {} : { errorCode: fault.errorCode };
    sendJson(response, {
      status: fault.status,
      body: { error: `switched-on fault ${fault.status}`, ...errorCode },
    });
  } else {
    sendJson(response, { ...answer, body: { ...answer.body, ...fault.fields } });
  }
}
