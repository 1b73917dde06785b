/** A process that starts a signer and does nothing more: `signer-parent.ts KEYSTORE`. It prints the signer's pid. */
import { startSignerProcess } from "../../adapters/signer/process.ts";
import { signerOptions } from "./signer-folder.ts";

const signer = await startSignerProcess(signerOptions([process.argv[2] ?? ""]));
process.stdout.write(`${signer.pid}\n`);
