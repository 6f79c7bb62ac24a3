/** Looks at `/me`: ETags, what changed since one, and long texts apart. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Engine, startEngine } from "../../scripts/local/engine.ts";
import type { Me, MeApart, MeChanges, TextAt } from "../../src/contract/me.ts";
import { textsOf, wholeOf, withTexts } from "../../src/web/player/looked.ts";
import { type Answer, Client, expectProblem, type Player } from "./client.ts";

const LONG = "Lanterns along the quay. ".repeat(780);
const CLUES = 75;

/** Clues of 19.5 kB each that are open, one that a solve opens, and one that is short. */
const longHunt = (count = CLUES): object => ({
  format: 1,
  title: "Long",
  teams: { mode: "teams", maxSize: 3 },
  attempts: { burst: 2, refillPerMinute: 1, perClue: 0 },
  rounds: [{ id: "one", title: "One" }],
  clues: [
    ...Array.from({ length: count }, (_, index) => ({
      id: `c${index}`,
      round: "one",
      title: `C${index}`,
      body: `${index} ${LONG}`,
      kind: "answer",
      answers: ["right"],
      points: 10,
      ...(index === 2 ? { hints: [{ id: "h", text: `Hint ${LONG}`, cost: 0 }] } : {}),
    })),
    {
      id: "locked",
      round: "one",
      title: "Locked",
      body: `Locked ${LONG}`,
      kind: "answer",
      answers: ["right"],
      points: 10,
      opens: { solved: "c0" },
    },
    {
      id: "after",
      round: "one",
      title: "After",
      body: "Short.",
      kind: "answer",
      answers: ["right"],
      points: 10,
      opens: { solved: "c1" },
    },
  ],
});

let engine: Engine;
let client: Client;

beforeAll(async () => {
  engine = await startEngine({ vars: { RATE_LIMITS: "off" }, log: () => undefined });
  client = await Client.of(engine);
  await client.publish("long", longHunt());
  await client.publish("other", longHunt(2));
});
afterAll(() => engine?.stop());

/** Whatever was asked for: the tests know which it is. */
type Look = Answer<Omit<Me, "clues"> & Pick<MeApart, "clues"> & Partial<MeChanges>>;

const look = (player: Player, query = "", headers: Record<string, string> = {}): Promise<Look> =>
  client.call("GET", `/v1/hunts/${player.hunt}/me${query}`, { token: player.token, headers });
const etagOf = ({ headers }: Look): string => headers.get("etag") ?? "";
const since = (etag: string): string => `since=${encodeURIComponent(etag)}`;
const solve = (player: Player, clue: string, answer = "right") =>
  client.play(player, { id: `${clue}-${answer}`, type: "answer", clue, answer });
const read = (url: string, headers: Record<string, string> = {}): Promise<Answer<string>> =>
  client.call<string>("GET", url, { headers });
const bodyAt = ({ body }: Look, clue: string): TextAt =>
  body.clues.find(({ id }) => id === clue)?.bodyAt ?? { digest: "", url: "" };

