/** What the shard's tests in workerd share: publishing, joining, commands, looking inside. */
import { applyD1Migrations, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { vi } from "vitest";
import { type Clock, systemClock } from "../../src/clock.ts";
import type { Me } from "../../src/contract/me.ts";
import type { Refusal } from "../../src/errors.ts";
import type { Phase } from "../../src/hunt/phase.ts";
import { COMPARE_MODES, commandOf } from "../../src/intake/digest.ts";
import { objectName } from "../../src/objects/ids.ts";
import { type Look, type ToldPair, toldOf } from "../../src/objects/looks.ts";
import type { Joined } from "../../src/objects/shard.ts";
import { whole } from "../../src/people/personal.ts";
import type { Command, Fact, PlayerEvent, Result, Results } from "../../src/protocol.ts";
import { currentKey } from "../../src/secrets.ts";
import { chainHash, NO_HASH } from "../../src/shard/chain.ts";
import { HuntShard } from "../../src/shard/object.ts";

const migrationFiles = import.meta.glob<string>("../../migrations/d1/*.sql", {
  query: "?raw",
  import: "default",
  eager: true,
});

const BY = { actor: "organiser", request: "r-1" };

/** Sets parameters for the objects that start from now on. */
export function setParameters(parameters: Record<string, number>): void {
  Object.assign(env, parameters);
}

/** Makes the origin's tables, so that what the shards ship is archived. */
export async function makeOrigin(): Promise<void> {
  const migrations = Object.entries(migrationFiles).map(([path, text]) => ({
    name: path.slice(path.lastIndexOf("/") + 1),
    queries: text
      .replaceAll(/--.*$/gm, "")
      .split(";")
      .map((query) => query.trim())
      .filter((query) => query !== ""),
  }));
  await applyD1Migrations(env.ORIGIN_DB, migrations);
}

/** Every shard reads this clock from now on; it still waits in real time. */
export function setClock(now: () => number): void {
  const clock: Clock = { ...systemClock, now };
  vi.spyOn(HuntShard.prototype as unknown as { clock(): Clock }, "clock").mockReturnValue(clock);
}

const UNLIMITED = { burst: 10_000, refillPerMinute: 10_000, perClue: 0 };

/** Publishes a version of the hunt: clues a and b, worth `points`, as many guesses as one likes. */
export async function publish(hunt: string, points = 10, more: object = {}): Promise<void> {
  const clue = (id: string) => ({ id, round: "r", title: id, kind: "answer", answers: ["right"], points });
  const definition = {
    format: 1,
    title: hunt,
    teams: { mode: "teams", maxSize: 6 },
    attempts: UNLIMITED,
    rounds: [{ id: "r", title: "R" }],
    clues: [clue("a"), { ...clue("b"), opens: { solved: "a" } }],
    ...more,
  };
  const answer = await control(hunt).publish(JSON.stringify(definition), "json", { dryRun: false }, BY);
  if ("refused" in answer) throw new Error(`${answer.detail} ${JSON.stringify(answer.issues)}`);
}

export const control = (hunt: string) => env.CONTROL.getByName(hunt);

export async function setPhase(
  hunt: string,
  phase: Exclude<Phase, "draft">,
): Promise<{ phase: Phase } | Refusal> {
  return control(hunt).setPhase(phase, BY);
}

export async function grow(hunt: string, shards: number): Promise<{ shardsPerRegion: number } | Refusal> {
  return control(hunt).grow(shards, BY);
}

export const shardOf = (hunt: string, shard = "weur-0") => env.SHARD.getByName(objectName(hunt, shard));

/** One team of one player. */
export interface Playing extends Joined {
  hunt: string;
  shard: string;
}

export async function join(hunt: string, name: string, shard = "weur-0"): Promise<Playing> {
  const joined = await shardOf(hunt, shard).join({
    key: `key-${name}`,
    player: `p-${name}`,
    name,
    create: { name },
  });
  if ("refused" in joined) throw new Error(joined.detail);
  return { ...joined, hunt, shard };
}

export function command(hunt: string, event: PlayerEvent): Command {
  return commandOf(event, hunt, currentKey("ANSWER_PEPPERS", env.ANSWER_PEPPERS), COMPARE_MODES);
}

export const guess = (hunt: string, id: string, answer = `wrong ${id}`, clue = "a"): Command =>
  command(hunt, { id, type: "answer", clue, answer });

/** Plays, with a fresh stub; a refusal is thrown. */
export async function play(playing: Playing, ...commands: Command[]): Promise<Result[]> {
  const text = JSON.stringify(commands);
  const { hunt, shard, team, player, gen } = playing;
  const answer = await shardOf(hunt, shard).play(team.id, player.id, text, gen);
  if (typeof answer !== "string") throw new Error(answer.refused);
  return (JSON.parse(answer) as Results).results;
}

/** What the player sees, by a token of its generation. */
export async function lookAt({ hunt, shard, team, player, gen }: Playing): Promise<Me | Refusal> {
  const look: Look = { team: team.id, player: player.id, ...(gen === undefined ? {} : { gen }) };
  const [pair] = (await shardOf(hunt, shard).looks(JSON.stringify([look]))) as unknown as ToldPair[];
  const told = toldOf(pair ?? ["{}", ""]);
  return "refused" in told ? told : (JSON.parse(told.text ?? "") as Me);
}

/** The whole log, by export. */
export async function logOf(hunt: string, shard = "weur-0"): Promise<Fact[]> {
  const facts: Fact[] = [];
  while (true) {
    const more = await shardOf(hunt, shard).exportFacts(facts.at(-1)?.seq ?? 0);
    if (more.length === 0) return facts;
    for (const line of more) {
      if (line.type === "gap")
        throw new Error(`facts ${line.first} to ${line.seq} are not as they were written`);
      const { person, ...fact } = line;
      facts.push(whole(fact, person));
    }
  }
}

export async function countRows(
  hunt: string,
  table: "chained" | "page" | "checkpoint_keyed",
): Promise<number> {
  return runInDurableObject(
    shardOf(hunt),
    (_, state) =>
      state.storage.sql.exec<{ count: number }>(`SELECT count(*) AS count FROM ${table}`).one().count,
  );
}

/** Holds the shard's commits: what was synced is durable only after `release`. */
export async function holdCommits(hunt: string): Promise<{ release(): void; syncs(): number }> {
  let open = (): void => undefined;
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  let syncs = 0;
  await runInDurableObject(shardOf(hunt), (_, state) => {
    const sync = state.storage.sync.bind(state.storage);
    vi.spyOn(state.storage, "sync").mockImplementation(async () => {
      syncs += 1;
      await gate;
      await sync();
    });
  });
  return { release: open, syncs: () => syncs };
}

/**
 * Stops the shard's object with everything it has in memory; the next call
 * starts it again. Unlike an eviction it does not wait for timers.
 */
export async function restart(hunt: string, shard = "weur-0"): Promise<void> {
  await outcomeOf(() =>
    runInDurableObject(shardOf(hunt, shard), (_, state) => state.abort("restarted by a test")),
  );
}

export const wait = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

/** Settles a call that may fail, without an unhandled rejection. */
export async function outcomeOf<Value>(
  call: () => Promise<Value>,
): Promise<{ value: Value } | { error: unknown }> {
  try {
    return { value: await call() };
  } catch (error) {
    return { error };
  }
}

/** The schema of a table whose rows need not have a checksum: those of earlier engines have none. */
export const asBefore = (schema: string): string =>
  schema.replace("sum TEXT NOT NULL DEFAULT '-'", "sum TEXT");

/** Hashes the stored log anew, so that what a test changed in it counts as written. */
export function rechain({ sql }: DurableObjectStorage): void {
  let hash = NO_HASH;
  const rows = sql
    .exec<{ first: number; body: string }>("SELECT first, body FROM chained ORDER BY first")
    .toArray();
  for (const { first, body } of rows) {
    hash = chainHash(hash, first, body);
    sql.exec("UPDATE chained SET hash = ? WHERE first = ?", hash, first);
  }
}

/** Puts facts behind a stored log, as `body` has them. */
export function putSegment(storage: DurableObjectStorage, first: number, last: number, body: string): void {
  storage.sql.exec(
    "INSERT INTO chained (first, last, body, persons, hash) VALUES (?, ?, ?, NULL, '')",
    first,
    last,
    body,
  );
  rechain(storage);
}
