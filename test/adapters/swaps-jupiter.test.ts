/** Live swaps of the Jupiter adapter: what goes over the wire to the letter, secrets, limits, recorded answers. */
import { readFileSync } from "node:fs";
import type { IncomingMessage, RequestListener } from "node:http";
import { text as bodyOf } from "node:stream/consumers";
import { setImmediate } from "node:timers/promises";
import { afterEach, describe, expect, test } from "vitest";
import { createJupiterQuotes } from "../../adapters/quotes/jupiter.ts";
import {
  createJupiterServers,
  type JupiterOptions,
} from "../../adapters/quotes/jupiter-servers.ts";
import { createJupiterSwaps, type RouteOptions } from "../../adapters/quotes/jupiter-swaps.ts";
import type { SwapInstructionsRequest, SwapQuoteRequest } from "../../domain/ports/swaps.ts";
import { mintOf, oneSol } from "../contracts/quotes.contract.ts";
import { type LoopbackServer, startLoopbackServer } from "../support/loopback-server.ts";
import { createManualClock } from "../support/manual-clock.ts";
import { hasRealData, realDataPath } from "../support/real-data.ts";

const opened: { close(): unknown }[] = [];
afterEach(async () => {
  for (const each of opened.splice(0)) await each.close();
});
async function server(listener: RequestListener): Promise<LoopbackServer> {
  const started = await startLoopbackServer(listener);
  opened.push(started);
  return started;
}
type Options = Partial<JupiterOptions> & Pick<JupiterOptions, "baseUrls">;
function jupiter(options: Options, route: RouteOptions = {}) {
  const whole = { clock: createManualClock(), timeoutMs: 2_000, retryDelayMs: 1, ...options };
  const servers = createJupiterServers(whole);
  opened.push(servers);
  const quotes = createJupiterQuotes(whole, servers);
  return { ...createJupiterSwaps(servers, route), paper: quotes };
}

const WALLET = "GDDMwNyyx8uB6zrqwBFHjLLG3TBYk2F8Az4yrQC5RzMp";
const wanted: SwapQuoteRequest = {
  ...{ inputMint: mintOf("SOL"), outputMint: mintOf("USDC"), amount: 2n ** 64n - 1n },
  ...{ slippageBps: 50, platformFeeBps: 0, isProtected: false },
};
const asked = (quoteAnswer: string): SwapInstructionsRequest => ({
  ...{ quoteAnswer, wallet: WALLET, feeAccount: undefined, trackingAccount: undefined },
});
/** Numbers that no double holds, fields that nobody knows, blanks, an order of its own. */
const ODD = `{ "zeta" : 18446744073709551615, "deep":{"n":9007199254740993,"e":1.10e2},
  "inputMint":"${mintOf("SOL")}","outputMint":"${mintOf("USDC")}","inAmount":"18446744073709551615",
  "outAmount":"18446744073709551615","otherAmountThreshold":"18354510353341003857","swapMode":"ExactIn",
  "slippageBps":50,"platformFee":null,"priceImpactPct":"0","text":"\\u00e9\\ud83d\\ude00 ü",
  "routePlan":[{"swapInfo":{"ammKey":"${mintOf("JUP")}","inputMint":"${mintOf("SOL")}",
  "outputMint":"${mintOf("USDC")}","inAmount":"18446744073709551615","outAmount":"18446744073709551615",
  "unknown":123456789012345678901234567890},"percent":100}]}`;
const INSTRUCTIONS = JSON.stringify({
  ...{ computeBudgetInstructions: [], setupInstructions: [], otherInstructions: [] },
  swapInstruction: { programId: WALLET, accounts: [], data: "AQI=" },
  addressLookupTableAddresses: [],
});

