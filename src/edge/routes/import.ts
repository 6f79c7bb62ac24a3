/**
 * The import: NDJSON in, each line checked, then replayed in its team's shard at its own time; or a backup, which its
 * first line says (src/edge/restore.ts).
 */
import { forgetHunt } from "../../cache/kv.ts";
import { configOf } from "../../config.ts";
import { BACKUP_LINE_BYTES, takenLine } from "../../contract/backup.ts";
import { type LinesTaken, REJECTED_MAX, type RejectedLine } from "../../contract/basics.ts";
import { type Imported, type ImportLine, imported, importLine } from "../../contract/data.ts";
import { accepted } from "../../errors.ts";
import { hash53 } from "../../hash.ts";
import { foldName, foldNameBefore } from "../../hunt/fold.ts";
import { commandOf } from "../../intake/digest.ts";
import { calling, callingOnce, controlStub, registryStub, shardStub } from "../../objects/call.ts";
import type { Actor, PublicEntry } from "../../objects/control.ts";
import type { Env } from "../../objects/env.ts";
import { type Holder, SOLO_PREFIX, TEAM_PREFIX } from "../../objects/names.ts";
import { soloName } from "../../objects/person.ts";
import { defaultRegion, hashedPlace } from "../../objects/placement.ts";
import type { ReplayLine } from "../../protocol.ts";
import { currentKey, keyById } from "../../secrets.ts";
import { declared } from "../declare.ts";
import { huntEntry, huntOf } from "../hunt.ts";
import { drain, type Line, linesOf, NDJSON_TYPES, readLine } from "../lines.ts";
import type { App, Request$ } from "../request.ts";
import { backupBegins, plainExport, Restoration } from "../restore.ts";
import { organiser, refuseAllButOwners } from "../roles.ts";

/** Lines read before their teams are looked up, side by side. */
const LINES_PER_BLOCK = 1_000;

/** Team names looked up at the same time. */
const LOOKUPS = 32;

/** Longest body, bytes; and how much of a refused one is read before the refusal is told. */
const BODY_MAX = 256 * 1_024 * 1_024;
const DRAIN_MAX = 64_000_000;

/** Longest backup, bytes. */
const BACKUP_MAX = 4 * 1_024 * 1_024 * 1_024;

/** Longest line, bytes: more than the longest texts take, even written as escapes. */
const LINE_MAX = 8_192;

/** Lines a shard gets at once. */
const LINES_PER_CALL = 500;

export function importRoutes(app: App): void {
  app.openapi(
    declared({
      method: "post",
      path: "/v1/hunts/{hunt}/import",
      summary:
        "Replay commands, one a line, each at its own time, before the hunt is live; or restore a backup into an empty draft (owners)",
      role: organiser,
      // A backup may come where there is no hunt yet.
      hunt: "unchecked",
      body: { types: NDJSON_TYPES, line: takenLine },
      maxBytes: BACKUP_MAX,
      responses: { 200: { description: "What became of the lines", schema: imported } },
      errors: ["conflict", "unavailable"],
    }),
    async (c) => {
      const limits = { lineMax: LINE_MAX, bodyMax: BACKUP_MAX };
      const lines = linesOf(c.req.raw, limits);
      const first = await lines.next();
      const begins = !first.done && "text" in first.value && backupBegins(first.value.text);
      if (begins === "export") {
        await drain(lines, DRAIN_MAX);
        throw plainExport();
      }
      if (begins === "backup") {
        limits.lineMax = BACKUP_LINE_BYTES;
        return c.json(await restoreLines(c, first.value as Line, lines), 200);
      }
      limits.bodyMax = BODY_MAX;
      const entry = await huntEntry(c.env, huntOf(c), c.get("now"));
      return c.json(await importLines(c.env, entry, first, lines, c.get("by")), 200);
    },
  );
}

type Owning = Parameters<typeof refuseAllButOwners>[0] &
  Pick<Request$, "env" | "req"> & { get(name: "by"): Actor };

