/**
 * Whether a node's answer shows the very transaction that was signed. A signature is easily pasted over another transaction; its message
 * is not. The blockhash and the contents of lookup tables are not in what is compared.
 */
import { encodeBase58 } from "./bytes.ts";
import { type CompiledInstruction, type MessageV0, parseTransaction } from "./message.ts";
import type { ChainInstruction, ChainTransaction } from "./transaction.ts";

/**
 * `signedBytes`: the whole transaction, signatures first. False also where these are no v0 transaction, and where a node has parsed an
 * instruction (encoding jsonParsed), which cannot be compared. Never throws.
 */
export function isOwn(transaction: ChainTransaction, signedBytes: Uint8Array): boolean {
  const signed = parseTransaction(signedBytes);
  if (signed.kind === "problem") return false;
  const { message, signatures } = signed;
  const { accountKeys, version } = transaction;
  const outer = transaction.instructions.filter(({ depth }) => depth === 1);
  return (
    version === 0 &&
    transaction.signature === signatures[0] &&
    transaction.signatureCount === signatures.length &&
    transaction.lookupTables === message.lookups.length &&
    accountKeys.length === message.staticKeys.length + lookedUp(message) &&
    message.staticKeys.every((key, index) => accountKeys[index] === key) &&
    outer.length === message.instructions.length &&
    message.instructions.every((own, index) => isSame(own, outer[index], accountKeys))
  );
}

const lookedUp = ({ lookups }: MessageV0): number =>
  lookups.reduce((sum, { writable, readonly }) => sum + writable.length + readonly.length, 0);

function isSame(
  own: CompiledInstruction,
  told: ChainInstruction | undefined,
  keys: readonly string[],
): boolean {
  if (!told || told.parsed || told.programId !== keys[own.programIdIndex]) return false;
  const data = typeof told.data === "string" ? told.data : encodeBase58(told.data);
  return (
    data === encodeBase58(own.data) &&
    told.accounts.length === own.accounts.length &&
    own.accounts.every((key, index) => told.accounts[index] === keys[key])
  );
}
