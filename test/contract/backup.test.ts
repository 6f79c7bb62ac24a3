/** A hunt that was played, backed up, restored on an engine with other keys and an empty origin, and played on. */
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join as joinPath } from "node:path";
import { Readable, Writable } from "node:stream";
import { Webhook } from "standardwebhooks";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { main } from "../../scripts/hunt/main.ts";
import { type Engine, startEngine } from "../../scripts/local/engine.ts";
import { mintOrganiserToken } from "../../scripts/local/secrets.ts";
import type { Imported } from "../../src/contract/data.ts";
import type { ThreadMade, Threads } from "../../src/contract/help.ts";
import type { Hunt } from "../../src/contract/hunt.ts";
import type { Joined } from "../../src/contract/join.ts";
import type { WebhookSecret, Webhooks } from "../../src/contract/webhooks.ts";
import { png } from "../assets/files.ts";
import { type Answer, Client, expectProblem, linesOf, type Player } from "./client.ts";
import { everyOutcome, manyClues, NEAR_PIER, PIER, SECRET_ANSWER, soloHunt } from "./hunts.ts";
import { Receiver } from "./receiver.ts";

const VARS = {
  RATE_LIMITS: "off",
  SHARDS_PER_REGION: "2",
  LOOKUP_LIMIT_MS: "5000",
  LOOKUP_NEGATIVE_MS: "1000",
};
const HUNT = "carried";

let engine: Engine;
let other: Engine;
let receiver: Receiver;
let client: Client;
let there: Client;

/** The file, and the hunt as it was then. */
let backup: string;
let owls: Player;
let mate: Player;
let larks: Player;
let before: Seen;
let threads: Threads["threads"];
let restoredAt: number;

interface Codes {
  codes: { clue: string; code: string }[];
}

interface Seen {
  board: unknown;
  me: Record<string, unknown>;
  winners: unknown[];
  codes: unknown;
  facts: unknown[];
  audit: unknown[];
}

const definition = (): object =>
  everyOutcome({
    prizes: [
      { id: "lamp", title: "A lamp", mode: "first-come", stock: 3, perTeam: 2, requires: { solved: "cave" } },
      { id: "luck", title: "Luck", mode: "odds", stock: 5, odds: 1 },
    ],
    join: { fields: [{ id: "mail", label: "Mail", kind: "email", once: true }] },
    help: { perTeam: 2, about: "anything" },
    webhooks: [{ id: "chat", url: receiver.url("/chat"), on: ["joined", "solved", "won", "help", "phase"] }],
  });

const path = (rest: string): string => `/v1/hunts/${HUNT}${rest}`;

async function seen(of: Client): Promise<Seen> {
  const audit = await of.organise<{ entries: { action: string }[] }>("GET", path("/audit?limit=1000"));
  const winners = await Promise.all(
    ["lamp", "luck"].map(async (prize) => (await of.organise("GET", path(`/prizes/${prize}/winners`))).body),
  );
  const { codes } = (await of.organise<Codes>("GET", path("/codes"))).body;
  return {
    board: await boardOf(of),
    me: withoutNow((await of.me({ ...owls })) as unknown as Record<string, unknown>),
    winners,
    codes: codes.map(({ clue, code }) => ({ clue, code })),
    facts: await of.export(HUNT),
    audit: audit.body.entries.filter(
      ({ action }) => !["export", "import", "winners", "codes"].includes(action),
    ),
  };
}

async function boardOf(of: Client): Promise<unknown> {
  const { entries, total } = await of.board(HUNT);
  return { entries, total };
}

/** What stands for the engine, or for the moment. */
function withoutNow({ hunt, asOf: _, ...me }: Record<string, unknown>): Record<string, unknown> {
  const { phase: __, version, ...rest } = (hunt ?? {}) as Record<string, unknown>;
  return { ...me, hunt: { ...rest, version }, now: undefined, phase: undefined };
}

function restore(text: string, hunt = HUNT, token?: string): Promise<Answer<Imported>> {
  return there.call("POST", `/v1/hunts/${hunt}/import`, {
    token: token ?? there.organiserToken,
    body: text,
    type: "application/x-ndjson",
  });
}