describe("what goes over the wire", () => {
  test("a quote goes back to the letter, as the last field of the request", async () => {
    const bodies: string[] = [];
    const types: unknown[] = [];
    const { url } = await server(async (request, response) => {
      if (request.method === "GET") return response.end(ODD);
      types.push(request.headers["content-type"]);
      bodies.push(await bodyOf(request));
      return response.end(INSTRUCTIONS);
    });
    const swaps = jupiter({ baseUrls: [url] });
    const quote = await swaps.quote(wanted);
    if (quote.kind !== "quoted") throw new Error(quote.message);
    expect(quote.answer).toBe(ODD);
    expect(quote.minimumOut).toBe(18_354_510_353_341_003_857n);
    const built = await swaps.instructions(asked(quote.answer));
    expect(built).toMatchObject({ kind: "instructions", answer: INSTRUCTIONS });
    expect(types).toEqual(["application/json"]);
    const fields = {
      ...{ userPublicKey: WALLET, wrapAndUnwrapSol: true, asLegacyTransaction: false },
      ...{ dynamicComputeUnitLimit: false, skipUserAccountsRpcCalls: true },
    };
    expect(bodies).toEqual([`${JSON.stringify(fields).slice(0, -1)},"quoteResponse":${ODD}}`]);
  });

  test("the options of a route", async () => {
    const seen: IncomingMessage[] = [];
    const bodies: unknown[] = [];
    const { url } = await server(async (request, response) => {
      seen.push(request);
      if (request.method === "POST") bodies.push(JSON.parse(await bodyOf(request)));
      response.end(request.method === "GET" ? ODD : INSTRUCTIONS);
    });
    const swaps = jupiter(
      { baseUrls: [`${url}/swap/v1`], apiKey: "key-1" },
      {
        ...{ restrictIntermediateTokens: false, onlyDirectRoutes: true, maxAccounts: 40 },
        ...{ dexes: ["Meteora DLMM", "Whirlpool"], excludeDexes: ["Saber"] },
        ...{ useSharedAccounts: false, skipUserAccountsRpcCalls: false },
      },
    );
    await swaps.quote({ ...wanted, platformFeeBps: 20, isProtected: true });
    const query = new URL(seen[0]?.url ?? "", url);
    expect(query.pathname).toBe("/swap/v1/quote");
    expect(Object.fromEntries(query.searchParams)).toEqual({
      ...{ inputMint: wanted.inputMint, outputMint: wanted.outputMint, slippageBps: "50" },
      ...{ amount: "18446744073709551615", swapMode: "ExactIn", instructionVersion: "V1" },
      ...{ platformFeeBps: "20", forJitoBundle: "true", restrictIntermediateTokens: "false" },
      ...{ onlyDirectRoutes: "true", maxAccounts: "40" },
      ...{ dexes: "Meteora DLMM,Whirlpool", excludeDexes: "Saber" },
    });
    await swaps.quote(wanted);
    expect(seen.at(-1)?.url).not.toMatch(/forJitoBundle|platformFeeBps/);
    const accounts = { feeAccount: mintOf("JUP"), trackingAccount: mintOf("BONK") };
    await swaps.instructions({ ...asked(ODD), ...accounts });
    expect(seen.at(-1)?.url).toBe("/swap/v1/swap-instructions");
    expect(seen.at(-1)?.headers["x-api-key"]).toBe("key-1");
    const { quoteResponse, ...fields } = Object(bodies[0]);
    expect(quoteResponse).toBeDefined();
    expect(fields).toEqual({
      ...{ userPublicKey: WALLET, wrapAndUnwrapSol: true, asLegacyTransaction: false, ...accounts },
      ...{ useSharedAccounts: false, dynamicComputeUnitLimit: false },
      skipUserAccountsRpcCalls: false,
    });
  });

  test("a larger body than a quote ever has is cut off", async () => {
    const { url } = await server((_, response) => response.end(ODD + " ".repeat(300_000)));
    const outcome = await jupiter({ baseUrls: [url] }).quote(wanted);
    expect(outcome).toMatchObject({ class: "malformed" });
    expect(outcome).toHaveProperty("message", expect.stringContaining("too large"));
  });
});

describe("secrets", () => {
  const KEY = "canary-0123456789";
  test("a refusal that repeats the key is told without it, with the number of the request", async () => {
    const { url } = await server((request, response) => {
      response.writeHead(400, { "x-api-gateway-request-id": "req-77" });
      const error = `bad key ${request.headers["x-api-key"]}`;
      response.end(JSON.stringify({ error, errorCode: "NOT_SUPPORTED" }));
    });
    const swaps = jupiter({ baseUrls: [url], apiKey: KEY });
    for (const outcome of [await swaps.quote(wanted), await swaps.instructions(asked(ODD))]) {
      expect(outcome).toMatchObject({ class: "refused" });
      expect(outcome).toHaveProperty("message", expect.stringContaining("bad key ***"));
      expect(outcome).toHaveProperty("message", expect.stringContaining("(request req-77)"));
      expect(JSON.stringify(outcome)).not.toContain(KEY);
    }
  });

  test("an answer that repeats it is not taken: it would be kept as evidence", async () => {
    const { url } = await server((request, response) => {
      const [text] = request.method === "GET" ? [ODD] : [INSTRUCTIONS];
      response.end(`${text.trimEnd().slice(0, -1)},"you":"${request.headers["x-api-key"]}"}`);
    });
    const swaps = jupiter({ baseUrls: [url], apiKey: KEY });
    for (const outcome of [await swaps.quote(wanted), await swaps.instructions(asked(ODD))]) {
      expect(outcome).toMatchObject({ class: "malformed" });
      expect(JSON.stringify(outcome)).not.toContain(KEY);
    }
    const open = jupiter({ baseUrls: [url] });
    expect(await open.quote(wanted)).toMatchObject({ kind: "quoted" });
  });
});

