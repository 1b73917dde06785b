/** The paper account to try things out with; its request id makes every start after the first a repetition. */
import type { Engine } from "../../domain/application/engine.types.ts";
import type { Principal, RequestId } from "../../domain/primitives/ids.ts";
import type { Config } from "../config.ts";

export async function openFirstAccount(engine: Engine, { firstAccount }: Config): Promise<void> {
  if (!firstAccount || engine.ownerOf(firstAccount.name) !== undefined) return;
  const result = await engine.account(
    firstAccount.name,
    { type: "Open", initialFunds: firstAccount.funds },
    { principal: "local" as Principal, requestId: "first-account" as RequestId },
  );
  if (result.kind === "account") return;
  const reason = result.kind === "refused" ? result.refusal.message : result.cause;
  throw new Error(`the first account ${firstAccount.name} cannot be opened: ${reason}`);
}