const join = async (of: Client, name: string, team: object, mail: string): Promise<Player> =>
  of.join(HUNT, { name, team, fields: { mail } } as never);

/** The file with one line changed, and the last line as it would be then. */
function changed(change: (lines: string[]) => void): string {
  const lines = linesOf(backup).slice(0, -1);
  change(lines);
  const all = lines.map((line) => `${line}\n`).join("");
  const sha256 = createHash("sha256").update(all).digest("hex");
  return `${all}${JSON.stringify({ type: "end", lines: lines.length, sha256 })}\n`;
}

beforeAll(async () => {
  receiver = await Receiver.start();
  const vars = { ...VARS, WEBHOOK_ALLOW: receiver.host };
  engine = await startEngine({ vars });
  other = await startEngine({ vars });
  [client, there] = await Promise.all([Client.of(engine), Client.of(other)]);
});
afterAll(async () => {
  await Promise.all([engine?.stop(), other?.stop()]);
  receiver?.stop();
});

const ask = (of: Client, player: Player, words: string, clue?: string) =>
  of.call<ThreadMade>("POST", path("/threads"), {
    token: player.token,
    json: { text: words, ...(clue === undefined ? {} : { clue }) },
  });

async function threadsOf(of: Client, player: Player): Promise<Threads["threads"]> {
  return (await of.call<Threads>("GET", path("/threads"), { token: player.token })).body.threads;
}

const deliveries = async (of: Client): Promise<{ type: string; at: string }[]> => {
  const told = await of.organise<Webhooks>("GET", path("/webhooks"));
  return told.body.deliveries;
};

describe("a backup", () => {
  test("[EXP-10] is all of a hunt, in lines that end with their hash; for owners alone, and in the audit", {
    timeout: 60_000,
  }, async () => {
    await client.publish(HUNT, definition());
    owls = await join(client, "Ada", { create: "Night Owls", bracket: "locals" }, "ada@example.org");
    mate = await join(client, "Ben", { join: owls.team.joinCode }, "ben@example.org");
    larks = await join(client, "Cem", { create: "Larks" }, "cem@example.org");
    const rooks = await join(client, "Dan", { create: "Rooks" }, "dan@example.org");
    const { body: codes } = await client.organise<Codes>("GET", path("/codes"));
    const chest = codes.codes.find(({ clue }) => clue === "chest")?.code ?? "";
    await client.play(
      owls,
      { id: "a1", type: "answer", clue: "cave", answer: "sesame" },
      { id: "a2", type: "answer", clue: "cave", answer: SECRET_ANSWER },
      { id: "s1", type: "scan", code: chest },
      { id: "c1", type: "claim", prize: "lamp" },
      { id: "c2", type: "claim", prize: "luck" },
    );
    await client.play(
      mate,
      { id: "h1", type: "hint", clue: "cave", hint: "free" },
      { id: "p1", type: "checkin", clue: "pier", position: NEAR_PIER },
      { id: "p2", type: "checkin", clue: "pier", position: PIER },
    );
    await client.play(larks, { id: "a1", type: "answer", clue: "cave", answer: SECRET_ANSWER });
    await client.play(larks, { id: "c1", type: "claim", prize: "lamp" });
    await client.play(rooks, { id: "a1", type: "answer", clue: "cave", answer: "wrong" });
    const act = async (team: Player, what: string, body: object): Promise<void> => {
      const answer = await client.organise("POST", path(`/teams/${team.team.id}/${what}`), body);
      expect(answer.status, answer.text).toBeLessThan(300);
    };
    await act(larks, "awards", { points: 25, reason: "kindness" });
    await act(owls, "solves/pier/undo", { reason: "they were not there" });
    await act(rooks, "ban", { reason: "shared answers" });
    const asked = (await ask(client, mate, "Which pier?", "pier")).body.thread.id;
    const replied = await client.organise("POST", path(`/help/${asked}/messages`), {
      text: "The northern one.",
    });
    expect(replied.status, replied.text).toBe(200);
    await ask(client, owls, "Is there tea?");
    threads = await threadsOf(client, owls);
    expect(threads).toHaveLength(2);
    const gone = await join(client, "Eve", { join: owls.team.joinCode }, "eve@example.org").catch(
      () => undefined,
    );
    expect(gone).toBeUndefined(); // a team has two
    await client.organise("POST", path("/announcements"), {
      text: "To the locals",
      to: { bracket: "locals" },
    });
    await expect.poll(async () => (await client.board(HUNT)).total).toBe(2);
    before = await seen(client);

    const { status, text } = await client.organise<string>("GET", path("/export?format=backup"));
    expect(status).toBe(200);
    backup = text;
    const lines = linesOf(text).map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines[0]).toMatchObject({ format: "hunt-export", version: 1, hunt: HUNT, phase: "live" });
    const last = lines.at(-1);
    const all = text.slice(0, text.lastIndexOf("\n", text.length - 2) + 1);
    expect(last).toEqual({
      type: "end",
      lines: lines.length - 1,
      sha256: createHash("sha256").update(all).digest("hex"),
    });
    expect(text).toContain(chest);
    expect(text).toContain("Ada");

    for (const role of ["viewer", "judge", "operator", "editor"] as const) {
      const token = await mintOrganiserToken(engine.secrets, Date.now(), { name: role, roles: [role] });
      expectProblem(await client.call("GET", path("/export?format=backup"), { token }), "forbidden");
    }
    const audit = await client.organise("GET", path("/audit"));
    expect(audit.text).toContain('"format":"backup"');
  });
});

