/**
 * Prizes through HTTP: claims, limits, codes, what organisers do to them, and
 * the draw checked from the documentation alone.
 */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Engine, startEngine } from "../../scripts/local/engine.ts";
import { mintOrganiserToken, type Person } from "../../scripts/local/secrets.ts";
import type { Audit } from "../../src/contract/data.ts";
import type { Hunt } from "../../src/contract/hunt.ts";
import type { Winners as WinnersTold } from "../../src/contract/prizes.ts";
import type { Result } from "../../src/protocol.ts";
import { Client, expectProblem, type Player, sleep } from "./client.ts";
import { Socket } from "./socket.ts";

let engine: Engine;
let client: Client;
let dataDir: string;

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), "hunt-prizes-"));
  engine = await startEngine({ dataDir, vars: { RATE_LIMITS: "off", SHARDS_PER_REGION: "2" } });
  client = await Client.of(engine);
});
afterAll(async () => {
  await engine.stop();
  await rm(dataDir, { recursive: true, force: true });
});

const CODES = ["CODE-CANARY-1", "CODE-CANARY-2"];

function hunt(prizes: object[], more: object = {}): object {
  return {
    format: 1,
    title: "Prizes",
    teams: { mode: "teams", maxSize: 5 },
    attempts: { burst: 1_000, refillPerMinute: 1_000, perClue: 0 },
    rounds: [{ id: "r", title: "R" }],
    clues: [{ id: "c", round: "r", title: "C", kind: "answer", answers: ["right"], points: 10 }],
    prizes,
    ...more,
  };
}

const prize = (id: string, more: object = {}): object => ({
  id,
  title: id,
  mode: "first-come",
  stock: 2,
  ...more,
});
const claim = (player: Player, id: string, of = "voucher"): Promise<Result> =>
  client.playOne(player, { id, type: "claim", prize: of });

interface PrizeOfMe {
  id: string;
  eligible: boolean;
  left?: number;
  withdrawn?: true;
  wins: { event: string; player: string; code?: string; revoked?: true }[];
}
const prizeOfMe = async (player: Player, id = "voucher"): Promise<PrizeOfMe | undefined> =>
  ((await client.me(player)) as unknown as { prizes: PrizeOfMe[] }).prizes.find((one) => one.id === id);

/** The wins of the next push that has any. */
async function pushedWins(socket: Socket): Promise<object[]> {
  while (true) {
    const { won } = await socket.next<{ won?: object[] }>("team");
    if (won) return won;
  }
}

interface Winners {
  winners: {
    unit: number;
    team: string;
    name: string;
    playerName: string;
    event: string;
    code?: string;
    revoked?: true;
  }[];
  cursor?: string;
}

test("[PRIZE-1] [PRIZE-4] [PRIZE-9] the first get codes, a repeated id the same, the late are told so", async () => {
  await client.publish("first", hunt([prize("voucher", { codes: CODES, requires: { solved: "c" } })]));
  const players = [];
  for (const name of ["A", "B", "C"]) players.push(await client.team("first", name));
  const [a, b, c] = players as [Player, Player, Player];
  expect(await claim(a, "early")).toEqual({ id: "early", outcome: "not_eligible", prize: { id: "voucher" } });
  expect(await claim(a, "x", "nothing")).toMatchObject({ outcome: "not_eligible" });
  for (const player of players)
    await client.playOne(player, { id: "s", type: "answer", clue: "c", answer: "right" });
  expect((await prizeOfMe(a))?.eligible).toBe(true);
  const won = await claim(a, "k");
  expect(won).toMatchObject({
    outcome: "won",
    seq: expect.any(Number),
    prize: { id: "voucher", code: CODES[0] },
  });
  expect(await claim(a, "k")).toEqual({ ...won, duplicate: true });
  expect(await claim(a, "k2")).toMatchObject({ outcome: "already_won" });
  expect(await client.playOne(a, { id: "k", type: "answer", clue: "c", answer: "x" })).toMatchObject({
    outcome: "conflict",
  });
  // Decided anew, under another id of the same request order.
  const [again, answered] = await client.play(
    b,
    { id: "k", type: "claim", prize: "voucher" },
    { id: "after", type: "answer", clue: "c", answer: "right" },
  );
  expect(again).toMatchObject({ outcome: "won", prize: { code: CODES[1] } });
  expect(answered).toMatchObject({ outcome: "already_solved" });
  expect(await claim(c, "k")).toEqual({ id: "k", outcome: "sold_out", prize: { id: "voucher" } });
  expect(await prizeOfMe(a)).toMatchObject({ wins: [{ event: "k", code: CODES[0] }] });
  expect(await prizeOfMe(c)).toMatchObject({ left: 0, wins: [] });
  const stats = await client.organise<{ prizes: object[] }>("GET", "/v1/hunts/first/stats");
  expect(stats.body.prizes).toEqual([{ prize: "voucher", stock: 2, won: 2, left: 0 }]);
  await client.verify("first");
});

