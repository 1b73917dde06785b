/** Requests to the signer's process and their answers, each within its own time. */

import { type KeyObject, verify } from "node:crypto";
import { once } from "node:events";
import type { SignAnswer, SignRequest } from "../../domain/ports/signer.ts";
import { SIGNATURE_BYTES, verifyingKeyOf } from "./ed25519.ts";
import type { SignerChild } from "./launch.ts";
import { createLineSplitter } from "./lines.ts";
import { type AnswerMessage, encodeRequest, MAX_LINE_BYTES, parseAnswer } from "./wire.ts";

/** Bytes that a signer which reads nothing may leave in our memory. */
const MAX_BACKLOG_BYTES = 8 * 1024 * 1024;
const CLOSE_TIMEOUT_MS = 2_000;

export type ClientOptions = {
  readonly wallets: readonly string[];
  readonly timeoutMs: number;
  readonly maxWaiting: number;
  readonly onExit: (sentence: string) => void;
};

type Waiting = { readonly request: SignRequest; readonly settle: (answer: SignAnswer) => void };

export function signOverPipes(launched: SignerChild, options: ClientOptions) {
  const { child, input, output } = launched;
  const keys = keysOf(options.wallets);
  const waiting = new Map<number, Waiting>();
  let lastId = 0;
  /** Why nothing is signed any more. */
  let over: string | undefined;

  function end(sentence: string): void {
    if (over !== undefined) return;
    over = sentence;
    child.kill("SIGKILL");
    for (const { settle } of waiting.values()) settle(unavailable(sentence));
    options.onExit(sentence);
  }

  function receive(answer: AnswerMessage): void {
    const { request, settle } = waiting.get(answer.id) ?? {};
    // Without one its time was up before.
    if (!request || !settle) return;
    if (answer.kind === "signed") {
      const { signature } = answer;
      const settled = (isRight: boolean): void => {
        if (isRight) settle({ kind: "signed", signature });
        else end("the signer gave a wrong signature; it is not trusted any more");
      };
      checkSignature(keys.get(request.wallet), request.message, signature).then(settled, () =>
        settled(false),
      );
    } else if (answer.kind === "refused") {
      settle({ kind: "refused", rule: answer.rule, message: answer.message });
    } else settle(unavailable(answer.message));
  }

  const split = createLineSplitter(MAX_LINE_BYTES);
  output.on("data", (chunk: Buffer) => {
    const answers = over === undefined ? answersOf(split(chunk)) : [];
    if (answers) answers.forEach(receive);
    else end("the signer's answer cannot be read; it is not trusted any more");
  });
  const onExit = (): void => end(`the signer ended (${child.signalCode ?? child.exitCode})`);
  if (child.exitCode !== null || child.signalCode !== null) onExit();
  else child.once("exit", onExit);

  return {
    sign: (request: SignRequest): Promise<SignAnswer> => {
      const { wallet, message, intent, lookupTables } = request;
      if (over !== undefined) return Promise.resolve(unavailable(over));
      if (waiting.size >= options.maxWaiting) {
        return Promise.resolve(unavailable(`the signer has ${waiting.size} unanswered requests`));
      }
      if (input.writableLength > MAX_BACKLOG_BYTES) {
        return Promise.resolve(unavailable("the signer does not read its requests"));
      }
      lastId += 1;
      const id = lastId;
      const untilMs = Date.now() + options.timeoutMs;
      const line = encodeRequest({ id, untilMs, wallet, message, intent, lookupTables });
      if (line.length > MAX_LINE_BYTES) {
        const text = `the request has more than ${MAX_LINE_BYTES} bytes`;
        return Promise.resolve({ kind: "refused", rule: "signer-request", message: text });
      }
      const { promise, resolve } = Promise.withResolvers<SignAnswer>();
      const timer = setTimeout(
        () => settle(unavailable(`the signer did not answer within ${options.timeoutMs} ms`)),
        options.timeoutMs,
      );
      const settle = (answer: SignAnswer): void => {
        clearTimeout(timer);
        waiting.delete(id);
        resolve(answer);
      };
      waiting.set(id, { request, settle });
      input.write(line);
      return promise;
    },
    close: async (): Promise<void> => {
      over ??= "the signer was closed";
      for (const { settle } of waiting.values()) settle(unavailable(over));
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exited = once(child, "exit");
      // A stopped process does not see the end of its input, nor a polite signal.
      const timer = setTimeout(() => child.kill("SIGKILL"), CLOSE_TIMEOUT_MS);
      input.end();
      child.kill("SIGTERM");
      await exited;
      clearTimeout(timer);
    },
  };
}

const unavailable = (message: string): SignAnswer => ({ kind: "unavailable", message });

/** Off the main thread: it takes longer than signing. */
async function checkSignature(
  key: KeyObject | undefined,
  message: Uint8Array,
  signature: Uint8Array,
): Promise<boolean> {
  if (!key || signature.length !== SIGNATURE_BYTES) return false;
  return await new Promise((resolve) => {
    verify(null, message, key, signature, (error, isRight) => resolve(!error && isRight));
  });
}

function keysOf(wallets: readonly string[]): ReadonlyMap<string, KeyObject> {
  const keys = new Map<string, KeyObject>();
  for (const wallet of wallets) {
    const key = verifyingKeyOf(wallet);
    if (key) keys.set(wallet, key);
  }
  return keys;
}

/** Undefined where one of the lines is no answer. */
function answersOf(lines: readonly string[] | undefined): AnswerMessage[] | undefined {
  try {
    return lines?.map((line) => parseAnswer(JSON.parse(line)));
  } catch {
    return undefined;
  }
}
