/** A process that answers requests like a signer which is not to be trusted: `lying-signer.ts wrong-signature | garbage | flood`. */
import { createInterface } from "node:readline";

const ANSWERS: Readonly<Record<string, (id: number) => string>> = {
  "wrong-signature": (id) =>
    `${JSON.stringify({ id, kind: "signed", signature: Buffer.alloc(64, 1).toString("base64") })}\n`,
  garbage: () => "signed, trust me\n",
  flood: () => "x".repeat(1024 * 1024),
};
const answer = ANSWERS[process.argv[2] ?? ""];

for await (const line of createInterface({ input: process.stdin })) {
  if (answer) process.stdout.write(answer(JSON.parse(line).id));
}
