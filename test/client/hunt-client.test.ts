/** HuntClient before an engine that can be cut off, refuse, and be slow. */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type Frame, HuntClient, HuntProblem, type Socket } from "../../client/src/index.ts";
import type { PlayerEvent, Result } from "../../src/contract/play.ts";

const DAY = 86_400;
const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
const tokenOf = (sub: string, name = "", days = 2): string => {
  const now = Math.floor(Date.now() / 1_000);
  return `h.${part({ sub, name, iat: now, exp: now + days * DAY })}.s`;
};

type Reply = { status?: number; body?: unknown; headers?: Record<string, string>; text?: string };

/** An engine: what it recorded, what it was asked, and what it does next instead of what it should. */
function engineOf() {
  const engine = {
    recorded: new Map<string, { event: PlayerEvent; result: Result }>(),
    calls: [] as {
      method: string;
      path: string;
      token: string | undefined;
      headers: Record<string, string>;
    }[],
    /** "down": nothing comes back; "lost": it is done, and the response is lost. */
    next: [] as ("down" | "lost" | Reply)[],
    down: false,
    good: (token: string | undefined): boolean => token !== undefined,
    fetch: (
      address: string,
      init: { method: string; headers: Record<string, string>; body?: string; signal: AbortSignal },
    ): Promise<Response> => ask(address, init),
  };
  const problem = (status: number, code: string, headers = {}): Reply => ({
    status,
    headers: { "content-type": "application/problem+json", ...headers },
    body: { type: "urn:x", title: "x", status, code, detail: `it is ${code}`, requestId: "r" },
  });
  const replyTo = (method: string, path: string, token: string | undefined, json: unknown): Reply => {
    const player = { id: "p-1", name: "Ada" };
    const team = { id: "t-1", name: "Owls" };
    if (path === "/players") {
      return { status: 201, body: { player, team, token: tokenOf("p-1"), returnCode: "RC" } };
    }
    if (path === "/sessions") {
      const { returnCode } = json as { returnCode: string };
      if (returnCode !== "RC") return problem(404, "not_found");
      return { status: 201, body: { player, team, token: tokenOf("p-1", "back"), returnCode } };
    }
    if (path.startsWith("/leaderboard")) {
      return { body: { hunt: "h", asOf: "", frozen: false, total: 0, entries: [] } };
    }
    if (path === "/sessions/renew") {
      if (token?.includes(part({ void: true }))) return problem(401, "unauthenticated");
      return { body: { token: tokenOf("p-1", "renewed"), expiresAt: "" } };
    }
    if (!engine.good(token)) return problem(401, "unauthenticated");
    if (path === "/me") return { body: { player, team } };
    if (path === "/tickets") return { body: { ticket: `t${engine.calls.length}`, expiresAt: "" } };
    if (path === "/events" && method === "POST") {
      const { events } = json as { events: PlayerEvent[] };
      const results = events.map((event): Result => {
        const known = engine.recorded.get(event.id);
        if (known) return { ...known.result, duplicate: true };
        const result: Result = { id: event.id, outcome: "correct", seq: engine.recorded.size + 1 };
        engine.recorded.set(event.id, { event, result });
        return result;
      });
      return { body: { results, asOf: "" } };
    }
    return problem(404, "not_found");
  };
  const ask: typeof engine.fetch = async (address, { method, headers, body, signal }) => {
    const url = new URL(address);
    const path = url.pathname.replace("/v1/hunts/h", "") + url.search;
    const token = headers.authorization?.replace("Bearer ", "");
    engine.calls.push({ method, path, token, headers });
    await Promise.resolve();
    if (signal.aborted) throw signal.reason;
    const next = engine.next.shift() ?? (engine.down ? "down" : undefined);
    if (next === "down") throw new TypeError("fetch failed");
    const reply =
      next === undefined || next === "lost" ? replyTo(method, path, token, body && JSON.parse(body)) : next;
    if (next === "lost") throw new TypeError("connection reset");
    const text = reply.text ?? JSON.stringify(reply.body);
    return new Response(text, {
      status: reply.status ?? 200,
      headers: { "content-type": "application/json", ...reply.headers },
    });
  };
  return Object.assign(engine, { problem });
}

let clients: HuntClient[];
const make = (
  engine: ReturnType<typeof engineOf>,
  options: Partial<ConstructorParameters<typeof HuntClient>[0]> = {},
): HuntClient => {
  const client = new HuntClient({ url: "https://hunt.example", hunt: "h", fetch: engine.fetch, ...options });
  clients.push(client);
  return client;
};

