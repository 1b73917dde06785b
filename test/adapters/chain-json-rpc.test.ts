/** The thin JSON-RPC client against servers that answer what no well-behaved one does. */
import type { RequestListener, ServerResponse } from "node:http";
import { createServer, type Socket } from "node:net";
import { text as readAll } from "node:stream/consumers";
import { afterEach, describe, expect, test } from "vitest";
import { createJsonRpc, type JsonRpcOptions } from "../../adapters/chain/json-rpc.ts";
import { startLoopbackServer } from "../support/loopback-server.ts";
import { createManualClock } from "../support/manual-clock.ts";

const opened: { close(): unknown }[] = [];
afterEach(async () => {
  for (const each of opened.splice(0)) await each.close();
});

function client(url: string, options: Partial<JsonRpcOptions> = {}) {
  const rpc = createJsonRpc({ url, timeoutMs: 2_000, clock: createManualClock(), ...options });
  opened.push(rpc);
  return rpc;
}
async function server(listener: RequestListener) {
  const started = await startLoopbackServer(listener);
  opened.push(started);
  return started;
}
const ask = { method: "getSlot", params: [], isRepeatable: true };

/** A server that answers the body made from the request's id. */
const answering = (make: (id: number) => string, status = 200) =>
  server(async (request, response) => {
    const { id }: { id: number } = JSON.parse(await readAll(request));
    response.statusCode = status;
    response.end(make(id));
  });
const result = (value: string) =>
  answering((id) => `{"jsonrpc":"2.0","result":${value},"id":${id}}`);

/** A server below HTTP: what it writes is all that the client gets. */
async function rawServer(onRequest: (socket: Socket, id: string) => void) {
  let count = 0;
  const sockets = new Set<Socket>();
  const started = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    // Head and body come together: they are short.
    socket.on("data", (data) => {
      count += 1;
      onRequest(socket, /"id":(\d+)/.exec(String(data))?.[1] ?? "");
    });
  });
  await new Promise<void>((resolve) => started.listen(0, "127.0.0.1", resolve));
  opened.push({
    close() {
      for (const socket of sockets) socket.destroy();
      started.close();
    },
  });
  const address = started.address();
  const port = typeof address === "object" && address ? address.port : 0;
  return { url: `http://127.0.0.1:${port}`, requests: () => count };
}

describe("the request", () => {
  test("is one POST to the URL's path and query, with the call's own appended", async () => {
    const seen: { url?: string; body: unknown; auth?: string; key?: unknown }[] = [];
    const { url } = await server(async (request, response) => {
      const body: { id: number } = JSON.parse(await readAll(request));
      const { authorization: auth = "", "x-key": key } = request.headers;
      seen.push({ url: request.url ?? "", body, auth, key });
      response.end(JSON.stringify({ jsonrpc: "2.0", result: 7, id: body.id }));
    });
    const withUser = url.replace("//", "//me:pass@");
    const rpc = client(`${withUser}/v2/KEY/?api-key=K`, { headers: { "x-key": "abc" } });
    expect(await rpc.call(ask)).toMatchObject({ kind: "result", result: 7 });
    await rpc.call({ ...ask, path: "/api/v1/transactions?bundleOnly=true" });
    const auth = `Basic ${Buffer.from("me:pass").toString("base64")}`;
    expect(seen).toEqual([
      {
        ...{ url: "/v2/KEY?api-key=K", auth, key: "abc" },
        body: { jsonrpc: "2.0", id: 1, method: "getSlot", params: [] },
      },
      {
        ...{ url: "/v2/KEY/api/v1/transactions?api-key=K&bundleOnly=true", auth, key: "abc" },
        body: { jsonrpc: "2.0", id: 2, method: "getSlot", params: [] },
      },
    ]);
    expect(rpc.name).toBe(url);
  });

  test("a URL that is none is refused without being repeated", () => {
    for (const url of ["", "secret", "ftp://u:secret@h/", "http://h/#secret"]) {
      expect(() => client(url)).toThrow(/^(?!.*secret).*URL/);
    }
  });

  test.each([
    ["http://127.0.0.1:8899/a", "http://localhost:8899/b"],
    ["https://rpc.example", "https://rpc.example.:443/?api-key=k"],
    ["http://RPC.example/", "http://u:p@rpc.example:80"],
  ])("%s and %s are one server", (one, other) => {
    expect(client(one).peer).toBe(client(other).peer);
  });

  test.each([
    ["http://rpc.example", "https://rpc.example"],
    ["http://127.0.0.1:8899", "http://127.0.0.1:8901"],
  ])("%s and %s are two", (one, other) => {
    expect(client(one).peer).not.toBe(client(other).peer);
  });
});

