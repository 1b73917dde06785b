/** The Jupiter adapter against strange servers, and against recorded answers of the real one. */
import { readFile } from "node:fs/promises";
import type { IncomingMessage, RequestListener } from "node:http";
import { afterEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { createJupiterQuotes, type JupiterOptions } from "../../adapters/quotes/jupiter.ts";
import type { Mint } from "../../domain/primitives/ids.ts";
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
function jupiter(options: Partial<JupiterOptions> & Pick<JupiterOptions, "baseUrls">) {
  const clock = createManualClock();
  const quotes = createJupiterQuotes({ clock, timeoutMs: 2_000, retryDelayMs: 1, ...options });
  opened.push(quotes);
  return quotes;
}
const answer = JSON.stringify({
  inputMint: mintOf("SOL"),
  outputMint: mintOf("USDC"),
  inAmount: "1000000000",
  outAmount: "150000000",
  swapMode: "ExactIn",
  priceImpactPct: "1e-7",
  routePlan: [
    {
      swapInfo: {
        ammKey: mintOf("JUP"),
        inputMint: mintOf("SOL"),
        outputMint: mintOf("USDC"),
        inAmount: "1000000000",
        outAmount: "150000000",
      },
    },
  ],
});

describe("the request", () => {
  test("is Jupiter's, with the key and the path of the base URL", async () => {
    const seen: IncomingMessage[] = [];
    const { url } = await server((request, response) => {
      seen.push(request);
      response.end(answer);
    });
    const quotes = jupiter({ baseUrls: [`${url}/swap/v1/`], apiKey: "key-1" });
    expect(await quotes.quote(oneSol())).toMatchObject({ kind: "quoted" });
    const mints = `inputMint=${mintOf("SOL")}&outputMint=${mintOf("USDC")}`;
    expect(seen[0]?.url).toBe(`/swap/v1/quote?${mints}&amount=1000000000&swapMode=ExactIn`);
    expect(seen[0]?.headers["x-api-key"]).toBe("key-1");
  });

  test("wrong base URLs are refused at once, without repeating them", () => {
    for (const url of ["", "ftp://u:secret@h/", "http://u:secret@h/?key=secret", "no url secret"]) {
      expect(() => jupiter({ baseUrls: [url] })).toThrow(/^(?!.*secret).*base URL/);
    }
    expect(() => jupiter({ baseUrls: [] })).toThrow("base URL");
  });
});

describe("secrets", () => {
  test("neither source nor message has them, though the server repeats them", async () => {
    const listener: RequestListener = (request, response) => {
      const { authorization = "", "x-api-key": key } = request.headers;
      const all = `${authorization} ${key} ${request.url}`;
      if (request.url?.startsWith("/path-secret/good")) return response.end(answer);
      response.statusCode = 400;
      response.end(JSON.stringify({ error: all, errorCode: "NOT_SUPPORTED" }));
    };
    const { url } = await server(listener);
    const withUser = url.replace("//", "//user-secret:pass-secret@");
    const told = async (path: string) =>
      jupiter({ baseUrls: [withUser + path], apiKey: "key-secret" }).quote(oneSol());

    const good = await told("/path-secret/good");
    expect(good).toMatchObject({ kind: "quoted", quote: { source: url } });
    const bad = await told("/bad");
    expect(bad).toMatchObject({ kind: "failed", class: "refused" });
    expect(bad).toHaveProperty("message", expect.stringContaining("*** *** /bad/quote"));
    expect(JSON.stringify(bad)).not.toMatch(/secret|dXNlci1zZWNyZXQ6cGFzcy1zZWNyZXQ/);
  });

  test("an unreachable server is named without them", async () => {
    const gone = await startLoopbackServer(() => {});
    await gone.close();
    const withUser = gone.url.replace("//", "//user-secret:pass-secret@");
    const outcome = await jupiter({ baseUrls: [`${withUser}/path-secret`] }).quote(oneSol());
    expect(outcome).toMatchObject({
      class: "unreachable",
      message: `${gone.url}: the connection was refused`,
    });
  });
});

describe("answers of a strange server", () => {
  test("a redirect is not followed", async () => {
    const target = await server((_, response) => response.end(answer));
    const { url } = await server((_, response) => {
      response.writeHead(307, { location: target.url }).end();
    });
    expect(await jupiter({ baseUrls: [url] }).quote(oneSol())).toMatchObject({
      class: "upstream-error",
      message: expect.stringContaining("redirects are not followed"),
    });
    expect(target.requests()).toBe(0);
  });

  test.each<[string, unknown, string]>([
    ["an amount that is missing", { outAmount: undefined }, "outAmount is missing"],
    ["a fraction for an amount", { outAmount: "1.5" }, "outAmount is not a whole number"],
    ["an amount over u64", { outAmount: "18446744073709551616" }, "outAmount is over 2^64 - 1"],
    ["a route that is none", { routePlan: 7 }, "routePlan is not a list"],
    ["a leg that is none", { routePlan: [{}] }, "routePlan.0.swapInfo is missing"],
    ["an impact that is none", { priceImpactPct: "x" }, "priceImpactPct is not a decimal fraction"],
    ["no impact", { priceImpactPct: undefined }, "priceImpactPct is missing"],
  ])("%s is told in plain words", async (_, changes, words) => {
    const body = JSON.stringify(Object.assign(JSON.parse(answer), changes));
    const { url } = await server((_, response) => response.end(body));
    expect(await jupiter({ baseUrls: [url] }).quote(oneSol())).toMatchObject({
      class: "malformed",
      message: `${url}: not a quote: ${words}`,
    });
  });

  test.each<[string, RequestListener, string]>([
    [
      "text that is no JSON",
      (_, response) => response.end("<"),
      "not a quote: the answer is not JSON",
    ],
    ["a list", (_, response) => response.end("[]"), "not a quote: the answer is not an object"],
    ["a closed connection", ({ socket }) => socket.destroy(), "the connection was closed"],
    ["what is not HTTP", ({ socket }) => socket.end("hello\r\n\r\n"), "the answer was not HTTP"],
  ])("%s is told in plain words", async (_, listener, words) => {
    const { url } = await server(listener);
    const outcome = await jupiter({ baseUrls: [url] }).quote(oneSol());
    expect(outcome).toHaveProperty("message", `${url}: ${words}`);
  });

  test("an endless body is cut off", async () => {
    let sent = 0;
    const { url } = await server((_, response) => {
      const more = () => {
        sent += 65_536;
        if (!response.destroyed) response.write("x".repeat(65_536), more);
      };
      response.writeHead(200);
      more();
    });
    const outcome = await jupiter({ baseUrls: [url] }).quote(oneSol());
    expect(outcome).toMatchObject({
      class: "malformed",
      message: expect.stringContaining("large"),
    });
    expect(sent).toBeLessThan(64 * 1024 * 1024);
  });

  test("a body that stops is a timeout, not a wait for ever", async () => {
    const { url } = await server((_, response) => {
      response.writeHead(200);
      response.write(answer.slice(0, 20));
    });
    const outcome = await jupiter({ baseUrls: [url], timeoutMs: 100 }).quote(oneSol());
    expect(outcome).toMatchObject({ class: "timeout" });
  });

  test("words for people are cleaned and cut", async () => {
    const { url } = await server((_, response) => {
      response.statusCode = 400;
      const error = `\u001b[31mred\n\ud800${"x".repeat(5_000)}`;
      response.end(JSON.stringify({ error, errorCode: "NO_ROUTES_FOUND" }));
    });
    const outcome = await jupiter({ baseUrls: [url] }).quote(oneSol());
    expect(outcome).toMatchObject({ class: "no-route" });
    if (outcome.kind === "failed") {
      expect(outcome.message.length).toBeLessThan(400);
      expect(outcome.message).toMatch(/^[ -~\ufffd]*$/);
    }
  });

  test("a quote of nothing is no route", async () => {
    const { url } = await server((_, response) =>
      response.end(answer.replaceAll("150000000", "0").replace('"0000"', '"0"')),
    );
    const outcome = await jupiter({ baseUrls: [url] }).quote(oneSol());
    expect(outcome).toMatchObject({ class: "no-route" });
  });
});

describe("limits", () => {
  test("no more calls at a time than allowed, and a full line turns away", async () => {
    const open: (() => void)[] = [];
    const { url, requests } = await server((_, response) => {
      open.push(() => response.end(answer));
    });
    const quotes = jupiter({ baseUrls: [url], maxConcurrent: 2, maxWaiting: 1 });
    const asked = [1, 2, 3, 4].map(() => quotes.quote(oneSol()));
    expect(await asked[3]).toMatchObject({ class: "rate-limited" });
    await expect.poll(requests).toBe(2);
    for (const answered of open.splice(0)) answered();
    await expect.poll(requests).toBe(3);
    for (const answered of open.splice(0)) answered();
    const outcomes = await Promise.all(asked.slice(0, 3));
    expect(outcomes.map(({ kind }) => kind)).toEqual(["quoted", "quoted", "quoted"]);
  });

  test("all attempts together keep to the total time", async () => {
    const clock = createManualClock();
    const { url, requests } = await server((_, response) => {
      clock.advanceMs(3_000);
      response.writeHead(500).end();
    });
    const [a, b] = [`${url}/a`, `${url}/b`];
    const quotes = jupiter({ baseUrls: [a, b], clock, totalTimeoutMs: 4_000 });
    expect(await quotes.quote(oneSol())).toMatchObject({ class: "timeout" });
    expect(requests()).toBe(2);
  });

  test("a server that failed is asked last for a while, then first again", async () => {
    let healthy = false;
    const clock = createManualClock();
    const first = await server((_, response) => {
      response.statusCode = healthy ? 200 : 500;
      response.end(answer);
    });
    const second = await server((_, response) => response.end(answer));
    const quotes = jupiter({ baseUrls: [first.url, second.url], clock });
    await quotes.quote(oneSol());
    await quotes.quote(oneSol());
    expect([first.requests(), second.requests()]).toEqual([1, 2]);
    healthy = true;
    clock.advanceMs(5_001);
    const outcome = await quotes.quote(oneSol());
    expect(outcome).toMatchObject({ kind: "quoted", quote: { source: first.url } });
  });
});

describe("recorded answers of Jupiter", () => {
  const names = [
    "quote-v1-sol-cash-2hop",
    "quote-v1-sol-usdc-platform-fee",
    "quote-v1-sol-usdt-2hop",
    "quote-v6-sol-e2vm-phoenix-saber-2hop",
  ];
  const expectations = z.object({
    files: z.record(
      z.string(),
      z.looseObject({
        inputMint: z.string().optional(),
        outputMint: z.string().optional(),
        inAmount: z.coerce.bigint().optional(),
        outAmount: z.coerce.bigint().optional(),
        hops: z.number().optional(),
        priceImpactPct: z.string().optional(),
        contextSlot: z.number().optional(),
      }),
    ),
  });

  test.skipIf(!hasRealData("jupiter")).each(names)("%s", async (name) => {
    const text = await readFile(realDataPath(`jupiter/${name}.json`), "utf8");
    const all = expectations.parse(
      JSON.parse(await readFile(realDataPath("expected.json"), "utf8")),
    );
    const expected = all.files[`jupiter/${name}.json`];
    if (!expected) throw new Error("no expectation");
    const { url } = await server((_, response) => response.end(text));
    const outcome = await jupiter({ baseUrls: [url] }).quote({
      inputMint: expected.inputMint as Mint,
      outputMint: expected.outputMint as Mint,
      amount: expected.inAmount ?? 0n,
    });
    expect(outcome).toMatchObject({
      kind: "quoted",
      quote: {
        inAmount: expected.inAmount,
        outAmount: expected.outAmount,
        priceImpact: expected.priceImpactPct,
        contextSlot: String(expected.contextSlot),
        route: { length: expected.hops },
      },
    });
  });
});