describe("[API-63] a look has an ETag of its team's state", () => {
  test("304 without a body for every way to name it, in a list, weak or strong, and for *", async () => {
    const ann = await client.team("long", "Tags");
    const first = await look(ann);
    const etag = etagOf(first);
    expect(etag).toMatch(/^W\/"[0-9a-f]{16}"$/);
    for (const named of [etag, etag.slice(2), `"x", ${etag}`, `W/"y",${etag},"z"`, "*", " * "]) {
      const same = await look(ann, "", { "if-none-match": named });
      expect([same.status, same.text, etagOf(same)], named).toEqual([304, "", etag]);
      expect(same.headers.get("cache-control")).toBe("no-store");
    }
    for (const named of ['"x"', etag.slice(3, -1), 'W/"', "", `"${etag.slice(3, 10)}"`, "W/*"]) {
      const again = await look(ann, "", { "if-none-match": named });
      expect([again.status, etagOf(again)], named).toEqual([200, etag]);
    }
    expect((await look(ann, "?bodies=apart", { "if-none-match": etag })).status).toBe(304);
    const head = await client.call("HEAD", "/v1/hunts/long/me", { token: ann.token });
    expect([head.status, head.text, head.headers.get("etag")]).toEqual([200, "", etag]);
  });

  test("a solve, a wrong answer, a hint, a team-mate, an announcement, a version and the phase change it", async () => {
    await client.publish("tags", longHunt(3));
    const ann = await client.team("tags", "Moved");
    const seen = new Set([etagOf(await look(ann))]);
    const moved = async (what: string, act: () => Promise<unknown>): Promise<void> => {
      await act();
      await expect.poll(async () => etagOf(await look(ann)), { message: what }).not.toBe([...seen].at(-1));
      const etag = etagOf(await look(ann));
      expect(seen, what).not.toContain(etag);
      seen.add(etag);
    };
    await moved("a wrong answer", () => solve(ann, "c0", "wrong"));
    await moved("a solve", () => solve(ann, "c0"));
    await moved("a hint", () => client.play(ann, { id: "h", type: "hint", clue: "c2", hint: "h" }));
    await moved("a team-mate", () =>
      client.call("POST", "/v1/hunts/tags/players", {
        json: { name: "Bea", team: { join: ann.team.joinCode ?? "" } },
      }),
    );
    await moved("an award", () =>
      client.organise("POST", `/v1/hunts/tags/teams/${ann.team.id}/awards`, { points: 5, reason: "x" }),
    );
    await moved("an announcement", () =>
      client.organise("POST", "/v1/hunts/tags/announcements", { text: "The bridge is closed." }),
    );
    await moved("a version", () =>
      client.organise("PUT", "/v1/hunts/tags", { ...longHunt(3), title: "Again" }),
    );
    await moved("a pause", () => client.organise("POST", "/v1/hunts/tags/phase", { phase: "paused" }));
  });

  test("neither time, nor others' solves, places and values that fall change it", async () => {
    await client.publish("falls", {
      ...longHunt(2),
      scoring: { decay: { kind: "linear", minimum: 1, solves: 2 }, firstSolves: [3] },
    });
    const ann = await client.team("falls", "Still");
    await solve(ann, "c0");
    const others = await Promise.all(["A", "B", "C"].map((name) => client.team("falls", name)));
    const before = await look(ann);
    for (const other of others) {
      await solve(other, "c0");
      await solve(other, "c1");
    }
    await expect.poll(async () => (await look(ann)).body.team.rank).toBeGreaterThan(1);
    const after = await look(ann);
    expect(after.body.team.score).toBeLessThan(before.body.team.score + 10);
    expect(etagOf(after)).toBe(etagOf(before));
    // Who asks what changed has them nevertheless.
    const { body: changes } = await look(ann, `?${since(etagOf(before))}&bodies=apart`);
    expect(changes.clues).toEqual([]);
    expect(changes.team).toEqual(after.body.team);
    expect(changes.points).toEqual(
      Object.fromEntries(after.body.clues.map(({ id, points }) => [id, points])),
    );
  });

  test("another player's, another team's or another hunt's ETag is not one's own; a refusal stays one", async () => {
    const ann = await client.team("long", "Own");
    const { body: joined } = await client.call<{ player: { id: string }; token: string }>(
      "POST",
      "/v1/hunts/long/players",
      { json: { name: "Mate", team: { join: ann.team.joinCode ?? "" } } },
    );
    const mate = { ...ann, token: joined.token };
    const bob = await client.team("long", "Foreign");
    const etags = await Promise.all([ann, mate, bob].map(async (one) => etagOf(await look(one))));
    expect(new Set(etags).size).toBe(3);
    expect((await look(bob, "", { "if-none-match": etags[0] ?? "" })).status).toBe(200);
    const asOther = await client.call("GET", "/v1/hunts/other/me", {
      token: bob.token,
      headers: { "if-none-match": "*" },
    });
    expectProblem(asOther, "forbidden");
    const unknown = await client.call("GET", "/v1/hunts/long/me", {
      token: "x",
      headers: { "if-none-match": "*" },
    });
    expectProblem(unknown, "unauthenticated");
  });

  test("an unknown key or form in the query is named", async () => {
    const ann = await client.team("long", "Query");
    for (const query of ["?body=apart", "?bodies=inside", `?since=${"x".repeat(101)}`, "?since=a&since=b"]) {
      expectProblem(await look(ann, query), "invalid");
    }
    expectProblem(
      await client.call("GET", "/v1/hunts/long/me?bodies=inside", { token: "x" }),
      "unauthenticated",
    );
  });
});