describe("numbers", () => {
  test("integers that a number cannot hold come as their digits, others as numbers", async () => {
    const { url } = await result(
      '{"big":18446744073709551615,"exact":9007199254740991,"next":[9007199254740993],"low":-9007199254740993,"text":": 12345678901234567","half":1234567890123456.5}',
    );
    expect(await client(url).call(ask)).toMatchObject({
      result: {
        big: "18446744073709551615",
        exact: 9_007_199_254_740_991,
        next: ["9007199254740993"],
        low: "-9007199254740993",
        text: ": 12345678901234567",
        half: 1_234_567_890_123_456.5,
      },
    });
  });
});

describe("answers that are none", () => {
  const half = (response: ServerResponse) => {
    response.writeHead(200, { "content-length": 100 });
    response.write('{"jsonrpc"', () => response.destroy());
  };

  test.each<[string, (id: number) => string, string]>([
    ["nothing", () => "", "not JSON"],
    ["a page", () => "<html>", "not JSON"],
    ["half a text", (id) => `{"jsonrpc":"2.0","result":1,"id":${id}`, "not JSON"],
    ["a list", (id) => `[{"jsonrpc":"2.0","result":1,"id":${id}}]`, "no JSON-RPC object"],
    ["null", () => "null", "no JSON-RPC object"],
    ["another id", (id) => `{"jsonrpc":"2.0","result":1,"id":${id + 1}}`, "another request"],
    ["no id", () => '{"jsonrpc":"2.0","result":1}', "another request"],
    ["neither", (id) => `{"jsonrpc":"2.0","id":${id}}`, "neither result nor error"],
    ["an error without code", (id) => `{"error":{"message":"x"},"id":${id}}`, "no code"],
    ["an error of another", (id) => `{"error":{"code":1},"id":${id + 1}}`, "another id"],
  ])("%s is malformed", async (_, make, message) => {
    const { url } = await answering(make);
    expect(await client(url).call(ask)).toMatchObject({
      ...{ kind: "failed", class: "malformed", message: expect.stringContaining(message) },
    });
  });

  test("half an answer is malformed, whoever ends it", async () => {
    const cut = await server((_, response) => half(response));
    expect(await client(cut.url).call(ask)).toMatchObject({
      ...{ class: "malformed", message: "the answer broke off" },
    });
    expect(cut.requests()).toBe(1);
    const ended = await rawServer((socket) => {
      socket.end("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{");
    });
    expect(await client(ended.url).call(ask)).toMatchObject({ class: "malformed" });
  });

  test("what is no HTTP is malformed", async () => {
    const { url } = await rawServer((socket) => socket.end("220 mail ready\r\n"));
    expect(await client(url).call(ask)).toMatchObject({
      ...{ class: "malformed", message: "the answer was not HTTP" },
    });
  });

  test("more than the limit is malformed, and not read to its end", async () => {
    const { url } = await server((_, response) => {
      response.write("[");
      const more = () => {
        while (!response.destroyed && response.write(" ".repeat(10_000)));
      };
      response.on("drain", more);
      more();
    });
    expect(await client(url, { maxBodyBytes: 50_000 }).call(ask)).toMatchObject({
      ...{ class: "malformed", message: "the answer has more than 50000 bytes" },
    });
  });
});

describe("refusals", () => {
  test.each<[number, string, string]>([
    [429, "", "rate-limited"],
    [401, "", "refused"],
    [403, "<html>", "refused"],
    [404, "", "refused"],
    [302, "", "refused"],
    [408, "", "timeout"],
    [504, "", "timeout"],
    [500, "", "unreachable"],
    [503, '{"error":{"code":-32602,"message":"no"}}', "unreachable"],
    [400, '{"error":{"code":-32602,"message":"no"}}', "refused"],
    [400, '{"error":{"code":-32005,"message":"Node is behind by 9 slots"}}', "behind"],
  ])("HTTP %i %s is %s", async (status, body, kind) => {
    const { url } = await answering(() => body, status);
    const outcome = await client(url).call(ask);
    expect(outcome).toMatchObject({ kind: "failed", class: kind });
    expect(outcome).toHaveProperty("message", expect.stringContaining(`HTTP ${status}`));
  });

  test.each<[number, string, string]>([
    [-32_016, "Minimum context slot has not been reached", "behind"],
    [-32_005, "Node is unhealthy", "behind"],
    [-32_004, "Block not available for slot 9", "behind"],
    [-32_014, "Block status not yet available", "behind"],
    [-32_429, "slow down", "rate-limited"],
    [429, "Too many requests for a specific RPC call", "rate-limited"],
    [-32_005, "daily request count exceeded, request rate limited", "rate-limited"],
    [-32_602, "Invalid params", "refused"],
    [-32_011, "Transaction history is not available from this node", "refused"],
    [-32_603, "Internal error", "refused"],
  ])("error %i %s is %s", async (code, message, kind) => {
    const error = JSON.stringify({ code, message });
    const { url } = await answering((id) => `{"jsonrpc":"2.0","error":${error},"id":${id}}`);
    const outcome = await client(url).call(ask);
    expect(outcome).toEqual({
      ...{ kind: "failed", class: kind, message: `error ${code}: ${message}` },
      ...{ retryAfterMs: undefined, error: { code, message } },
    });
  });

  test.each<[string, number]>([
    ["2", 2_000],
    ["Thu, 01 Jan 1970 00:00:05 GMT", 5_000],
    ["86400", 60_000],
    ["Thu, 01 Jan 1960 00:00:05 GMT", 0],
  ])("Retry-After %s is %i ms at the epoch", async (header, waitMs) => {
    const { url } = await server((_, response) => {
      response.writeHead(429, { "retry-after": header }).end();
    });
    const clock = { nowUs: () => 0, monotonicUs: () => 0 };
    expect(await client(url, { clock }).call(ask)).toMatchObject({ retryAfterMs: waitMs });
  });
});