describe("what is no whole backup", () => {
  const refused = async (
    text: string,
    words: string,
    code: "invalid" | "forbidden" = "invalid",
  ): Promise<void> => {
    const { detail } = expectProblem(await restore(text), code);
    expect(detail).toContain(words);
  };

  test("[EXP-11] is refused with its line: the plain export, another version, another hunt, a cut or changed file", async () => {
    const plain = await client.organise<string>("GET", path("/export"));
    await refused(plain.text, "line 1: this is the plain export");
    await refused(plain.text, "?format=backup");
    await refused(backup.replace('"version":1', '"version":2'), "line 1: the file is of version 2");
    await refused(`{"format":"else","version":1}\n`, "line 1");
    expectProblem(await restore(backup, "elsewhere"), "invalid");
    const lines = linesOf(backup);
    const cut = lines.slice(0, -3).join("\n");
    await refused(cut, `line ${lines.length - 3}: the file ends here`);
    const without = lines.toSpliced(-2, 1).join("\n");
    await refused(without, `line ${lines.length - 1}: the lines before are not those`);
    await refused(`${backup}{"type":"names","names":[]}\n`, `line ${lines.length + 1}: this comes behind`);
    await refused(
      changed((all) => {
        const at = all.findIndex((line) => line.startsWith('{"type":"facts"'));
        all[at] = all[at]?.replace('"outcome":"nudge"', '"outcome":"correct"') ?? "";
        if (!all[at]?.includes('"correct"')) all[at] = all[at]?.replace('"at":', '"at":1') ?? "";
      }),
      "are not as they were recorded",
    );
    await refused(
      changed((all) => {
        const at = all.findIndex((line) => line.startsWith('{"type":"persons"'));
        all[at] = all[at]?.replace(/"name":"(\w+)"/, '"name":"Mallory"') ?? "";
      }),
      "not those that its facts commit to",
    );
  });

  test("[EXP-12] leaves nothing in use: the half restored hunt refuses players and organisers", async () => {
    expectProblem(
      await there.call("POST", path("/players"), {
        json: { name: "Fay", team: { create: "Fays" }, fields: { mail: "f@example.org" } },
      }),
      "unavailable",
    );
    expectProblem(await there.organise("POST", path("/phase"), { phase: "live" }), "conflict");
    expectProblem(await there.organise("PUT", path(""), definition()), "conflict");
    expectProblem(await there.organise("GET", path("/export?format=backup")), "conflict");
  });

  test("[EXP-13] is not taken from anybody but an owner, nor where there is a hunt in use", async () => {
    for (const role of ["operator", "editor"] as const) {
      const token = await mintOrganiserToken(other.secrets, Date.now(), { name: role, roles: [role] });
      expectProblem(await restore(backup, HUNT, token), "forbidden");
    }
    const back = await client.call("POST", path("/import"), {
      token: client.organiserToken,
      body: backup,
      type: "application/x-ndjson",
    });
    expectProblem(back, "conflict");
  });
});