async function restoreLines(c: Owning, first: Line, lines: AsyncGenerator<Line, void>): Promise<Imported> {
  const hunt = huntOf(c);
  try {
    await refuseAllButOwners(c);
    const restoration = new Restoration(c.env, hunt, c.get("by"));
    await restoration.take(first);
    // Not `for await`: an early end would cancel the body, see `drain`.
    for (let next = await lines.next(); !next.done; next = await lines.next()) {
      await restoration.take(next.value);
    }
    return await restoration.finish();
  } catch (error) {
    await drain(lines, DRAIN_MAX);
    throw error;
  } finally {
    forgetHunt(hunt);
  }
}

/**
 * Replays the request's lines. Lines of one team keep their order; those of
 * different shards run side by side, one call per shard at a time.
 */
async function importLines(
  env: Env,
  entry: PublicEntry,
  first: IteratorResult<Line, void>,
  lines: AsyncGenerator<Line, void>,
  by: Actor,
): Promise<LinesTaken> {
  const answer: LinesTaken = { lines: 0, accepted: 0, rejected: [] };
  const session = new ImportSession(env, entry, answer);
  let open = false;
  let block: { line: number; text: string; checked: ImportLine }[] = [];
  // Not `for await`: an early end would cancel the body, see `drain`.
  for (let next = first; !next.done; next = await lines.next()) {
    const { line } = next.value;
    answer.lines += 1;
    const read = readLine(next.value, importLine);
    if ("message" in read) {
      session.reject({ line, ...read });
      continue;
    }
    const { value: checked, text } = read;
    if (!open) {
      const firstAt = Date.parse(checked.at);
      const begun = await callingOnce(async () => controlStub(env, entry.hunt.hunt).beginImport(firstAt, by));
      if ("refused" in begun) await drain(lines, DRAIN_MAX);
      accepted(begun);
      open = true;
    }
    block.push({ line, text, checked });
    if (block.length < LINES_PER_BLOCK) continue;
    try {
      await session.addAll(block);
    } catch (error) {
      await drain(lines, DRAIN_MAX);
      throw error;
    }
    block = [];
  }
  await session.addAll(block);
  await session.finish();
  answer.rejected.sort((a, b) => a.line - b.line);
  return answer;
}

class ImportSession {
  readonly #env: Env;
  readonly #entry: PublicEntry;
  readonly #answer: LinesTaken;
  /** Folded team name → where its team lives. */
  readonly #teams = new Map<string, { shard: string; key: string }>();
  readonly #buffers = new Map<string, ReplayLine[]>();
  readonly #running = new Map<string, Promise<void>>();

  constructor(env: Env, entry: PublicEntry, answer: LinesTaken) {
    this.#env = env;
    this.#entry = entry;
    this.#answer = answer;
  }

