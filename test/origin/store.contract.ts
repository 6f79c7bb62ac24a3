/** What every driver of `OriginStore` must do: one suite, run on each database. */
import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { bodyOf } from "../../src/control/repair.ts";
import { OriginRejected, REGISTRATIONS_MAX, type Registration } from "../../src/origin/store.ts";
import type { Fact } from "../../src/protocol.ts";
import { seeded } from "../hunt/random.ts";
import type { Dump, TestDatabase } from "./databases.ts";
import { cut, expectedOf, HUNT, message, randomLog, SHARD, shipAnyhow, shuffled, TEXTS } from "./messages.ts";

/** For hundreds of calls on a database, ms. */
const LONG = 60_000;

/** Everything but how the archive is cut. */
const derived = ({ segment: _, ...rest }: Dump) => rest;

export function originContract(driver: "d1" | "postgres", open: () => Promise<TestDatabase>): void {
  describe(`the origin on ${driver}`, () => {
    let database: TestDatabase;
    const origin = () => database.origin;
    const applyAll = async (messages: Parameters<TestDatabase["origin"]["apply"]>[0][]) => {
      for (const each of messages) await origin().apply(each);
    };

    beforeAll(async () => {
      database = await open();
    });
    beforeEach(() => database.clear());
    afterAll(() => database?.close());

    test("says which it is", () => expect(origin().driver).toBe(driver));

    test("[ORIGIN-1] messages again, and in another order, leave the same rows to the byte", async () => {
      const messages = cut(randomLog(seeded(1), 120), 11);
      await applyAll(messages);
      const once = await database.dump();
      expect(once.fact).toHaveLength(120);
      await applyAll(messages);
      expect(await database.dump()).toEqual(once);
      for (const seed of [2, 3, 4]) {
        await database.clear();
        await applyAll(shuffled(seeded(seed), [...messages, ...messages]));
        expect(await database.dump()).toEqual(once);
      }
    });

    test(
      "[ORIGIN-1] [ORIGIN-2] any log, shipped anyhow, gives the facts, rows, sums and teams of the log",
      { timeout: LONG },
      () =>
        fc.assert(
          fc.asyncProperty(fc.nat(), fc.integer({ min: 1, max: 60 }), async (seed, length) => {
            const draw = seeded(seed);
            const log = randomLog(draw, length);
            await database.clear();
            await origin().apply(message(1, log));
            const whole = await database.dump();
            expect(whole.fact.map((row) => row.body)).toEqual(JSON.parse(JSON.stringify(log)));
            await database.clear();
            await applyAll(shipAnyhow(draw, log));
            expect(derived(await database.dump())).toEqual(derived(whole));
            const { sums, teams } = expectedOf(log);
            expect(await origin().sums(HUNT, SHARD)).toEqual(sums);
            expect(await origin().teams(HUNT, SHARD, "", 1_000)).toEqual(teams);
          }),
          { numRuns: 30 },
        ),
    );

    test("[DEL-7] a hunt is deleted in bounded steps, and no other loses a row", async () => {
      const others = randomLog(seeded(8), 40);
      await origin().apply(message(1, others, SHARD, "other"));
      const rest = await database.dump();
      await applyAll(cut(randomLog(seeded(9), 120), 1));
      await origin().apply(message(1, randomLog(seeded(10), 40, "enam-1"), "enam-1"));
      let calls = 1;
      while (!(await origin().eraseHunt(HUNT))) calls += 1;
      expect(calls).toBe(3);
      expect(await database.dump()).toEqual(rest);
      expect(await origin().eraseHunt(HUNT), "again").toBe(true);
      expect(await origin().eraseHunt("never")).toBe(true);
      expect(await database.dump()).toEqual(rest);
      expect((await origin().sums(HUNT, SHARD)).facts).toBe(0);
      const names =
        driver === "d1"
          ? "SELECT name FROM sqlite_master WHERE type = 'table' AND sql LIKE '%hunt TEXT%'"
          : `SELECT table_name AS name FROM information_schema.columns JOIN information_schema.tables
             USING (table_schema, table_name) WHERE column_name = 'hunt' AND table_type = 'BASE TABLE'`;
      const rowsOf = async (query: string): Promise<{ name?: string }[]> => {
        const told = (await database.run(query)) as object[][] | { rows: object[] };
        return Array.isArray(told) ? told.flat() : told.rows;
      };
      const tables = await rowsOf(names);
      expect(tables.length).toBeGreaterThan(4);
      for (const { name } of tables) {
        expect(await rowsOf(`SELECT 1 AS one FROM ${name} WHERE hunt = '${HUNT}'`), name).toEqual([]);
      }
    });

    test("[LOG-5] facts come back as they were sent, of any range and however they were cut", async () => {
      const log = randomLog(seeded(9), 60);
      await applyAll(cut(log, 7));
      await applyAll(cut(log, 11));
      for (const [first, last] of [
        [1, 60],
        [7, 8],
        [60, 60],
      ] as const) {
        const lists = await origin().facts(HUNT, SHARD, first, last);
        const wanted = log.slice(first - 1, last).map((fact) => JSON.stringify(fact));
        expect(bodyOf(lists, { first, last })).toBe(wanted.join(","));
      }
      expect(bodyOf(await origin().facts(HUNT, SHARD, 60, 61), { first: 60, last: 61 })).toBeUndefined();
      expect(await origin().facts(HUNT, "other", 1, 60)).toEqual([]);
    });

    test("[ORIGIN-1] messages applied at the same time leave the same rows", async () => {
      const messages = cut(randomLog(seeded(5), 200), 7);
      await applyAll(messages);
      const once = await database.dump();
      await database.clear();
      await Promise.all(shuffled(seeded(6), [...messages, ...messages]).map((each) => origin().apply(each)));
      expect(await database.dump()).toEqual(once);
    });

    test("[ORIGIN-1] a player who joined provisionally is marked so, whatever comes again", async () => {
      const log = randomLog(seeded(7), 120);
      await applyAll(shuffled(seeded(8), [...cut(log, 3), ...cut(log, 5)]));
      const joined = log.filter((fact) => fact.type === "join");
      const rows = (await database.dump()).player;
      for (const { player, provisional = false } of joined) {
        expect(rows.find((row) => row.id === player)).toMatchObject({ provisional });
      }
      expect(new Set(rows.map((row) => row.provisional))).toEqual(new Set([true, false]));
    });

    test("[COR-7] of a team and clue the latest fact counts, whatever comes again; what was taken back is in no row", async () => {
      const about = { team: `${SHARD}-0-abcde`, at: 1_000 };
      const by = { ...about, reason: "r", score: 0 };
      const played = { ...about, player: "p", type: "answer", outcome: "correct" } as const;
      const log: Fact[] = [
        { ...about, seq: 1, type: "join", player: "p", name: "P", event: "j", created: { name: "T" } },
        { ...played, seq: 2, event: "e", clue: "a", points: 10, score: 10 },
        { ...played, seq: 3, event: "f", clue: "b", points: 10, score: 20 },
        { ...by, seq: 4, type: "unsolve", clue: "a", points: 10 },
        { ...by, seq: 5, type: "solve", clue: "b", solvedAt: 500, points: 7, instead: 10, player: "q" },
        { ...by, seq: 6, type: "solve", clue: "c", solvedAt: 600, points: 5 },
        { ...by, seq: 7, type: "unsolve", clue: "c", points: 5 },
        { ...played, seq: 8, event: "g", clue: "c", points: 4, score: 11 },
      ];
      const row = { hunt: HUNT, shard: SHARD, team: about.team };
      const rows = [
        { ...row, clue: "b", seq: 5, at: 500, points: 7, player: "q" },
        { ...row, clue: "c", seq: 8, at: 1_000, points: 4, player: "p" },
      ];
      for (const seed of [1, 2, 3, 4]) {
        for (const size of [1, 3, 8]) {
          await database.clear();
          await applyAll(shuffled(seeded(seed), [...cut(log, size), ...cut(log, size)]));
          expect((await database.dump()).solve).toEqual(rows);
          expect(await origin().sums(HUNT, SHARD)).toMatchObject({ solves: 2, score: 11 });
        }
      }
      await origin().apply(message(6, log.slice(5, 6)));
      expect((await database.dump()).solve).toEqual(rows);
      const byHand = { ...by, seq: 9, type: "solve", clue: "a", solvedAt: 700, points: 3 } as const;
      await origin().apply(message(9, [byHand]));
      expect((await database.dump()).solve[0]).toEqual({
        ...row,
        clue: "a",
        seq: 9,
        at: 700,
        points: 3,
        player: "",
      });
    });

    test("[ORIGIN-2] overlapping segments count each fact once; a gap counts nothing", async () => {
      const log = randomLog(seeded(9), 30);
      const part = (first: number, last: number) => message(first, log.slice(first - 1, last));
      const facts = async () => (await origin().sums(HUNT, SHARD)).facts;
      expect(await origin().sums(HUNT, SHARD)).toEqual({
        facts: 0,
        teams: 0,
        players: 0,
        solves: 0,
        wins: 0,
        score: 0,
      });
      await applyAll([part(5, 9)]);
      expect(await facts()).toBe(5);
      await applyAll([part(7, 8), part(8, 12), part(5, 6)]);
      expect(await facts()).toBe(8);
      await applyAll([part(20, 30), part(21, 22)]);
      expect(await facts()).toBe(19);
      await applyAll([part(1, 19)]);
      expect(await facts()).toBe(30);
      expect((await database.dump()).fact.map((row) => row.seq)).toEqual(log.map(({ seq }) => seq));
    });

    test("[ORIGIN-3] pages of any size give every team of the shard once, by id, and no other shard's", async () => {
      const log = randomLog(seeded(10), 150);
      await applyAll([
        message(1, log),
        message(1, randomLog(seeded(11), 50, "weur-1"), "weur-1"),
        message(1, log, SHARD, "another"),
      ]);
      const { teams } = expectedOf(log);
      expect(teams.some((team) => team.banned) && teams.some((team) => team.hidden)).toBe(true);
      for (const size of [1, 2, 100]) {
        const found = [];
        for (let after = ""; ; ) {
          const page = await origin().teams(HUNT, SHARD, after, size);
          expect(page.length).toBeLessThanOrEqual(size);
          found.push(...page);
          const last = page.at(-1);
          if (!last) break;
          after = last.team;
        }
        expect(found).toEqual(teams);
      }
    });

    test("[ORIGIN-3] a team nobody scored for has 0 points", async () => {
      await origin().apply(message(1, randomLog(seeded(12), 1)));
      expect(await origin().teams(HUNT, SHARD, "", 10)).toMatchObject([{ players: 1, solves: 0, score: 0 }]);
    });

    test("[ORIGIN-4] a registered player is found as registered, another is not", async () => {
      const known: Registration[] = [
        { externalId: "full", name: "O'Neil 😀", locale: "pl-PL", bracket: "open", blocked: true },
        { externalId: "bare" },
        { externalId: 'it\'s; "odd" ☕' },
      ];
      await origin().register(known);
      for (const each of known) expect(await origin().registration(each.externalId)).toEqual(each);
      expect(await origin().registration("nobody")).toBeUndefined();
      expect(await origin().registration("FULL")).toBeUndefined();
    });

    test("[ORIGIN-4] registering again replaces the whole registration; of two in one call the later counts", async () => {
      await origin().register([{ externalId: "a", name: "Ann", bracket: "open", blocked: true }]);
      await origin().register([{ externalId: "a", locale: "en" }]);
      expect(await origin().registration("a")).toEqual({ externalId: "a", locale: "en" });
      await origin().register([
        { externalId: "a", name: "first" },
        { externalId: "a", name: "second" },
      ]);
      expect(await origin().registration("a")).toEqual({ externalId: "a", name: "second" });
      await origin().register([]);
      // An older word that comes late replaces no newer one.
      await origin().register([{ externalId: "a", name: "Now", at: 5 }]);
      await origin().register([{ externalId: "a", name: "Before", at: 4 }]);
      expect(await origin().registration("a")).toMatchObject({ name: "Now" });
      await origin().register([{ externalId: "a", name: "Later", at: 6 }]);
      expect(await origin().registration("a")).toMatchObject({ name: "Later" });
      // [SEC-37] A word of a clock that was an hour ahead does not stand for that hour.
      const now = Date.now();
      await origin().register([{ externalId: "a", name: "Ahead", at: now + 3_600_000 }]);
      await origin().register([{ externalId: "a", name: "Right", at: now }]);
      expect(await origin().registration("a")).toMatchObject({ name: "Right" });
    });

    test("[ORIGIN-4] takes as many registrations as one call may have, and refuses more", async () => {
      const many = Array.from({ length: REGISTRATIONS_MAX }, (_, index) => ({ externalId: `p${index}` }));
      await origin().register(many);
      expect((await database.dump()).registration).toHaveLength(REGISTRATIONS_MAX);
      await expect(origin().register([...many, { externalId: "more" }])).rejects.toBeInstanceOf(
        OriginRejected,
      );
      expect(await origin().registration("more")).toBeUndefined();
    });

    const registrationsOf = async () =>
      ((await database.dump()).registration ?? []).map((row) => (row as { external_id: string }).external_id);

    test("[PD-5] a registration that was taken back stays so, whatever of before comes later", async () => {
      const [a, b] = [
        { externalId: "a", digest: "da" },
        { externalId: "b", digest: "db" },
      ];
      const now = Date.now();
      await origin().register([
        { ...a, at: now - 10 },
        { ...b, at: now - 10 },
      ]);
      await origin().unregister([a], now);
      expect(await registrationsOf()).toEqual(["b"]);
      // On its way when it was taken back, and once more; then the taking back, once more.
      await origin().register([{ ...a, name: "Before", at: now - 5 }, b]);
      await origin().unregister([a], now - 7);
      await origin().register([{ ...a, name: "Before", at: now }]);
      expect(await registrationsOf()).toEqual(["b"]);
      await origin().register([{ ...a, name: "Again", at: now + 1 }]);
      expect(await origin().registration("a")).toMatchObject({ name: "Again" });
      await origin().unregister([a], now);
      expect(await registrationsOf()).toEqual(["a", "b"]);
      // By a clock that was an hour ahead.
      await origin().register([{ ...b, at: now + 3_600_000 }]);
      await origin().unregister([b], now + 2);
      await origin().register([{ ...b, at: now + 3_600_000 }]);
      expect(await registrationsOf()).toEqual(["a"]);
      await origin().unregister([], now);
    });

    test("[HOOK-40] fields of a sign-up: the later word counts; they go with the hunt, and with who is forgotten", async () => {
      const now = Date.now();
      const of = (externalId: string, hunt: string, at: number, value?: string) => ({
        externalId,
        digest: `d${externalId}`,
        at,
        name: "Ann",
        signUp: { hunt, fields: value === undefined ? [] : [{ id: "size", value }] },
      });
      await origin().register([
        of("a", HUNT, now - 9, "m"),
        of("a", "other", now - 9, "x"),
        of("b", HUNT, now - 9, "l"),
        { externalId: "c", digest: "dc", at: now - 9 },
      ]);
      await origin().register([of("a", HUNT, now - 10, "before")]);
      expect(await origin().signUp(HUNT, "a")).toEqual([{ id: "size", value: "m" }]);
      expect(await origin().signUp(HUNT, "c")).toEqual([]);
      await origin().register([of("b", HUNT, now - 8)]);
      expect(await origin().signUps(HUNT, "", 5)).toEqual([
        {
          externalId: "a",
          name: "Ann",
          at: now - 9,
          signUp: { hunt: HUNT, fields: [{ id: "size", value: "m" }] },
        },
        { externalId: "b", name: "Ann", at: now - 8, signUp: { hunt: HUNT, fields: [] } },
      ]);
      expect(await origin().signUps(HUNT, "a", 5)).toHaveLength(1);
      await origin().unregister([{ externalId: "a", digest: "da" }], now);
      await origin().register([of("a", HUNT, now - 1, "late")]);
      expect(await origin().signUp(HUNT, "a")).toEqual([]);
      expect(await origin().signUp("other", "a")).toEqual([]);
      while (!(await origin().eraseHunt(HUNT)));
      expect(await origin().signUps(HUNT, "", 5)).toEqual([]);
      expect(await origin().registration("b")).toMatchObject({ name: "Ann" });
    });

    test("[PD-5] names of who is forgotten are gone, in whatever order the messages come", async () => {
      const head = { at: 1, team: `${SHARD}-0-abcde` };
      const alone = { at: 1, team: `${SHARD}-1-abcde`, player: "p3" };
      const log = [
        { ...head, seq: 1, type: "join", player: "p1", name: "Ada", event: "e1", externalId: "x1" },
        { ...head, seq: 2, type: "join", player: "p2", name: "Ben", event: "e2", externalId: "x2" },
        { ...alone, seq: 3, type: "join", name: "Cleo", event: "e3", created: { name: "Cleo" } },
        { ...alone, seq: 4, type: "rename", name: "Cleopatra" },
        { ...head, seq: 5, type: "forget", player: "p1", why: "asked" },
        { ...alone, seq: 6, type: "forget", why: "asked", alone: true },
        { at: 1, team: alone.team, seq: 7, type: "rename", name: "By an organiser", reason: "r" },
      ] as unknown as Fact[];
      const first = log[0];
      if (first?.type === "join") first.created = { name: "Owls", joinCode: "X" };
      const messages = [message(1, log.slice(0, 2)), message(3, log.slice(2, 4)), message(5, log.slice(4))];
      for (const seed of [1, 2, 3, 4, 5, 6]) {
        await database.clear();
        await applyAll(shuffled(seeded(seed), [...messages, ...messages]));
        const { player, team, mark } = await database.dump();
        expect(player).toMatchObject([
          { id: "p1", name: "–", external_id: null },
          { id: "p2", name: "Ben", external_id: "x2" },
          { id: "p3", name: "–" },
        ]);
        expect(team).toMatchObject([{ name: "Owls" }, { name: "–" }]);
        expect(mark).toContainEqual(expect.objectContaining({ kind: "name", reason: "By an organiser" }));
        expect(JSON.stringify({ player, team, mark })).not.toMatch(/Ada|Cleo/);
      }
      await database.clear();
      await applyAll(messages.slice(0, 2));
      await origin().apply(message(5, log.slice(4, 6)));
      const { mark } = await database.dump();
      expect(mark).toContainEqual(expect.objectContaining({ kind: "name", reason: "–" }));
      expect(await origin().sums(HUNT, SHARD)).toMatchObject({ players: 3, teams: 2 });
    });

    const head = { seq: 2, at: 1, team: "weur-0-0-abcde" };
    const ban = { ...head, type: "ban", reason: "x" };
    const solve = {
      ...head,
      type: "answer",
      outcome: "correct",
      player: "p",
      event: "e",
      clue: "c",
      points: 1,
    };
    test.each<[string, object]>([
      ["a fraction for points", { ...solve, points: 2.5 }],
      ["a text for points", { ...solve, points: "ten" }],
      ["a number too large", { ...solve, points: 1e300 }],
      ["a solve without a clue", { ...solve, clue: undefined }],
      ["no team", { ...ban, team: null }],
      ["no time", { ...ban, at: Number.NaN }],
      ["a text for a time", { ...ban, at: "now" }],
      ["a fraction for a score", { ...solve, score: 0.1 }],
      ["a player without a name", { ...head, type: "join", player: "p", event: "e" }],
    ])("[ORIGIN-5] refuses %s, with all of its message", async (_, bad) => {
      const [join] = randomLog(seeded(13), 1) as [Fact];
      const refused = origin().apply(message(1, [join, bad as Fact]));
      await expect(refused).rejects.toBeInstanceOf(OriginRejected);
      expect(await database.dump()).toMatchObject({ segment: [], team: [], player: [] });
      await origin().apply(message(1, [join]));
      expect(await origin().sums(HUNT, SHARD)).toMatchObject({ facts: 1, teams: 1 });
    });

    test.each<[string, number, number[]]>([
      ["no facts", 1, []],
      ["a gap", 1, [1, 3]],
      ["another first", 2, [1, 2]],
    ])("[ORIGIN-5] refuses a message with %s", async (_, first, seqs) => {
      const facts = seqs.map((seq) => ({ ...ban, seq }) as Fact);
      await expect(origin().apply(message(first, facts))).rejects.toBeInstanceOf(OriginRejected);
      expect((await database.dump()).segment).toEqual([]);
    });

    test("[ORIGIN-6] a database without the tables is not well, which is no refusal", async () => {
      await database.run("ALTER TABLE player RENAME TO away");
      const error = await origin()
        .apply(message(1, randomLog(seeded(14), 40)))
        .catch((failure: unknown) => failure);
      await database.run("ALTER TABLE away RENAME TO player");
      expect(error).toBeInstanceOf(Error);
      expect(error).not.toBeInstanceOf(OriginRejected);
      expect((await database.dump()).segment).toEqual([]);
    });

    test("[ORIGIN-7] a call whose signal is aborted already does nothing", async () => {
      const signal = AbortSignal.abort(new Error("given up"));
      await expect(origin().apply(message(1, randomLog(seeded(15), 3)), signal)).rejects.toThrow("given up");
      await expect(origin().registration("a", signal)).rejects.toThrow("given up");
      expect((await database.dump()).segment).toEqual([]);
    });

    test("[ORIGIN-9] texts come back as they were", async () => {
      const long = "long ☕ ".repeat(10_000);
      const facts = [...TEXTS, long].map(
        (text, index): Fact => ({
          type: "join",
          seq: index + 1,
          at: 1,
          team: `weur-0-${index}-abcde`,
          player: `p${index}`,
          name: text,
          event: "e",
          externalId: text,
          created: { name: text, bracket: text },
        }),
      );
      await origin().apply(message(1, facts, SHARD, TEXTS[4]));
      const { team, player, fact } = await database.dump();
      expect(fact.map((row) => row.body)).toEqual(facts);
      const byNumber = (a: { id?: unknown }, b: { id?: unknown }) =>
        String(a.id).localeCompare(String(b.id), "en", { numeric: true });
      expect(team.sort(byNumber).map((row) => row.name)).toEqual([...TEXTS, long]);
      expect(team.map((row) => row.bracket)).toEqual([...TEXTS, long]);
      expect(player.sort(byNumber).map((row) => row.external_id)).toEqual([...TEXTS, long]);
      expect(team[0]?.hunt).toBe(TEXTS[4]);
    });

    test("[ORIGIN-9] what no database stores becomes U+FFFD, and the rest stays", async () => {
      const [join] = randomLog(seeded(16), 1) as [Fact & { type: "join" }];
      await origin().apply(message(1, [{ ...join, name: "a\0b \ud83d c \\u0000 \\ud800 😀" }]));
      await origin().register([{ externalId: "a\0b", name: "\udead" }]);
      const { player, fact } = await database.dump();
      expect(player[0]?.name).toBe("a\ufffdb \ufffd c \\u0000 \\ud800 😀");
      expect(fact[0]?.body).toMatchObject({ name: player[0]?.name });
      expect(await origin().registration("a\0b")).toEqual({ externalId: "a\ufffdb", name: "\ufffd" });
    });

    test("[ORIGIN-9] seqs and times up to 2^53 keep every digit", async () => {
      const [join] = randomLog(seeded(17), 1) as [Fact];
      const seq = Number.MAX_SAFE_INTEGER - 1;
      await origin().apply(message(seq, [{ ...join, seq, at: seq }]));
      expect((await database.dump()).segment).toMatchObject([{ first: seq, last: seq }]);
      expect((await database.dump()).team).toMatchObject([{ joined_at: seq }]);
      expect(await origin().sums(HUNT, SHARD)).toMatchObject({ facts: 1 });
    });
  });
}
