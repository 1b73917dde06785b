/** Derived addresses and the curve test against web3.js 1.99.0. */
import { Keypair, PublicKey } from "@solana/web3.js";
import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { createNodeHasher } from "../../adapters/hasher/node.ts";
import {
  ASSOCIATED_TOKEN_PROGRAM,
  JUPITER_EVENT_AUTHORITY,
  JUPITER_PROGRAM,
  TOKEN_2022_PROGRAM,
  TOKEN_PROGRAM,
} from "../../domain/chain/addresses.ts";
import { JUPITER_AUTHORITIES } from "../../domain/chain/jupiter-authorities.ts";
import {
  createTokenAccounts,
  isOnCurve,
  programAddress,
} from "../../domain/chain/program-address.ts";

const { digest } = createNodeHasher();
const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const key = fc.uint8Array({ minLength: 32, maxLength: 32 });

describe("isOnCurve", () => {
  it("agrees with web3.js on random bytes", () => {
    let on = 0;
    fc.assert(
      fc.property(key, (bytes) => {
        expect(isOnCurve(bytes)).toBe(PublicKey.isOnCurve(bytes));
        if (isOnCurve(bytes)) on += 1;
      }),
      { numRuns: 1_000 },
    );
    expect(on).toBeGreaterThan(300);
    expect(on).toBeLessThan(700);
  });

  it("holds for public keys", () => {
    for (let index = 0; index < 50; index += 1) {
      expect(isOnCurve(Keypair.generate().publicKey.toBytes())).toBe(true);
    }
  });
});

describe("programAddress", () => {
  it("agrees with web3.js", () => {
    const seed = fc.uint8Array({ maxLength: 32 });
    fc.assert(
      fc.property(fc.array(seed, { maxLength: 5 }), key, (seeds, program) => {
        const [address, bump] = PublicKey.findProgramAddressSync(seeds, new PublicKey(program));
        const ours = programAddress(digest, seeds, new PublicKey(program).toBase58());
        expect(ours).toEqual({ address: address.toBase58(), bump });
      }),
      { numRuns: 200 },
    );
  });

  test("Jupiter's authorities and its event authority", () => {
    const found = JUPITER_AUTHORITIES.map(
      (_, id) =>
        programAddress(digest, [text("authority"), Uint8Array.of(id)], JUPITER_PROGRAM).address,
    );
    expect(JUPITER_AUTHORITIES).toEqual(found);
    const event = programAddress(digest, [text("__event_authority")], JUPITER_PROGRAM);
    expect(event.address).toBe(JUPITER_EVENT_AUTHORITY);
  });

  test("a seed of 33 bytes is refused", () => {
    expect(() => programAddress(digest, [new Uint8Array(33)], JUPITER_PROGRAM)).toThrow("33 bytes");
  });
});

describe("associated token accounts", () => {
  const tokenAccountOf = createTokenAccounts(digest);

  test.each([TOKEN_PROGRAM, TOKEN_2022_PROGRAM])("of %s agree with web3.js", (tokenProgram) => {
    fc.assert(
      fc.property(key, key, (owner, mint) => {
        const [expected] = PublicKey.findProgramAddressSync(
          [owner, new PublicKey(tokenProgram).toBytes(), mint],
          new PublicKey(ASSOCIATED_TOKEN_PROGRAM),
        );
        const [ownerText, mintText] = [owner, mint].map((bytes) => new PublicKey(bytes).toBase58());
        if (ownerText === undefined || mintText === undefined) throw new Error("no text");
        const found = tokenAccountOf(ownerText, mintText, tokenProgram);
        expect(found).toBe(expected.toBase58());
        // And once more out of memory.
        expect(tokenAccountOf(ownerText, mintText, tokenProgram)).toBe(found);
      }),
      { numRuns: 100 },
    );
  });

  test.each(["", "abc", "0".repeat(44)])("%j is no address", (bad) => {
    expect(() => tokenAccountOf(bad, JUPITER_PROGRAM, TOKEN_PROGRAM)).toThrow("not an address");
  });
});