describe("time and connections", () => {
  test("no answer, and an answer that never ends, are timeouts", async () => {
    const silent = await server(() => undefined);
    const endless = await server((_, response) => {
      response.writeHead(200, { "content-length": 100 });
      response.write("{");
    });
    for (const { url } of [silent, endless]) {
      expect(await client(url, { timeoutMs: 50 }).call(ask)).toMatchObject({
        ...{ kind: "failed", class: "timeout", message: "no answer in 50 ms" },
      });
    }
  });

  test("nobody there is unreachable, and nothing was sent", async () => {
    const gone = await startLoopbackServer(() => {});
    await gone.close();
    expect(await client(gone.url).call(ask)).toMatchObject({
      ...{ class: "unreachable", message: "the connection was refused", isUnsent: true },
    });
  });

  const answer = 'HTTP/1.1 200 OK\r\nContent-Length: 36\r\n\r\n{"jsonrpc":"2.0","result":1,"id":';
  /** Answers the first request of a connection; the next one finds it closed, as by a server that has just given it up. */
  const forgetful = () => {
    const met = new WeakSet<Socket>();
    return rawServer((socket, id) => {
      if (met.has(socket)) socket.resetAndDestroy();
      else socket.write(`${answer}${id}} `);
      met.add(socket);
    });
  };

  test("an idle connection that was closed meanwhile: asked again, over a new one", async () => {
    const { url, requests } = await forgetful();
    const rpc = client(url);
    // Two at a time, so that two connections are idle.
    await Promise.all([rpc.call(ask), rpc.call(ask)]);
    expect(await rpc.call(ask)).toMatchObject({ kind: "result" });
    expect(requests()).toBe(4);
  });

  test("what may not be repeated is not", async () => {
    const { url, requests } = await forgetful();
    const rpc = client(url);
    expect(await rpc.call(ask)).toMatchObject({ kind: "result" });
    expect(await rpc.call({ ...ask, isRepeatable: false })).toMatchObject({
      ...{ kind: "failed", class: "unreachable", isUnsent: false },
    });
    expect(requests()).toBe(2);
  });

  test("a new connection that breaks is not tried again", async () => {
    const { url, requests } = await rawServer((socket) => socket.resetAndDestroy());
    expect(await client(url).call(ask)).toMatchObject({ class: "unreachable" });
    expect(requests()).toBe(1);
  });

  test("closing ends what is under way and what comes", async () => {
    const { url } = await server(() => rpc.close());
    const rpc = client(url);
    const closed = { kind: "failed", class: "unreachable" };
    expect(await rpc.call(ask)).toMatchObject(closed);
    expect(await rpc.call(ask)).toMatchObject(closed);
  });
});

describe("secrets", () => {
  test("no failure has them, though the server repeats everything", async () => {
    const { url } = await server(async (request, response) => {
      const { id }: { id: number } = JSON.parse(await readAll(request));
      const message = `${request.url} ${JSON.stringify(request.headers)}`;
      response.end(JSON.stringify({ jsonrpc: "2.0", error: { code: -32_000, message }, id }));
    });
    const secret = `${url.replace("//", "//user-secret:pass%2Fsecret@")}/v2/path-secret?key=query%20secret`;
    const outcome = await client(secret, { headers: { "x-jito-auth": "head-secret" } }).call(ask);
    if (outcome.kind !== "failed") throw new Error("it must fail");
    expect(outcome.message).toContain("/v2/***");
    const basic = Buffer.from("user-secret:pass/secret").toString("base64");
    expect(outcome.message).not.toMatch(/secret/);
    expect(outcome.message).not.toContain(basic);
  });
});