describe("[API-64] what changed since a look", () => {
  test("after a solve is at most 5 % of the first look in bytes, and leads to the same whole", async () => {
    const ann = await client.team("long", "Bytes");
    const first = await look(ann);
    expect(first.text.length).toBeGreaterThan(1_400_000);
    const apart = await look(ann, "?bodies=apart");
    await solve(ann, "c0");
    const changes = await look(ann, `?bodies=apart&${since(etagOf(first))}`);
    expect(changes.body.since).toBe(etagOf(first).slice(3, -1));
    expect(changes.body.clues.map(({ id }) => id)).toEqual(["c0", "locked"]);
    const { body: locked } = await read(bodyAt(changes, "locked").url);
    expect(locked).toBe(`Locked ${LONG}`);
    const bytes = Buffer.byteLength(changes.text) + Buffer.byteLength(locked);
    expect(bytes / Buffer.byteLength(first.text)).toBeLessThan(0.05);
    const inside = await look(ann, `?${since(etagOf(first))}`);
    expect(Buffer.byteLength(inside.text) / Buffer.byteLength(first.text)).toBeLessThan(0.05);
    const { serverTime: _, asOf: __, ...whole } = (await look(ann, "?bodies=apart")).body;
    expect(wholeOf(changes.body, apart.body)).toMatchObject(whole);
    const { clues } = (await look(ann)).body;
    expect(wholeOf(inside.body, first.body).clues).toEqual(clues);
  });

  test("an ETag that the engine does not remember gives all", async () => {
    const ann = await client.team("long", "Lost");
    for (const etag of ["nothing", 'W/"0000000000000000"', "%", "*"]) {
      const told = await look(ann, `?bodies=apart&${since(etag)}`);
      expect([told.status, told.body.since, told.body.clues.length], etag).toEqual([200, undefined, CLUES]);
    }
    // Nor is what another team was shown ever the ground of one's changes.
    const bob = await client.team("long", "Thief");
    const theirs = etagOf(await look(ann));
    expect((await look(bob, `?bodies=apart&${since(theirs)}`)).body.since).toBeUndefined();
  });

  test("a new version gives all", async () => {
    await client.publish("again", longHunt(2));
    const ann = await client.team("again", "Old");
    const etag = etagOf(await look(ann));
    await client.organise("PUT", "/v1/hunts/again", longHunt(4));
    await expect.poll(async () => (await look(ann, `?${since(etag)}`)).body.clues.length).toBe(4);
    expect((await look(ann, `?${since(etag)}`)).body.since).toBeUndefined();
  });
});

