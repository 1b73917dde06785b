/** `POST /swap` and `POST /swap-instructions` over HTTP. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { MarketChain } from "./chain-pools.ts";
import type { Answer, FaultyAnswers } from "./faults.ts";
import { refusal } from "./quote.ts";
import { readBody } from "./request-body.ts";
import { answerSwap, type SwapKind, type SwapTask, type Tamper } from "./swap-answer.ts";
import { parseSwapRequest } from "./swap-request.ts";

export type SwapCounts = { swaps: number; refusals: number };

export type Swapping = {
  readonly chain: MarketChain;
  readonly tamper: Tamper;
  readonly answers: FaultyAnswers;
  readonly counts: SwapCounts;
};

/** Reads the request and answers it, by way of the fault that is on. */
export function serveSwap(
  { chain, tamper, answers, counts }: Swapping,
  kind: SwapKind,
  { request, response }: { readonly request: IncomingMessage; readonly response: ServerResponse },
): void {
  readBody(request, (text) => {
    const parsed = parseSwapRequest(text);
    counts.swaps += 1;
    if (parsed.kind !== "order") counts.refusals += 1;
    if (parsed.kind === "unreadable") {
      response.writeHead(parsed.status, { "content-type": "text/plain; charset=utf-8" });
      response.end(parsed.text);
    } else if (parsed.kind === "refused") {
      answers.send(response, parsed.answer, kind);
    } else {
      answers.send(response, swapOrRefusal({ kind, chain, order: parsed.order, tamper }), kind);
    }
  });
}

function swapOrRefusal(task: SwapTask): Answer {
  try {
    return answerSwap(task);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return refusal("FAILED_TO_GET_SWAP_AND_ACCOUNT_METAS", reason);
  }
}