test("[PRIZE-10] only who claimed is shown the code, team-mates hear of the win", async () => {
  await client.publish("mates", hunt([prize("voucher", { perTeam: 2, perPlayer: 1 })]));
  const founder = await client.team("mates", "A");
  const mate = await client.join("mates", { name: "mate", team: { join: founder.team.joinCode ?? "" } });
  const socket = await Socket.ofPlayer(client, mate);
  const won = await claim(founder, "k");
  expect(won.prize?.code).toMatch(/^(?:[0-9A-Z]{4}-){3}[0-9A-Z]{4}$/);
  expect(await claim(mate, "k")).toMatchObject({ outcome: "won", duplicate: true, prize: { id: "voucher" } });
  expect((await claim(mate, "k")).prize).not.toHaveProperty("code");
  expect((await prizeOfMe(mate))?.wins).toEqual([{ event: "k", at: expect.any(String), player: founder.id }]);
  expect(await claim(founder, "k2")).toMatchObject({ outcome: "already_won" });
  expect(await claim(mate, "k3")).toMatchObject({ outcome: "won" });
  const won2 = await pushedWins(socket);
  expect(won2).toContainEqual({ prize: "voucher", player: founder.id });
  await socket.close();
});

test("[PRIZE-3] 200 copies of one claim in one packet on one connection: one unit", async () => {
  await client.publish("packet", hunt([prize("voucher", { stock: 50, perTeam: 50 })]));
  const player = await client.team("packet", "A");
  const body = JSON.stringify({ events: [{ id: "same", type: "claim", prize: "voucher" }] });
  const request = [
    "POST /v1/hunts/packet/events HTTP/1.1",
    `Host: ${engine.url.host}`,
    `Authorization: Bearer ${player.token}`,
    "Content-Type: application/json",
    `Content-Length: ${Buffer.byteLength(body)}`,
    "",
    body,
  ].join("\r\n");
  const text = await new Promise<string>((done, fail) => {
    let answers = "";
    const socket = connect(Number(engine.url.port), engine.url.hostname, () =>
      socket.write(request.repeat(200)),
    );
    socket.setEncoding("utf8").on("error", fail);
    socket.on("data", (part: string) => {
      answers += part;
      if (answers.split('"results"').length > 200) {
        socket.destroy();
        done(answers);
      }
    });
  });
  const results = [...text.matchAll(/\{"results":\[(\{.*?\})\],"asOf"/g)].map(
    ([, one]) => JSON.parse(one ?? "") as Result,
  );
  expect(results).toHaveLength(200);
  expect(new Set(results.map(({ outcome, seq, prize }) => JSON.stringify([outcome, seq, prize]))).size).toBe(
    1,
  );
  expect(results.filter(({ duplicate }) => !duplicate)).toHaveLength(1);
  // And in parallel connections, and over 100 places of one request.
  const same = Array.from({ length: 100 }, () => ({ id: "other", type: "claim", prize: "voucher" }) as const);
  const both = await Promise.all([client.playRaw(player, same), client.playRaw(player, same)]);
  expect(new Set(both.flat().map(({ seq }) => seq)).size).toBe(1);
  const stats = await client.organise<{ prizes: { won: number }[] }>("GET", "/v1/hunts/packet/stats");
  expect(stats.body.prizes[0]?.won).toBe(2);
  await client.verify("packet");
});

describe("organisers", () => {
  test("[PRIZE-7] stock is added, a drained prize is handed out again, its codes come along", async () => {
    await client.publish(
      "stock",
      hunt([prize("voucher", { stock: 1, codes: ["one"] }), prize("made", { stock: 1 })]),
    );
    const a = await client.team("stock", "A");
    const b = await client.team("stock", "B");
    const path = "/v1/hunts/stock/prizes/voucher/stock";
    expect(await claim(a, "k")).toMatchObject({ outcome: "won", prize: { code: "one" } });
    expect(await claim(b, "k")).toMatchObject({ outcome: "sold_out" });
    expectProblem(await client.organise("POST", path, { add: 1, reason: "more" }), "invalid");
    expectProblem(await client.organise("POST", path, { add: 2, codes: ["two"], reason: "more" }), "invalid");
    expectProblem(await client.organise("POST", path, { add: 1, codes: ["one"], reason: "more" }), "invalid");
    expectProblem(await client.organise("POST", path, { add: 0, reason: "none" }), "invalid");
    expectProblem(
      await client.organise("POST", "/v1/hunts/stock/prizes/made/stock", {
        add: 1,
        codes: ["x"],
        reason: "",
      }),
      "invalid",
    );
    expectProblem(
      await client.organise("POST", "/v1/hunts/stock/prizes/nothing/stock", { add: 1, reason: "" }),
      "not_found",
    );
    const added = await client.organise("POST", path, { add: 1, codes: ["two"], reason: "more" });
    expect(added.body).toEqual({ stock: 2 });
    expect(await claim(b, "k")).toMatchObject({ outcome: "won", prize: { code: "two" } });
    const told = await client.call<{ prizes: object[] }>("GET", "/v1/hunts/stock");
    expect(told.body.prizes[0]).toMatchObject({ id: "voucher", stock: 2, added: [{ units: 1 }] });
    expect(told.text).not.toContain("two");
  });

  test("[PRIZE-8] a withdrawn prize is refused everywhere at once, and comes back", async () => {
    await client.publish("withdrawn", hunt([prize("voucher")]));
    const a = await client.team("withdrawn", "A");
    const path = "/v1/hunts/withdrawn/prizes/voucher";
    expect((await client.organise("POST", `${path}/withdraw`, { reason: "fire" })).body).toEqual({
      withdrawn: true,
    });
    expect(await claim(a, "k")).toMatchObject({ outcome: "not_eligible" });
    expect(await prizeOfMe(a)).toMatchObject({ withdrawn: true, eligible: false });
    expect((await client.organise("POST", `${path}/restore`, { reason: "out" })).body).toEqual({
      withdrawn: false,
    });
    expect(await claim(a, "k")).toMatchObject({ outcome: "won" });
  });

  test("[PRIZE-11] a win is revoked, its unit goes to nobody, and the audit says so", async () => {
    await client.publish("revoked", hunt([prize("voucher", { stock: 1 })]));
    const a = await client.team("revoked", "A");
    const b = await client.team("revoked", "B");
    await claim(a, "k");
    const path = "/v1/hunts/revoked/prizes/voucher/revoke";
    expectProblem(await client.organise("POST", path, { unit: 1, reason: "cheat" }), "not_found");
    for (let time = 0; time < 2; time += 1) {
      const revoked = await client.organise("POST", path, { unit: 0, reason: "cheat" });
      expect(revoked.body).toEqual({ revoked: true, team: a.team.id });
    }
    expect((await prizeOfMe(a))?.wins).toMatchObject([{ revoked: true }]);
    expect(await claim(a, "k2")).toMatchObject({ outcome: "already_won" });
    expect(await claim(b, "k")).toMatchObject({ outcome: "sold_out" });
    const { body } = await client.organise<Winners>("GET", "/v1/hunts/revoked/prizes/voucher/winners");
    expect(body.winners).toMatchObject([
      { unit: 0, team: a.team.id, name: "A", playerName: "A player", revoked: true },
    ]);
    const audit = await client.organise<{ entries: { action: string }[] }>("GET", "/v1/hunts/revoked/audit");
    expect(audit.body.entries.map(({ action }) => action)).toContain("revoke");
    const facts = (await client.export("revoked")).filter(({ type }) => type === "revoke");
    expect(facts).toHaveLength(1);
    await client.verify("revoked");
  });

  test("[PRIZE-9] winners are told page by page with their codes", async () => {
    await client.publish("winners", hunt([prize("voucher", { stock: 7 })]));
    const codes = new Map<string, string | undefined>();
    for (let index = 0; index < 7; index += 1) {
      const player = await client.team("winners", `T${index}`);
      codes.set(player.team.id, (await claim(player, "k")).prize?.code);
    }
    const seen: Winners["winners"] = [];
    for (let cursor: string | undefined = ""; cursor !== undefined; ) {
      const query: string = `?limit=3${cursor === "" ? "" : `&cursor=${cursor}`}`;
      const page: { body: Winners } = await client.organise<Winners>(
        "GET",
        `/v1/hunts/winners/prizes/voucher/winners${query}`,
      );
      seen.push(...page.body.winners);
      cursor = page.body.cursor;
    }
    expect(seen.map(({ unit }) => unit).sort()).toEqual([0, 1, 2, 3, 4, 5, 6]);
    for (const { team, code } of seen) expect(code).toBe(codes.get(team));
    expectProblem(await client.call("GET", "/v1/hunts/winners/prizes/voucher/winners"), "unauthenticated");
    expectProblem(
      await client.organise("GET", "/v1/hunts/winners/prizes/voucher/winners?cursor=x"),
      "invalid",
    );
  });

  test("[PRIZE-6] what a draw or a code depends on cannot change once the hunt has been live", async () => {
    const given = [prize("voucher", { codes: CODES })];
    await client.publish("fixed", hunt(given), "draft");
    // In a draft anything goes.
    await client.publish("fixed", hunt([prize("voucher", { codes: [...CODES].reverse() })]), "draft");
    await client.publish("fixed", hunt(given));
    const put = (prizes: object[]) => client.organise("PUT", "/v1/hunts/fixed", hunt(prizes));
    for (const changed of [
      [],
      [prize("voucher", { codes: [...CODES].reverse() })],
      [prize("voucher", { stock: 3, codes: [...CODES, "three"] })],
      [prize("voucher")],
      [prize("voucher", { codes: CODES, mode: "odds", odds: 0.5 })],
    ]) {
      const problem = expectProblem(await put(changed), "invalid");
      expect(problem.issues?.map(({ code }) => code)).toContain("prize-fixed");
      expect(JSON.stringify(problem)).not.toContain("CANARY");
    }
    expect(
      (await put([prize("voucher", { codes: CODES, title: "Other", perTeam: 2 }), prize("new")])).status,
    ).toBe(200);
  });
});

test("[PRIZE-15] misses draw on a bucket: nobody tries a thousand times a second", async () => {
  const odds = prize("shell", { mode: "odds", odds: 1e-9 });
  await client.publish("tries", hunt([odds], { attempts: { burst: 3, refillPerMinute: 60, perClue: 0 } }));
  const player = await client.team("tries", "A");
  const outcomes = [];
  for (let index = 0; index < 5; index += 1) outcomes.push(await claim(player, `k${index}`, "shell"));
  expect(outcomes.slice(0, 3)).toMatchObject([
    { outcome: "missed", seq: expect.any(Number) },
    { outcome: "missed" },
    { outcome: "missed" },
  ]);
  expect(outcomes[4]).toMatchObject({ outcome: "cooldown", retryAt: expect.any(String) });
  expect(await claim(player, "k0", "shell")).toEqual({ ...outcomes[0], duplicate: true });
});

test("[PRIZE-12] [PRIZE-13] a draw is checked from the published hash and the revealed seed alone", async () => {
  const from = new Date(Date.now() - 1_000).toISOString();
  const to = new Date(Date.now() + 4_000).toISOString();
  await client.publish(
    "drawn",
    hunt([
      prize("shell", { mode: "instant-win", stock: 30, window: { from, to } }),
      prize("lot", { mode: "odds", odds: 0.4, stock: 1_000, perTeam: 1_000 }),
      prize("voucher"),
    ]),
  );
  interface Drawn {
    prizes: { id: string; drawHash?: string; drawSeed?: string }[];
  }
  const before = await client.call<Drawn>("GET", "/v1/hunts/drawn");
  const hash = before.body.prizes[0]?.drawHash;
  expect(hash).toMatch(/^[0-9a-f]{64}$/);
  expect(before.text).not.toContain("drawSeed");
  expect(before.body.prizes[2]).not.toHaveProperty("drawHash");
  expect((await client.call<object>("GET", "/v1/hunts/drawn/prizes/shell/draw")).body).not.toHaveProperty(
    "drawSeed",
  );
  expectProblem(await client.call("GET", "/v1/hunts/drawn/prizes/voucher/draw"), "not_found");

  const players: Player[] = [];
  for (let index = 0; index < 20; index += 1) players.push(await client.team("drawn", `T${index}`));
  for (let round = 0; Date.now() < Date.parse(to) + 200; round += 1) {
    await Promise.all(
      players.map((player) =>
        client.play(
          player,
          { id: `s${round}`, type: "claim", prize: "shell" },
          { id: `l${round}`, type: "claim", prize: "lot" },
        ),
      ),
    );
  }
  await client.setPhase("drawn", "ended");
  await sleep(1_200);

  // ── From here on only what is published is used, as docs/prizes.md tells it. ──
  const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");
  const number = (seed: string, text: string): number =>
    Number.parseInt(sha256(`${seed}:${text}`).slice(0, 12), 16) / 16 ** 12;
  interface Draw {
    stock: number;
    odds: number;
    window: { from: string; to: string };
    drawHash: string;
    drawSeed: string;
    wins: { unit: number; team: string; event: string; at: string }[];
    cursor?: string;
  }
  const after = await client.call<Drawn>("GET", "/v1/hunts/drawn");
  const seed = after.body.prizes[0]?.drawSeed ?? "";
  expect(sha256(seed)).toBe(hash);
  const shell = (await client.call<Draw>("GET", "/v1/hunts/drawn/prizes/shell/draw?limit=500")).body;
  const lot = (await client.call<Draw>("GET", "/v1/hunts/drawn/prizes/lot/draw?limit=500")).body;
  for (let { cursor } = lot; cursor !== undefined; ) {
    const page = await client.call<Draw>("GET", `/v1/hunts/drawn/prizes/lot/draw?limit=500&cursor=${cursor}`);
    lot.wins.push(...page.body.wins);
    cursor = page.body.cursor;
  }
  expect(shell.drawSeed).toBe(seed);
  const start = Date.parse(shell.window.from);
  const length = Date.parse(shell.window.to) - start;
  const moments = Array.from({ length: shell.stock }, (_, unit) => ({
    unit,
    at: start + Math.floor(number(seed, `shell:${unit}`) * length),
  })).sort((a, b) => a.at - b.at || a.unit - b.unit);
  const wins = shell.wins.toSorted((a, b) => Date.parse(a.at) - Date.parse(b.at));
  expect(wins.length).toBeGreaterThan(5);
  const units = new Set(wins.map(({ unit }) => unit));
  expect([...units].sort()).toEqual(
    moments
      .slice(0, wins.length)
      .map(({ unit }) => unit)
      .sort(),
  );
  for (const win of wins) {
    expect(Date.parse(win.at)).toBeGreaterThanOrEqual(
      moments.find(({ unit }) => unit === win.unit)?.at ?? Infinity,
    );
  }
  // Every claim at the odds, from the organiser's export: winners and losers alike.
  const won = new Set(lot.wins.map(({ team, event }) => `${team}:${event}`));
  const claims = (await client.export("drawn")).filter(
    ({ type, prize: of }) => type === "claim" && of === "lot",
  );
  expect(claims.length).toBeGreaterThan(100);
  expect(lot.wins.length).toBeGreaterThan(10);
  for (const { team, event, outcome } of claims) {
    expect(number(seed, `lot:${team}:${event}`) < lot.odds).toBe(outcome === "won");
    expect(won.has(`${team}:${event}`)).toBe(outcome === "won");
  }
  await client.verify("drawn");
});

test("[PRIZE-16] an import hands out nothing", async () => {
  await client.publish(
    "imported",
    hunt([prize("voucher")], { opens: "2020-01-01T00:00:00Z", closes: "2020-01-02T00:00:00Z" }),
    "draft",
  );
  const lines = [
    { at: "2020-01-01T01:00:00Z", team: "A", type: "join" },
    { at: "2020-01-01T02:00:00Z", team: "A", type: "claim", prize: "voucher" },
  ];
  const answer = await client.call("POST", "/v1/hunts/imported/import", {
    token: client.organiserToken,
    body: lines.map((line) => JSON.stringify(line)).join("\n"),
    type: "application/x-ndjson",
  });
  expect(answer.body).toMatchObject({ lines: 2, accepted: 2 });
  const stats = await client.organise<{ prizes: { won: number }[] }>("GET", "/v1/hunts/imported/stats");
  expect(stats.body.prizes[0]?.won).toBe(0);
  await client.verify("imported");
});

test("[PRIZE-9] no code and no seed is in any file of the engine but the definition's and the control's own", async () => {
  // The vault, the origin and KV: their files hold no canary code. Codes live in the secret half of the hunt.
  const files = readdirSync(dataDir, { recursive: true, withFileTypes: true }).filter((file) =>
    file.isFile(),
  );
  const holding = files
    .map((file) => join(file.parentPath, file.name))
    .filter((path) => {
      try {
        return readFileSync(path).includes("CODE-CANARY-1");
      } catch (error) {
        // SQLite removes its own helper files while one looks.
        if ((error as { code?: string }).code === "ENOENT") return false;
        throw error;
      }
    });
  expect(holding.length).toBeGreaterThan(0);
  for (const path of holding) expect(path).toMatch(/HuntControl|HuntShard/);
});

describe("[PRIZE-30] winners are reached by what they gave", () => {
  const JOIN = {
    fields: [
      { id: "mail", label: "E-mail", kind: "email", required: true, contact: true },
      { id: "phone", label: "Phone", kind: "phone", contact: true },
      { id: "shirt", label: "Shirt", kind: "text" },
    ],
  };
  const path = (of: string) => `/v1/hunts/${of}/prizes/voucher/winners`;
  const as = async (roles: Person["roles"], of: string) => {
    const token = await mintOrganiserToken(engine.secrets, Date.now(), { name: roles.join(), roles });
    return client.call<WinnersTold>("GET", path(of), { token });
  };

  beforeAll(async () => {
    await client.publish("reached", hunt([prize("voucher", { stock: 3 })], { join: JOIN }));
    for (const [name, fields] of [
      ["Ada", { mail: "ada@winners.example", phone: "+49 40 1234", shirt: "size-of-ada" }],
      ["Bea", { mail: "bea@winners.example" }],
      ["Cleo", { mail: "cleo@winners.example" }],
    ] as const) {
      const player = await client.join("reached", { name, team: { create: name }, fields });
      if (name !== "Cleo") expect((await claim(player, "k")).outcome).toBe("won");
    }
  });

  test("operators are told the marked fields of winners, and of nobody else", async () => {
    const { status, body, text } = await as(["operator"], "reached");
    expect(status, text).toBe(200);
    const contacts = Object.fromEntries(body.winners.map(({ name, contact }) => [name, contact]));
    expect(contacts).toEqual({
      Ada: [
        { id: "mail", label: "E-mail", value: "ada@winners.example" },
        { id: "phone", label: "Phone", value: "+49 40 1234" },
      ],
      Bea: [{ id: "mail", label: "E-mail", value: "bea@winners.example" }],
    });
    expect(text).not.toContain("size-of-ada");
    expect(text).not.toContain("cleo@");
  });

  test("nobody else is, wherever they look; the page that joins says what it is for", async () => {
    for (const role of ["viewer", "judge", "editor"] as const) {
      const refused = await as([role], "reached");
      expectProblem(refused, "forbidden");
      expect(refused.text).not.toContain("@winners");
      const token = await mintOrganiserToken(engine.secrets, Date.now(), { name: role, roles: [role] });
      for (const each of ["stats", "teams", "stuck", "checkins", "export", "audit", "verify", "definition"]) {
        const told = await client.call("GET", `/v1/hunts/reached/${each}`, { token });
        expect(told.text, `${role} ${each}`).not.toContain("@winners");
      }
    }
    const shown = await client.call<Hunt>("GET", "/v1/hunts/reached");
    expect(shown.text).not.toContain("@winners");
    expect(shown.body.joining.fields?.map(({ id, contact }) => [id, contact])).toEqual([
      ["mail", true],
      ["phone", true],
      ["shirt", undefined],
    ]);
  });

  test("that it was read is in the audit, as a reading with contact", async () => {
    await as(["operator"], "reached");
    const audit = await client.organise<Audit>("GET", "/v1/hunts/reached/audit");
    const [line] = audit.body.entries.filter(({ action }) => action === "winners");
    expect(line).toMatchObject({ actor: "operator", detail: { prize: "voucher", contact: true } });
    expect(audit.text).not.toContain("@winners");
    await client.publish("silent", hunt([prize("voucher")]));
    await as(["operator"], "silent");
    const other = await client.organise<Audit>("GET", "/v1/hunts/silent/audit");
    expect(other.body.entries.find(({ action }) => action === "winners")?.detail).toEqual({
      prize: "voucher",
    });
  });

  test("also who was moved to another team, after winning or before", async () => {
    await client.publish("moved", hunt([prize("voucher", { stock: 3, perTeam: 2 })], { join: JOIN }));
    const joined = (name: string, team: { create: string } | { join: string }) =>
      client.join("moved", { name, team, fields: { mail: `${name.toLowerCase()}@winners.example` } });
    const ada = await joined("Ada", { create: "First" });
    const bea = await joined("Bea", { create: "Second" });
    const cleo = await joined("Cleo", { join: ada.team.joinCode ?? "" });
    expect((await claim(ada, "k")).outcome).toBe("won");
    for (const { id } of [ada, cleo]) {
      const { status, text } = await client.organise(
        "POST",
        `/v1/hunts/moved/teams/${ada.team.id}/members/${id}/move`,
        { to: bea.team.id, reason: "six become two" },
      );
      expect(status, text).toBe(200);
    }
    const renewed = await client.call<{ token: string }>("POST", "/v1/hunts/moved/sessions/renew", {
      token: cleo.token,
    });
    expect((await claim({ ...cleo, token: renewed.body.token }, "k2")).outcome).toBe("won");
    const { winners } = (await as(["operator"], "moved")).body;
    expect(winners.map(({ player, contact }) => [player, contact?.[0]?.value]).sort()).toEqual(
      [
        [ada.id, "ada@winners.example"],
        [cleo.id, "cleo@winners.example"],
      ].sort(),
    );
  });

  test("a revoked win has none, and one whose mark goes has none from then on", async () => {
    const [first] = (await as(["operator"], "reached")).body.winners;
    await client.organise("POST", "/v1/hunts/reached/prizes/voucher/revoke", {
      unit: first?.unit,
      reason: "a mistake",
    });
    const after = (await as(["operator"], "reached")).body.winners;
    expect(after.find(({ unit }) => unit === first?.unit)).not.toHaveProperty("contact");
    expect(after.find(({ unit }) => unit !== first?.unit)).toHaveProperty("contact");
    const fields = JOIN.fields.map(({ contact: _, ...field }) => field);
    await client.publish("reached", hunt([prize("voucher", { stock: 3 })], { join: { fields } }), "draft");
    await expect
      .poll(async () => (await as(["operator"], "reached")).body.winners.some(({ contact }) => contact), {
        timeout: 15_000,
      })
      .toBe(false);
  });
});