  reject(rejected: RejectedLine): void {
    if (this.#answer.rejected.length < REJECTED_MAX) this.#answer.rejected.push(rejected);
  }

  async addAll(block: readonly { line: number; text: string; checked: ImportLine }[]): Promise<void> {
    const unknown = new Set(block.map(({ checked }) => this.#fold(checked.team)));
    const names = [...unknown].filter((folded) => !this.#teams.has(folded));
    for (let from = 0; from < names.length; from += LOOKUPS) {
      await Promise.all(names.slice(from, from + LOOKUPS).map((folded) => this.#lookUp(folded)));
    }
    for (const { line, text, checked } of block) await this.#add(line, text, checked);
  }

  async #add(line: number, text: string, checked: ImportLine): Promise<void> {
    const place = this.#teams.get(this.#fold(checked.team));
    if (!place) throw new Error("a team is used before it was looked up");
    // The same line imported again has the same id, so it is not played twice.
    const id = checked.id ?? `i-${hash53(text).toString(36)}-${hash53(`${text}\n`).toString(36)}`;
    const head = {
      line,
      at: Date.parse(checked.at),
      key: place.key,
      team: checked.team,
      ...(checked.player === undefined ? {} : { player: checked.player }),
    };
    const buffer = this.#buffers.get(place.shard) ?? [];
    buffer.push({ ...head, ...this.#lineOf(checked, id) });
    this.#buffers.set(place.shard, buffer);
    if (buffer.length >= LINES_PER_CALL) await this.#flush(place.shard);
  }

  async finish(): Promise<void> {
    await Promise.all([...this.#buffers.keys()].map((shard) => this.#flush(shard)));
    await Promise.all(this.#running.values());
  }

  #lineOf(checked: ImportLine, id: string) {
    switch (checked.type) {
      case "join":
        return {
          type: "join" as const,
          id,
          ...(checked.bracket === undefined ? {} : { bracket: checked.bracket }),
        };
      case "award":
        return {
          type: "action" as const,
          id,
          action: { type: "award" as const, points: checked.points, reason: checked.reason },
        };
      case "unlock":
        return {
          type: "action" as const,
          id,
          action: { type: "unlock" as const, clue: checked.clue, reason: checked.reason },
        };
      default: {
        const { at: _at, team: _team, player: _player, ...event } = checked;
        const { hunt } = this.#entry;
        const command = commandOf({ ...event, id }, hunt.hunt, this.#pepper(), hunt.modes);
        return { type: "command" as const, command };
      }
    }
  }

  #pepper() {
    const secret = this.#env.ANSWER_PEPPERS;
    return keyById("ANSWER_PEPPERS", secret, this.#entry.pepper) ?? currentKey("ANSWER_PEPPERS", secret);
  }

  get #isSolo(): boolean {
    return this.#entry.hunt.teams.mode === "solo";
  }

  /** As names of teams fold; those of solo teams as ever, so that an import sent again finds its players. */
  #fold(team: string): string {
    return this.#isSolo ? foldNameBefore(team) : foldName(team);
  }

  /** Where the team of this name lives: its first line decides, by a hash of the name. */
  async #lookUp(folded: string): Promise<void> {
    const { hunt, shardsPerRegion } = this.#entry;
    const region = defaultRegion(configOf(this.#env).DEFAULT_REGION);
    const shard = hashedPlace(region, shardsPerRegion, folded);
    // Solo names need not be unique among players, but they are within imports; they are personal.
    const name = this.#isSolo ? soloName(this.#env, hunt.hunt, folded) : TEAM_PREFIX + folded;
    const ask = { shard, key: this.#isSolo ? name : `import/${folded}`, at: Date.now() };
    const older = !this.#isSolo && this.#entry.begun === undefined;
    const holder =
      (await this.#importedBefore(folded)) ??
      (await calling(async () => registryStub(this.#env, hunt.hunt, name).reserve(name, ask, older)));
    this.#teams.set(folded, { shard: holder.shard, key: holder.key });
  }

  /** Who holds a solo name that an earlier engine imported, under the name itself. */
  async #importedBefore(folded: string): Promise<Holder | undefined> {
    if (!this.#isSolo) return undefined;
    const name = SOLO_PREFIX + folded;
    return calling(async () => registryStub(this.#env, this.#entry.hunt.hunt, name).find(name));
  }

  /** Sends a shard's lines after the ones before them are answered. */
  async #flush(shard: string): Promise<void> {
    await this.#running.get(shard);
    const lines = this.#buffers.get(shard) ?? [];
    this.#buffers.set(shard, []);
    if (lines.length === 0) return;
    const sending = this.#send(shard, lines);
    this.#running.set(shard, sending);
    // A failure is thrown where the next flush or the end awaits it.
    sending.catch(() => undefined);
  }

  async #send(shard: string, lines: ReplayLine[]): Promise<void> {
    const results = accepted(
      await calling(async () => shardStub(this.#env, this.#entry.hunt.hunt, shard).replay(lines)),
    );
    for (const result of results) {
      if ("code" in result) this.reject(result);
      else this.#answer.accepted += 1;
    }
  }
}