beforeEach(() => {
  clients = [];
  vi.useFakeTimers();
});
afterEach(() => {
  for (const client of clients) client.close();
  vi.useRealTimers();
});

/** Lets time pass until it has come to something. */
async function inTime<Value>(promise: Promise<Value>): Promise<Value> {
  let done = false;
  const ends = (): void => {
    done = true;
  };
  promise.then(ends, ends);
  for (let turn = 0; turn < 2_000 && !done; turn += 1) await vi.advanceTimersByTimeAsync(250);
  return promise;
}

const answer = (id?: string) =>
  ({ ...(id === undefined ? {} : { id }), type: "answer", clue: "c", answer: "a" }) as const;

describe("[LIB-3] joining and coming back", () => {
  test("a joining whose response is lost is sent again under its key, and the token is kept", async () => {
    const engine = engineOf();
    engine.next = ["lost", { status: 502, text: "<html>", headers: { "content-type": "text/html" } }];
    const storage = new Map<string, string>();
    const client = make(engine, { storage });
    const joined = await inTime(client.join({ name: "Ada" }));
    expect(joined).toEqual({
      player: { id: "p-1", name: "Ada" },
      team: { id: "t-1", name: "Owls" },
      returnCode: "RC",
    });
    expect(engine.calls).toHaveLength(3);
    expect(new Set(engine.calls.map(({ headers }) => headers["idempotency-key"])).size).toBe(1);
    expect((await client.me()).player.id).toBe("p-1");
    expect(client.token).toBe(engine.calls.at(-1)?.token);
    expect((await make(engine, { storage }).me()).player.id).toBe("p-1");
  });

  test("a refusal is thrown with its problem document", async () => {
    const engine = engineOf();
    const error = await make(engine)
      .return("no such")
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(HuntProblem);
    expect(error).toMatchObject({
      status: 404,
      code: "not_found",
      document: { requestId: "r" },
      retryable: false,
    });
    await expect(make(engine).me()).rejects.toMatchObject({ status: 401 });
    await expect(make(engine).play([answer()])).rejects.toMatchObject({ status: 401 });
  });

  test("a call that is no play is tried four times, and not when the engine asks for a long pause", async () => {
    const engine = engineOf();
    engine.down = true;
    await expect(inTime(make(engine).leaderboard())).rejects.toMatchObject({ status: 0, code: "offline" });
    expect(engine.calls).toHaveLength(4);
    engine.next = [engine.problem(429, "rate_limited", { "retry-after": "60" })];
    await expect(make(engine).leaderboard({ limit: 5, around: "t-1" })).rejects.toMatchObject({
      retryAfter: 60,
    });
    expect(engine.calls.at(-1)?.path).toBe("/leaderboard?limit=5&around=t-1");
  });

  test("a token that ends soon is renewed before, a refused one after the call; a void one is told", async () => {
    const engine = engineOf();
    const soon = tokenOf("p-1", "old", 0);
    await make(engine, { token: soon }).me();
    expect(engine.calls.map(({ path }) => path)).toEqual(["/sessions/renew", "/me"]);
    expect(engine.calls.at(-1)?.token).not.toBe(soon);
    const refused = tokenOf("p-1", "refused");
    engine.good = (token) => token !== refused;
    engine.calls.length = 0;
    await make(engine, { token: refused }).me();
    expect(engine.calls.map(({ path }) => path)).toEqual(["/me", "/sessions/renew", "/me"]);
    await expect(make(engine, { token: `h.${part({ void: true })}.s` }).me()).resolves.toBeDefined();
    engine.good = () => false;
    await expect(make(engine, { token: `h.${part({ void: true })}.s` }).me()).rejects.toMatchObject({
      status: 401,
    });
  });
});