describe("the plan's limit", () => {
  test("paper quotes and live calls share it; what does not fit is not sent", async () => {
    const { url, requests } = await server((request, response) => {
      const isQuote = request.method === "GET";
      response.end(isQuote ? ODD : INSTRUCTIONS);
    });
    const clock = createManualClock();
    const swaps = jupiter({ baseUrls: [url], requestsPerMinute: 2, clock });
    expect(await swaps.quote(wanted)).toMatchObject({ kind: "quoted" });
    clock.advanceMs(10_000);
    const paper = await swaps.paper.quote(oneSol({ amount: wanted.amount }));
    expect(paper).toMatchObject({ kind: "quoted" });
    const limited = { kind: "failed", class: "rate-limited", retryAfterMs: 50_000 };
    expect(await swaps.instructions(asked(ODD))).toMatchObject(limited);
    expect(requests()).toBe(2);
    // Fifty milliseconds are short enough to be waited for.
    clock.advanceMs(49_950);
    expect(await swaps.instructions(asked(ODD))).toMatchObject({ kind: "instructions" });
    expect(requests()).toBe(3);
  });

  test("another server is asked rather than waited", async () => {
    const [first, second] = await Promise.all(
      [1, 2].map(() => server((_, response) => response.end(ODD))),
    );
    if (!first || !second) throw new Error("no servers");
    const baseUrls = [first.url, second.url.replace("127.0.0.1", "localhost")];
    const swaps = jupiter({ baseUrls, requestsPerMinute: 1 });
    const sources = [await swaps.quote(wanted), await swaps.quote(wanted)].map((outcome) =>
      outcome.kind === "quoted" ? outcome.quote.source : outcome.message,
    );
    expect(sources).toEqual(baseUrls);
    expect(await swaps.quote(wanted)).toMatchObject({ class: "rate-limited" });
  });

  test("none left by the last answer: nothing is sent before the reset", async () => {
    const clock = createManualClock();
    const { url, requests } = await server((_, response) => {
      response.setHeader("x-ratelimit-remaining", "0");
      response.setHeader("x-ratelimit-reset", clock.nowUs() / 1_000_000 + 9);
      response.end(ODD);
    });
    const swaps = jupiter({ baseUrls: [url], clock });
    expect(await swaps.quote(wanted)).toMatchObject({ kind: "quoted" });
    expect(await swaps.quote(wanted)).toMatchObject({ class: "rate-limited", retryAfterMs: 9_000 });
    expect(requests()).toBe(1);
    clock.advanceMs(9_000);
    expect(await swaps.quote(wanted)).toMatchObject({ kind: "quoted" });
  });

  test("close ends a wait for a turn", async () => {
    const clock = createManualClock();
    const { url } = await server((_, response) => response.end(ODD));
    const servers = createJupiterServers({
      ...{ baseUrls: [url], clock, requestsPerMinute: 1 },
      ...{ timeoutMs: 60_000, totalTimeoutMs: 600_000 },
    });
    const swaps = createJupiterSwaps(servers);
    await swaps.quote(wanted);
    const waiting = swaps.quote(wanted);
    // Its round over the servers is behind it then, and it waits.
    await setImmediate();
    servers.close();
    expect(await waiting).toMatchObject({ class: "unreachable" });
  });
});

describe.skipIf(!hasRealData("jupiter"))("recorded answers of Jupiter", () => {
  const text = (name: string) => readFileSync(realDataPath(`jupiter/${name}.json`), "utf8");
  test.each([
    ["quote-v1-sol-cash-2hop", 0],
    ["quote-v1-sol-usdc-platform-fee", 20],
    ["quote-v1-sol-usdt-2hop", 0],
    ["quote-v6-sol-e2vm-phoenix-saber-2hop", 0],
  ])("%s", async (name, platformFeeBps) => {
    const answer = text(name);
    const { inputMint, outputMint, inAmount, otherAmountThreshold } = JSON.parse(answer);
    const { url } = await server((_, response) => response.end(answer));
    const request = { ...wanted, inputMint, outputMint, amount: BigInt(inAmount), platformFeeBps };
    const outcome = await jupiter({ baseUrls: [url] }).quote(request);
    expect(outcome).toMatchObject({
      ...{ kind: "quoted", answer, minimumOut: BigInt(otherAmountThreshold) },
    });
  });

  test("swap-instructions-v1-sol-usdt-2hop", async () => {
    const answer = text("swap-instructions-v1-sol-usdt-2hop");
    const { url } = await server((_, response) => response.end(answer));
    const outcome = await jupiter({ baseUrls: [url] }).instructions(asked(ODD));
    if (outcome.kind !== "instructions") throw new Error(outcome.message);
    const read = JSON.parse(answer);
    expect(outcome.setup).toHaveLength(4);
    expect(outcome.swap.accounts).toHaveLength(41);
    expect(Buffer.from(outcome.swap.data).toString("base64")).toBe(read.swapInstruction.data);
    expect(outcome.swap.accounts[2]).toEqual({
      ...{ address: WALLET, isSigner: true, isWritable: false },
    });
    expect(outcome.lookupTables).toEqual(read.addressLookupTableAddresses);
    expect(outcome.cleanup?.programId).toBe(read.cleanupInstruction.programId);
    expect(outcome.answer).toBe(answer);
  });
});