describe("a hunt that is restored", () => {
  const returned = async (player: Player): Promise<Player> => {
    const code = await there.organise<{ returnCode: string }>(
      "POST",
      path(`/teams/${player.team.id}/members/${player.id}/return`),
      { reason: "a new engine" },
    );
    expect(code.status, code.text).toBe(201);
    const { body } = await there.call<Joined>("POST", path("/sessions"), {
      json: { returnCode: code.body.returnCode },
    });
    return { ...player, token: body.token };
  };

  test("[EXP-14] is what it was: standings, teams, winners and their codes, printed codes, facts, audit; it is paused", {
    timeout: 60_000,
  }, async () => {
    restoredAt = Date.now();
    const { status, body, text } = await restore(backup);
    expect(status, text).toBe(200);
    expect(body).toMatchObject({ rejected: [], restored: { phase: "paused", version: 1 } });
    expect((await there.call<Hunt>("GET", path(""))).body.phase).toBe("paused");
    await expect.poll(async () => (await there.board(HUNT)).total).toBe(2);
    expect(await there.verify(HUNT)).toMatchObject({ facts: before.facts.length, teams: 3 });
    owls = await returned(owls);
    const after = await seen(there);
    expect(after.board).toEqual(before.board);
    expect(after.winners).toEqual(before.winners);
    expect(after.codes).toEqual(before.codes);
    // That the player came back is new.
    expect(after.facts).toHaveLength(before.facts.length + 1);
    for (const fact of before.facts) expect(after.facts).toContainEqual(fact);
    for (const entry of before.audit) expect(after.audit).toContainEqual(entry);
  });

  test("[EXP-15] is played on: printed codes scan, join codes lead to their teams, an event of before is a duplicate, names are taken", {
    timeout: 60_000,
  }, async () => {
    await there.setPhase(HUNT, "live");
    const me = { ...(await there.me(owls)) } as Record<string, unknown>;
    for (const part of ["team", "clues", "announcements"]) expect(me[part], part).toEqual(before.me[part]);
    // How many are left a shard hears with the first claim.
    const prizesOf = (of: Record<string, unknown>): unknown[] =>
      (of.prizes as { left?: number }[]).map(({ left: _, ...prize }) => prize);
    expect(prizesOf(me)).toEqual(prizesOf(before.me));
    const repeated = await there.playOne(owls, {
      id: "a2",
      type: "answer",
      clue: "cave",
      answer: SECRET_ANSWER,
    });
    expect(repeated).toMatchObject({ outcome: "correct", clue: "cave" });
    expect(await there.export(HUNT)).toHaveLength(before.facts.length + 1);
    const won = await there.playOne(owls, { id: "c3", type: "claim", prize: "lamp" });
    expect(won).toMatchObject({ outcome: "won" });
    larks = await returned(larks);
    expect(await there.playOne(larks, { id: "c9", type: "claim", prize: "lamp" })).toMatchObject({
      outcome: "sold_out",
    });
    const { body: codes } = await client.organise<Codes>("GET", path("/codes"));
    const chest = codes.codes.find(({ clue }) => clue === "chest")?.code ?? "";
    expect(await there.playOne(larks, { id: "s1", type: "scan", code: chest })).toMatchObject({
      outcome: "correct",
      clue: "chest",
    });
    const gus = await join(there, "Gus", { join: larks.team.joinCode }, "gus@example.org");
    expect(gus.team.id).toBe(larks.team.id);
    const taken = await there.call("POST", path("/players"), {
      json: { name: "Hal", team: { create: "night owls" }, fields: { mail: "hal@example.org" } },
    });
    expectProblem(taken, "conflict");
    const again = await there.call("POST", path("/players"), {
      json: { name: "Ida", team: { create: "Idas" }, fields: { mail: "ADA@example.org" } },
    });
    expectProblem(again, "conflict");
    await there.verify(HUNT);
    const asked = await ask(there, larks, "Are we late?");
    expect(asked.status, asked.text).toBe(201);
    const twice = await there.organise<string>("GET", path("/export?format=backup"));
    expect(twice.text).toContain(chest);
    expectProblem(await restore(backup), "conflict");
  });
});

