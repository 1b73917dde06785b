/** v0 messages by the engine's own compiler, within the limit of a packet. */
import { createMessageCompiler } from "../../domain/chain/compile-message.ts";
import { MAX_WIRE_BYTES } from "../../domain/chain/wire-message.ts";
import type { TransactionCompiler } from "../../domain/ports/chain.ts";

const SIGNATURE_BYTES = 64;

export function createTransactionCompiler(): TransactionCompiler {
  const compile = createMessageCompiler();
  return {
    compile(parts) {
      try {
        const bytes = compile(parts);
        const size = 1 + (bytes[1] ?? 0) * SIGNATURE_BYTES + bytes.length;
        if (size <= MAX_WIRE_BYTES) return { kind: "message", bytes };
        const message = `the transaction has ${size} bytes with its signature, at most ${MAX_WIRE_BYTES} fit`;
        return { kind: "problem", message };
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error);
        return { kind: "problem", message: `the transaction cannot be put together: ${why}` };
      }
    },
  };
}
