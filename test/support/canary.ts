/** A known key in every form in which a program could let it slip, and where to look for it. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { Keypair } from "@solana/web3.js";
import { encodeBase58, hexOf } from "../../domain/chain/bytes.ts";

export type Canary = {
  readonly seed: Uint8Array;
  readonly keypair: Keypair;
  /** Names of the forms that the bytes contain. */
  readonly foundIn: (bytes: Uint8Array | string) => string[];
  /** Files below the folder that contain any form, each as `name: forms`. */
  readonly foundBelow: (folder: string, except: readonly string[]) => string[];
};

/** Of a seed and of the whole secret of 64 bytes: raw, hex, base64, base64url, base58, and JSON numbers in any spacing. */
export function createCanary(seed: Uint8Array): Canary {
  const keypair = Keypair.fromSeed(seed);
  const forms = new Map<string, (text: Buffer) => boolean>();
  for (const [name, secret] of [
    ["seed", seed],
    ["secret", keypair.secretKey],
  ] as const) {
    const buffer = Buffer.from(secret);
    const texts = {
      ...{
        raw: buffer,
        hex: Buffer.from(hexOf(secret)),
        base58: Buffer.from(encodeBase58(secret)),
      },
      // Without the last characters, which depend on what follows.
      base64: Buffer.from(buffer.toString("base64").slice(0, 40)),
      base64url: Buffer.from(buffer.toString("base64url").slice(0, 40)),
    };
    for (const [form, wanted] of Object.entries(texts)) {
      forms.set(`${name} as ${form}`, (bytes) => bytes.includes(wanted));
    }
  }
  // Eight numbers in a row are enough to be sure that they are the key's.
  const row = new RegExp([...seed.subarray(0, 8)].join("[\\s,]+"));
  forms.set("numbers", (bytes) => row.test(bytes.toString("latin1")));
  const foundIn = (bytes: Uint8Array | string): string[] => {
    const buffer = Buffer.from(bytes);
    const lower = Buffer.from(buffer.toString("latin1").toLowerCase(), "latin1");
    return [...forms].flatMap(([name, has]) =>
      has(buffer) || (name.endsWith("hex") && has(lower)) ? [name] : [],
    );
  };
  return {
    ...{ seed, keypair, foundIn },
    foundBelow: (folder, except) =>
      filesBelow(folder)
        .filter((file) => !except.includes(file))
        .flatMap((file) => {
          const found = foundIn(readFileSync(file));
          return found.length > 0 ? [`${file}: ${found.join(", ")}`] : [];
        }),
  };
}

const filesBelow = (folder: string): string[] =>
  readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    return statSync(path).isDirectory() ? filesBelow(path) : [path];
  });