describe("what stands beside the log", () => {
  test("[EXP-40] requests for help are there as they were, and go on; their texts go with who is forgotten", async () => {
    expect(await threadsOf(there, owls)).toEqual(threads);
    const open = threads.find(({ state }) => state === "open");
    const replied = await there.organise("POST", path(`/help/${open?.id}/messages`), { text: "At five." });
    expect(replied.status, replied.text).toBe(200);
    const forgotten = path(`/teams/${mate.team.id}/members/${mate.id}/forget`);
    expect((await there.organise("POST", forgotten, { reason: "asked for it" })).status).toBe(204);
    const now = await threadsOf(there, owls);
    expect(now.find(({ id }) => id === open?.id)?.messages.at(-1)?.text).toBe("At five.");
    expect(JSON.stringify(now)).not.toContain("Which pier?");
    expect(JSON.stringify(now)).toContain("The northern one.");
  });

  test("[EXP-41] webhooks hear nothing of what was restored, and of everything since", {
    timeout: 60_000,
  }, async () => {
    // What was told on the engine of before shows that there is something to tell.
    const types = (told: { type: string }[]) => [...new Set(told.map(({ type }) => type))].sort();
    expect(types(await deliveries(client))).toEqual(["help", "joined", "phase", "solved", "won"]);
    await expect
      .poll(async () => types(await deliveries(there)), { timeout: 30_000 })
      .toEqual(["help", "joined", "phase", "solved", "won"]);
    const told = await deliveries(there);
    expect(told.filter(({ at }) => Date.parse(at) < restoredAt)).toEqual([]);
    // Gus, the request of the larks, the lamp, the chest.
    for (const type of ["joined", "help", "won", "solved"]) {
      expect(
        told.filter((each) => each.type === type),
        type,
      ).toHaveLength(1);
    }
  });

  test("[EXP-42] players whom the hunt's sign-up feed registered join where it is restored", {
    timeout: 60_000,
  }, async () => {
    const hunt = "carried-known";
    const fields = [{ id: "size", label: "Size", kind: "text", required: true }];
    await client.publish(
      hunt,
      soloHunt({ players: { require: "registered", whenOriginDown: "refuse" }, join: { fields } }),
    );
    const { body } = await client.organise<WebhookSecret>(
      "GET",
      `/v1/hunts/${hunt}/webhooks/registrations/secret`,
    );
    const message = JSON.stringify({ hunt, externalId: "K-1", name: "Ada", fields: { size: "m" } });
    const [id, now] = ["msg_1", new Date()];
    const sent = await client.call("POST", "/v1/registrations", {
      body: message,
      type: "application/json",
      headers: {
        "webhook-id": id,
        "webhook-timestamp": String(Math.floor(now.getTime() / 1_000)),
        "webhook-signature": new Webhook(body.secret).sign(id, now, message),
      },
    });
    expect(sent.body).toMatchObject({ accepted: 1 });
    const copied = () => client.organise<string>("GET", `/v1/hunts/${hunt}/export?format=backup`);
    await expect.poll(async () => (await copied()).text, { timeout: 30_000 }).toContain("K-1");
    const { text } = await copied();
    const line = linesOf(text).find((each) => each.startsWith('{"type":"registrations"'));
    expect(JSON.parse(line ?? "")).toMatchObject({
      registrations: [{ externalId: "K-1", name: "Ada", fields: [{ id: "size", value: "m" }] }],
    });
    const restored = await restore(text, hunt);
    expect(restored.status, restored.text).toBe(200);
    await there.setPhase(hunt, "live");
    const joined = () =>
      there.call("POST", `/v1/hunts/${hunt}/players`, { json: { name: "Ada", externalId: "K-1" } });
    await expect.poll(async () => (await joined()).status, { timeout: 40_000, interval: 1_000 }).toBe(201);
  });

  test("[EXP-14] a winner's code goes along when who won is moved to another shard", {
    timeout: 60_000,
  }, async () => {
    const winnersOf = async () =>
      (
        await there.organise<{ winners: { player: string; team: string; code: string }[] }>(
          "GET",
          path("/prizes/lamp/winners"),
        )
      ).body.winners;
    const won = (await winnersOf()).filter(({ player }) => player === owls.id);
    expect(won).toHaveLength(2);
    const placeOf = ({ team }: Player) => team.id.split("-").slice(0, 2).join("-");
    let target = larks;
    for (let n = 0; n < 20 && (n === 0 || placeOf(target) === placeOf(owls)); n += 1) {
      target = await join(there, `Kit ${n}`, { create: `Kites ${n}` }, `kit${n}@example.org`);
    }
    expect(placeOf(target)).not.toBe(placeOf(owls));
    const moved = await there.organise("POST", path(`/teams/${owls.team.id}/members/${owls.id}/move`), {
      to: target.team.id,
      reason: "a test",
    });
    expect(moved.status, moved.text).toBe(200);
    // Winners are told by the team that won; the player shows its codes in the team of now.
    expect((await winnersOf()).filter(({ player }) => player === owls.id)).toEqual(won);
    const renewed = await there.call<{ token: string }>("POST", path("/sessions/renew"), {
      token: owls.token,
    });
    expect(renewed.status, renewed.text).toBe(200);
    const me = await there.me({ ...owls, token: renewed.body.token });
    expect(me.team.id).toBe(target.team.id);
    for (const { code } of won) expect(JSON.stringify(me)).toContain(code);
  });
});