describe("[LIB-4] playing", () => {
  test("keeps trying through an outage under the same ids, and gives the results in order", async () => {
    const engine = engineOf();
    const client = make(engine);
    await client.join({ name: "Ada" });
    engine.next = ["down", "lost", engine.problem(503, "overloaded", { "retry-after": "7" }), "down", "down"];
    const results = await inTime(client.play([answer("b"), answer("a")]));
    expect(results.map(({ id, duplicate }) => [id, duplicate])).toEqual([
      ["b", true],
      ["a", true],
    ]);
    expect([...engine.recorded.keys()]).toEqual(["b", "a"]);
  });

  test("waits as long as the engine asks", async () => {
    const engine = engineOf();
    const client = make(engine);
    await client.join({ name: "Ada" });
    engine.next = [engine.problem(503, "overloaded", { "retry-after": "7" })];
    const played = client.play([answer()]);
    await vi.advanceTimersByTimeAsync(6_900);
    client.wake();
    await vi.advanceTimersByTimeAsync(0);
    expect(engine.recorded.size).toBe(0);
    expect(await inTime(played)).toMatchObject([{ outcome: "correct" }]);
  });

  test("an event without an id gets one and its time; one with an id stays as it is", async () => {
    const engine = engineOf();
    const client = make(engine);
    await client.join({ name: "Ada" });
    await client.play([answer(), answer("mine")]);
    const [first, second] = [...engine.recorded.values()].map(({ event }) => event);
    expect(first?.id).toMatch(/^[0-9a-f-]{36}$/);
    expect(first?.at).toBe(new Date().toISOString());
    expect(second).toEqual({ id: "mine", type: "answer", clue: "c", answer: "a" });
  });

  test("a reload goes on: what has no result is in the storage, and is sent by the next client", async () => {
    const engine = engineOf();
    const storage = new Map<string, string>();
    const first = make(engine, { storage });
    await first.join({ name: "Ada" });
    engine.down = true;
    const lost = first.play([answer("a"), answer("b")]);
    await vi.advanceTimersByTimeAsync(1_000);
    first.close();
    await expect(lost).rejects.toThrow("closed");
    engine.down = false;
    const told: Result[] = [];
    const next = make(engine, { storage, onResult: (result) => told.push(result) });
    // Whoever plays an event again that waits gets its result.
    const [again] = await inTime(next.play([answer("b")]));
    expect(again).toMatchObject({ id: "b", outcome: "correct" });
    expect(told.map(({ id }) => id)).toEqual(["a", "b"]);
    expect([...engine.recorded.keys()]).toEqual(["a", "b"]);
    expect([...storage.keys()].filter((key) => key.includes("outbox"))).toEqual([]);
  });

  test("the signal ends it: rejected with its reason, and never sent again", async () => {
    const engine = engineOf();
    const storage = new Map<string, string>();
    const client = make(engine, { storage });
    await client.join({ name: "Ada" });
    engine.down = true;
    const stop = new AbortController();
    const played = client.play([answer("a")], { signal: stop.signal });
    const other = client.play([answer("b")]);
    await vi.advanceTimersByTimeAsync(5_000);
    stop.abort(new Error("enough"));
    await expect(played).rejects.toThrow("enough");
    await expect(client.play([answer()], { signal: stop.signal })).rejects.toThrow("enough");
    engine.down = false;
    await inTime(other);
    expect([...engine.recorded.keys()]).toEqual(["b"]);
    expect([...storage.keys()].filter((key) => key.includes("outbox"))).toEqual([]);
  });

  test("a player who is refused is told; the events wait until the player is back", async () => {
    const engine = engineOf();
    const told: string[] = [];
    const client = make(engine, { onResult: ({ id }) => told.push(id) });
    await client.join({ name: "Ada" });
    const good = engine.good;
    engine.good = () => false;
    await expect(client.play([answer("a")])).rejects.toMatchObject({ status: 401 });
    engine.good = good;
    await client.return("RC");
    await vi.advanceTimersByTimeAsync(100);
    expect(told).toEqual(["a"]);
  });

  test("what waits for one player is not sent by another", async () => {
    const engine = engineOf();
    const storage = new Map<string, string>();
    const first = make(engine, { storage, token: tokenOf("p-2") });
    engine.down = true;
    void first.play([answer("a")]).catch(() => undefined);
    await vi.advanceTimersByTimeAsync(100);
    first.close();
    engine.down = false;
    const other = make(engine, { storage, token: tokenOf("p-3") });
    await other.play([answer("b")]);
    expect([...engine.recorded.keys()]).toEqual(["b"]);
    expect([...storage.keys()]).toContain("treasure-hunt/h/outbox/p-2");
  });

  test("ids are the caller's to keep apart, and a thousand events wait at most", async () => {
    const engine = engineOf();
    const client = make(engine);
    await client.join({ name: "Ada" });
    await expect(client.play([answer("a"), answer("a")])).rejects.toThrow(TypeError);
    engine.down = true;
    void client.play([answer("a")]).catch(() => undefined);
    await vi.advanceTimersByTimeAsync(0);
    await expect(client.play([{ ...answer("a"), answer: "other" }])).rejects.toThrow(TypeError);
    const many = Array.from({ length: 1_000 }, () => answer());
    await expect(client.play(many)).rejects.toThrow(RangeError);
  });

  test("a storage that keeps nothing is told, and nothing is sent", async () => {
    const engine = engineOf();
    const full = { get: () => null, set: () => Promise.reject(new Error("full")), delete: () => undefined };
    const client = make(engine, { storage: full, token: tokenOf("p-1") });
    await expect(client.play([answer("a")])).rejects.toThrow("full");
    expect(engine.recorded.size).toBe(0);
  });
});