describe("[API-65] long texts apart", () => {
  test("without being asked for it `/me` has every text; apart, long ones by their address", async () => {
    const ann = await client.team("long", "Apart");
    await solve(ann, "c1");
    await client.play(ann, { id: "h1", type: "hint", clue: "c2", hint: "h" });
    const plain = (await look(ann)).body;
    const { body: apart } = await look(ann, "?bodies=apart");
    expect(plain.clues.every(({ body }) => typeof body === "string")).toBe(true);
    expect(apart.clues.filter(({ body }) => body !== undefined).map(({ id }) => id)).toEqual(["after"]);
    const texts = new Map<string, string>();
    for (const { digest, url } of textsOf(apart)) texts.set(digest, (await read(url)).body);
    expect(texts.size).toBe(CLUES + 1);
    const bare = (clues: MeApart["clues"]) =>
      clues.map(({ bodyAt: _, hints, ...clue }) => ({
        ...clue,
        hints: hints.map(({ textAt: __, ...hint }) => hint),
      }));
    expect(bare(withTexts(apart, texts).clues)).toEqual(plain.clues);
  });

  test("equal texts have one address, which stays over looks, solves and team-mates", async () => {
    const ann = await client.team("long", "One");
    const bob = await client.team("long", "Two");
    const first = bodyAt(await look(ann, "?bodies=apart"), "c3").url;
    await solve(ann, "c3");
    expect(bodyAt(await look(ann, "?bodies=apart"), "c3").url).toBe(first);
    expect(bodyAt(await look(bob, "?bodies=apart"), "c3").digest).toBe(
      first.split("/bodies/")[1]?.split("?")[0],
    );
  });

  test("[SEC-142] a text may be kept by who asked for it alone, and is told as Markdown that is never run", async () => {
    const ann = await client.team("long", "Kept");
    const { url, digest } = bodyAt(await look(ann, "?bodies=apart"), "c0");
    const told = await read(url);
    expect(told.status).toBe(200);
    expect(told.headers.get("content-type")).toBe("text/markdown; charset=utf-8");
    expect(told.headers.get("x-content-type-options")).toBe("nosniff");
    expect(told.headers.get("cache-control")).toMatch(/^private, max-age=\d+, immutable$/);
    const age = Number(/max-age=(\d+)/.exec(told.headers.get("cache-control") ?? "")?.[1]);
    expect(age).toBeGreaterThanOrEqual(24 * 3_600 - 60);
    expect(age).toBeLessThanOrEqual(30 * 3_600);
    expect(told.headers.get("etag")).toBe(`"${digest}"`);
    for (const named of [`"${digest}"`, `W/"${digest}"`, `"x", "${digest}"`, "*"]) {
      const same = await read(url, { "if-none-match": named });
      expect([same.status, same.text], named).toEqual([304, ""]);
      expect(same.headers.get("cache-control")).toMatch(/^private, /);
    }
    expect((await read(url, { "if-none-match": '"x"' })).status).toBe(200);
    for (const query of ["", "?bodies=apart"]) {
      expect((await look(ann, query)).headers.get("cache-control")).toBe("no-store");
    }
  });
});

describe("[SEC-142] a text that a team may not see yet is out of reach", () => {
  test("for who knows its digest: no ticket there is opens it before its time", async () => {
    await client.publish("early", longHunt(2));
    const ann = await client.team("early", "Early");
    const bob = await client.team("early", "First");
    await solve(bob, "c0");
    // Known from a team that has it open, as an author's copy of the text would tell it.
    const known = bodyAt(await look(bob, "?bodies=apart"), "locked");
    expect((await read(known.url)).status).toBe(200);
    const own = await look(ann, "?bodies=apart");
    expect(own.text).not.toContain(known.digest);
    const address = `/v1/hunts/early/bodies/${known.digest}`;
    const ticket = new URL(bodyAt(own, "c0").url, client.url).searchParams.get("t") ?? "";
    const [shard, period, mac = ""] = ticket.split(".");
    const foreign = bodyAt(await look(await client.team("other", "F"), "?bodies=apart"), "c0").url.split(
      "t=",
    )[1];
    const tickets = [
      ["none", undefined],
      ["empty", ""],
      ["of a text that is open", ticket],
      ["of another hunt", foreign],
      ["with another end", `${shard}.${period}0.${mac}`],
      ["with no end", `${shard}..${mac}`],
      ["cut", ticket.slice(0, -1)],
      ["altered", `${ticket.slice(0, -1)}${ticket.endsWith("A") ? "B" : "A"}`],
      [
        "of a socket",
        (
          (await client.call<{ ticket: string }>("POST", "/v1/hunts/early/tickets", { token: ann.token }))
            .body as { ticket: string }
        ).ticket,
      ],
      ["long", "x".repeat(200)],
    ] as const;
    for (const [what, t] of tickets) {
      const answer = await client.call("GET", t === undefined ? address : `${address}?t=${t}`, {
        token: ann.token,
      });
      if (what === "of a socket" && answer.status === 422) continue;
      expectProblem(answer, "not_found");
      const unknown = await client.call(
        "GET",
        `/v1/hunts/early/bodies/${"A".repeat(22)}${t === undefined ? "" : `?t=${t}`}`,
      );
      expect((answer.body as { detail: string }).detail, what).toBe(
        (unknown.body as { detail: string }).detail,
      );
    }
    // The organiser's token opens nothing here either.
    expectProblem(await client.organise("GET", address), "not_found");
    await solve(ann, "c0");
    const opened = bodyAt(await look(ann, "?bodies=apart"), "locked");
    expect(opened.digest).toBe(known.digest);
    expect((await read(opened.url)).body).toBe(`Locked ${LONG}`);
  });

  test("and in the waiting room nobody has a ticket for anything", async () => {
    await client.organise("PUT", "/v1/hunts/room", { ...longHunt(2), hunt: "room" });
    const ann = await client.team("room", "Waiting");
    const told = await look(ann, "?bodies=apart");
    expect(told.body.clues).toEqual([]);
    expect(told.text).not.toContain("bodies/");
    await client.organise("POST", "/v1/hunts/room/phase", { phase: "live" });
    const changes = await look(ann, `?bodies=apart&${since(etagOf(told))}`);
    expect(changes.body.since).toBe(etagOf(told).slice(3, -1));
    expect(changes.body.order).toEqual(["c0", "c1"]);
    expect((await read(bodyAt(changes, "c0").url)).body).toBe(`0 ${LONG}`);
  });
});