describe("the command line", () => {
  let folder: string;

  beforeAll(() => {
    folder = mkdtempSync(joinPath(tmpdir(), "hunt-backup-"));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  async function run(of: Client, ...words: string[]): Promise<{ exit: number; told: string }> {
    const told: string[] = [];
    const sink = new Writable({
      write(chunk: Buffer, _, done) {
        told.push(chunk.toString("utf8"));
        done();
      },
    });
    const around = {
      stdin: Readable.from([]),
      stdout: sink,
      stderr: sink,
      env: { HUNT_TOKEN: of.organiserToken },
    };
    const exit = await main([...words, "--url", of.url.href], around);
    return { exit, told: told.join("") };
  }

  test("[EXP-16] writes a folder with a manifest, and restores none that differs from it", {
    timeout: 60_000,
  }, async () => {
    await client.publish("small", manyClues(2), "draft");
    const put = await client.call("PUT", "/v1/hunts/small/assets/plan.png", {
      token: client.organiserToken,
      body: png(),
      type: "image/png",
    });
    expect(put.status, put.text).toBe(201);
    await client.setPhase("small", "live");
    const ravens = await client.team("small", "Ravens");
    await client.playOne(ravens, { id: "a", type: "answer", clue: "c0", answer: "right 0" });
    const target = joinPath(folder, "small");
    expect(await run(client, "backup", "small", target)).toMatchObject({ exit: 0 });
    const again = await run(client, "backup", "small", target);
    expect(again).toMatchObject({ exit: 1, told: expect.stringContaining("has a backup already") });
    const manifest = JSON.parse(readFileSync(joinPath(target, "manifest.json"), "utf8"));
    expect(manifest).toMatchObject({
      hunt: "small",
      files: [{ path: "hunt.ndjson" }, { path: "assets/plan.png" }],
    });

    const picture = joinPath(target, "assets", "plan.png");
    const bytes = readFileSync(picture);
    writeFileSync(picture, bytes.with(20, (bytes[20] ?? 0) ^ 1));
    const wrong = await run(there, "restore", target);
    expect(wrong).toMatchObject({
      exit: 1,
      told: expect.stringContaining("assets/plan.png has other bytes"),
    });
    writeFileSync(picture, bytes);
    rmSync(joinPath(target, "manifest.json"));
    expect(await run(there, "restore", target)).toMatchObject({ exit: 1 });
    writeFileSync(joinPath(target, "manifest.json"), JSON.stringify(manifest));
    const done = await run(there, "restore", target);
    expect(done.told).toContain("small is restored and paused: 2 facts, 1 file, version 1");
    expect(done.exit).toBe(0);
    const files = await there.organise<{ assets: { name: string }[] }>("GET", "/v1/hunts/small/assets");
    expect(files.body.assets).toMatchObject([{ name: "plan.png" }]);
    const { told } = await run(there, "restore", target);
    expect(told).toContain("a backup is restored into an empty draft");
    expect((await run(there, "restore", joinPath(folder, "nowhere"))).exit).toBe(2);
  });
});