/** Sockets as the platform makes them; each is opened, fed and closed by hand. */
function socketsOf() {
  const made: Fake[] = [];
  class Fake implements Socket {
    readyState = 0;
    readonly sent: string[] = [];
    readonly #heard = new Map<string, ((event: object) => void)[]>();
    readonly address: string;
    constructor(address: string) {
      this.address = address;
      made.push(this);
    }
    addEventListener(type: string, listener: (event: object) => void): void {
      this.#heard.set(type, [...(this.#heard.get(type) ?? []), listener]);
    }
    send(text: string): void {
      this.sent.push(text);
    }
    close(): void {
      this.readyState = 3;
    }
    #tell(type: string, event: object): void {
      for (const listener of this.#heard.get(type) ?? []) listener(event);
    }
    opens(): void {
      this.readyState = 1;
      this.#tell("open", {});
    }
    says(frame: object): void {
      this.#tell("message", { data: JSON.stringify(frame) });
    }
    ends(code = 1006): void {
      this.readyState = 3;
      this.#tell("close", { code });
    }
  }
  return { made, Fake };
}

describe("[LIB-5] subscribing", () => {
  test("a spectator hears every frame, comes back by its position, and ends by the function it got", async () => {
    const engine = engineOf();
    const { made, Fake } = socketsOf();
    const client = make(engine, { WebSocket: Fake });
    const heard: Frame[] = [];
    const states: boolean[] = [];
    const end = client.subscribe((frame) => heard.push(frame), { state: (open) => states.push(open) });
    await vi.advanceTimersByTimeAsync(0);
    expect(made[0]?.address).toBe("wss://hunt.example/v1/hunts/h/live");
    made[0]?.opens();
    made[0]?.says({ phase: "live" });
    made[0]?.says({ ping: 1 });
    made[0]?.says({ leaderboard: { position: "k.1", entries: [] } });
    expect(made[0]?.sent).toEqual(['{"ping":true}']);
    expect(heard.map((frame) => Object.keys(frame))).toEqual([["phase"], ["leaderboard"]]);
    made[0]?.ends();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(made[1]?.address).toBe("wss://hunt.example/v1/hunts/h/live?since=k.1");
    made[1]?.opens();
    expect(states).toEqual([true, false, true]);
    end();
    made[1]?.says({ phase: "paused" });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(made).toHaveLength(2);
    expect(made[1]?.readyState).toBe(3);
    expect(heard).toHaveLength(2);
  });

  test("a player comes with a ticket, another one each time, and after joining the spectator is a player", async () => {
    const engine = engineOf();
    const { made, Fake } = socketsOf();
    const client = make(engine, { WebSocket: Fake });
    client.subscribe(() => undefined);
    await vi.advanceTimersByTimeAsync(0);
    await client.join({ name: "Ada" });
    await vi.advanceTimersByTimeAsync(0);
    expect(made[0]?.readyState).toBe(3);
    expect(made[1]?.address).toMatch(/live\?ticket=t\d+$/);
    made[1]?.opens();
    made[1]?.ends();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(made[2]?.address).toMatch(/live\?ticket=t\d+$/);
    expect(made[2]?.address).not.toBe(made[1]?.address);
  });

  test("a silent network is given up after 50 s; a deleted hunt and a void token end it", async () => {
    const engine = engineOf();
    const { made, Fake } = socketsOf();
    const ended: unknown[] = [];
    make(engine, { WebSocket: Fake }).subscribe(() => undefined, { ended: (why) => ended.push(why.code) });
    await vi.advanceTimersByTimeAsync(0);
    made[0]?.opens();
    await vi.advanceTimersByTimeAsync(61_000);
    expect(made.length).toBeGreaterThan(1);
    made.at(-1)?.ends(4_404);
    expect(ended).toEqual(["not_found"]);
    engine.good = () => false;
    const out = make(engine, { WebSocket: Fake, token: `h.${part({ void: true })}.s` });
    const before = made.length;
    out.subscribe(() => undefined, { ended: (why) => ended.push(why.code) });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(ended).toEqual(["not_found", "unauthenticated"]);
    expect(made).toHaveLength(before);
  });

  test("where there is no WebSocket it says what to do", () => {
    vi.stubGlobal("WebSocket", undefined);
    try {
      expect(() => make(engineOf()).subscribe(() => undefined)).toThrow("`ws`");
    } finally {
      vi.unstubAllGlobals();
    }
  });
});