test("[API-66] a crowd that looks at once is told each its own, whole, also where looks are long", async () => {
  const players = await Promise.all(
    Array.from({ length: 40 }, (_, number) => client.team("long", `Crowd ${number}`)),
  );
  for (let round = 0; round < 3; round += 1) {
    const looks = await Promise.all(
      players.map(async (player, number) =>
        number % 3 === 0
          ? look(player, "?bodies=apart")
          : look(player, number % 3 === 1 ? "" : "?bodies=apart"),
      ),
    );
    for (const [number, { status, body }] of looks.entries()) {
      expect([status, body.team.name, body.clues.length]).toEqual([200, `Crowd ${number}`, CLUES]);
    }
  }
  // One who is refused is refused alone.
  const [first] = players;
  if (!first) throw new Error("nobody joined");
  const mixed = await Promise.all([
    ...players.map((player) => look(player, "?bodies=apart")),
    client.call("GET", "/v1/hunts/long/me", { token: `${first.token}x` }),
  ]);
  expect(mixed.map(({ status }) => status)).toEqual([...players.map(() => 200), 401]);
});

/** Looks of each client. */
const TURNS = 40;

test("[API-66] clients that vanish while their request asks for others as well leave nobody without a response", async () => {
  const players = await Promise.all(
    Array.from({ length: 24 }, (_, number) => client.team("other", `Vanish ${number}`)),
  );
  let answered = 0;
  let gone = 0;
  const url = new URL("/v1/hunts/other/me?bodies=apart", client.url);
  await Promise.all(
    players.map(async ({ token, team }, number) => {
      for (let turn = 0; turn < TURNS; turn += 1) {
        const vanishes = number % 3 === 0;
        const signal = vanishes ? AbortSignal.timeout(1 + (turn % 7)) : AbortSignal.timeout(20_000);
        try {
          const response = await fetch(url, { headers: { authorization: `Bearer ${token}` }, signal });
          const { team: told } = (await response.json()) as MeApart;
          expect([response.status, told.id]).toEqual([200, team.id]);
          answered += 1;
        } catch (error) {
          if (!vanishes) throw error;
          gone += 1;
        }
      }
    }),
  );
  // Whoever stays has every response, or the signal would have thrown.
  expect(answered).toBeGreaterThanOrEqual(16 * TURNS);
  expect(gone).toBeGreaterThan(20);
});
