/**
 * A backup taken back, line by line. Nothing of it is in use before its last line has said that all of it came; what
 * is refused before leaves half a hunt that nobody can use, and that the next try begins anew.
 */
import { createHash } from "node:crypto";
import type { z } from "zod";
import {
  BACKUP_FORMAT,
  BACKUP_TEXTS,
  BACKUP_VERSION,
  type BackupFact,
  type BackupFacts,
  type BackupLine,
  type BackupName,
  type BackupRegistration,
  type BackupText,
  type BackupWin,
  backupHeader,
  backupLine,
  backupMark,
  TEXTS_CHARACTERS,
} from "../contract/backup.ts";
import type { Imported } from "../contract/data.ts";
import { accepted, RequestError } from "../errors.ts";
import { foldValue } from "../hunt/asks.ts";
import type { RestorePart } from "../objects/backup.ts";
import { calling, callingOnce, controlStub, registryNamed, shardStub, vaultStub } from "../objects/call.ts";
import type { Actor, PublicEntry, RestoreBegun, RestoredLines } from "../objects/control.ts";
import type { Env } from "../objects/env.ts";
import { parseTeamId } from "../objects/ids.ts";
import { registryOf } from "../objects/names.ts";
import { entryName, fieldName, personName } from "../objects/person.ts";
import type { Personal, Persons } from "../people/personal.ts";
import { registeringText } from "../queue/registrations.ts";
import { type Line, readLine } from "./lines.ts";
import { joinsOnce } from "./once.ts";
import { Sender } from "./registering.ts";

/** Characters of parts that a shard gets in one call. */
const PARTS_CHARACTERS = 400_000;

/** Names and positions that may wait for their facts, characters: more than those of a segment. */
const PERSONS_CHARACTERS = 64_000_000;

/** Where the facts of their line begin, which is its last member. No string has it: the quotes in one have a backslash before them. */
const FACTS = ',"facts":[';

const AGAIN = "nothing of the backup is in use; send the whole file again, or delete the hunt";

/** A line of a backup, or of an export that is none; undefined: of neither. */
export function backupBegins(text: string): "backup" | "export" | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== "object" || value === null) return undefined;
    if ("format" in value) return "backup";
    return "shard" in value && "seq" in value ? "export" : undefined;
  } catch {
    return undefined;
  }
}

/** Why a plain export is not taken. */
export const plainExport = (): RequestError =>
  refusedLine(
    1,
    "this is the plain export, which has neither the definition nor the wins: an export with ?format=backup can be restored",
  );

function refusedLine(line: number, message: string, about = ""): RequestError {
  const detail = `line ${line}: ${message}${about}`;
  return new RequestError("invalid", detail, [{ path: `line ${line}`, code: "custom", message }]);
}

export class Restoration {
  readonly #env: Env;
  readonly #hunt: string;
  readonly #by: Actor;
  readonly #hash = createHash("sha256");
  readonly #texts = new Map<BackupText, string>();
  #characters = 0;
  #lines = 0;
  /** When the backup was made, epoch ms; undefined: its first line did not come yet. */
  #at: number | undefined;
  #begun: RestoreBegun | undefined;
  #persons: { shard: string; of: Persons; size: number } | undefined;
  /** What waits for the next call of this shard. */
  #parts: { shard: string; parts: RestorePart[]; size: number } | undefined;
  readonly #registrations: Sender;
  #facts = 0;
  #isWhole = false;

  constructor(env: Env, hunt: string, by: Actor) {
    this.#env = env;
    this.#hunt = hunt;
    this.#by = by;
    this.#registrations = new Sender(env.FACTS, (registrations) => registeringText(env, { registrations }));
  }

  /** Takes the next line. Throws `invalid`, which names it. */
  async take(line: Line): Promise<void> {
    try {
      await this.#take(line);
    } catch (error) {
      throw this.#named(error, line.line);
    }
  }

  /** An object's refusal says which line it was about, more or less: several go to it at once. */
  #named(error: unknown, line: number): unknown {
    if (!(error instanceof RequestError) || error.code !== "invalid") return error;
    const hint = this.#begun ? `; ${AGAIN}` : "";
    const named = error.detail.startsWith("line ") ? error.detail : `line ${line}: ${error.detail}`;
    return new RequestError("invalid", named + hint, error.issues);
  }

  async #take(line: Line): Promise<void> {
    this.#lines += 1;
    if (this.#isWhole) throw refusedLine(line.line, "this comes behind the last line of the backup");
    if (this.#at === undefined) this.#begin(line);
    else {
      const { value, text } = readOrRefuse(line, backupLine);
      await this.#takeRead(line.line, value, text);
    }
    if ("text" in line && !this.#isWhole) this.#hash.update(`${line.text}\n`);
  }

  #begin(line: Line): void {
    const { value: mark } = readOrRefuse(line, backupMark);
    if (mark.version !== BACKUP_VERSION) {
      throw refusedLine(
        line.line,
        `the file is of version ${mark.version} of ${BACKUP_FORMAT}: this engine reads version ${BACKUP_VERSION}`,
      );
    }
    const { value: header } = readOrRefuse(line, backupHeader);
    if (header.hunt !== this.#hunt) {
      throw refusedLine(line.line, `this is a backup of ${header.hunt}: it is restored under that id`);
    }
    this.#at = Date.parse(header.at);
  }

  async #takeRead(number: number, line: BackupLine, text: string): Promise<void> {
    if (line.type === "text") return this.#takeText(number, line);
    if (line.type === "end") return this.#end(number, line);
    const begun = await this.#begunOrBegin();
    switch (line.type) {
      case "announcements":
        return this.#toControl(begun, { announcements: line.announcements });
      case "audit":
        return this.#toControl(begun, { audit: line.entries });
      case "persons":
        return this.#takePersons(number, line);
      case "facts":
        return this.#takeFacts(number, begun, line, text);
      case "told": {
        const { shard, announcement, teams } = line;
        return this.#toShard(number, begun, shard, { told: { announcement, teams } }, teams.length);
      }
      case "wins":
        await this.#flush(begun);
        return this.#takeWins(number, begun, line.wins);
      case "thread": {
        const { type: _, shard, ...thread } = line;
        const size = thread.messages.reduce((sum, { text }) => sum + text.length, 0);
        return this.#toShard(number, begun, shard, { thread }, size);
      }
      case "names":
        return this.#takeNames(line.names);
      case "registrations":
        return this.#takeRegistrations(begun, line.registrations);
      default:
        return line satisfies never;
    }
  }

  #takeText(number: number, { name, text }: Extract<BackupLine, { type: "text" }>): void {
    if (this.#begun) throw refusedLine(number, "texts come before everything else");
    this.#characters += text.length;
    if (this.#characters > TEXTS_CHARACTERS) throw refusedLine(number, "the texts of the file are too long");
    this.#texts.set(name, (this.#texts.get(name) ?? "") + text);
  }

  async #begunOrBegin(): Promise<RestoreBegun> {
    if (this.#begun) return this.#begun;
    const texts = Object.fromEntries(
      BACKUP_TEXTS.flatMap((name) => {
        const text = this.#texts.get(name);
        return text === undefined ? [] : [[name, text]];
      }),
    );
    const head = { at: this.#at ?? 0, texts };
    const begun = await callingOnce(async () =>
      controlStub(this.#env, this.#hunt).beginRestore(head, this.#by),
    );
    if ("refused" in begun) throw new RequestError(begun.refused, begun.detail, begun.issues);
    this.#texts.clear();
    this.#begun = begun;
    return begun;
  }

  async #toControl({ attempt }: RestoreBegun, lines: RestoredLines): Promise<void> {
    const refused = await callingOnce(async () => controlStub(this.#env, this.#hunt).restore(attempt, lines));
    if (refused) accepted(refused);
  }

  #takePersons(number: number, { shard, persons }: Extract<BackupLine, { type: "persons" }>): void {
    if (this.#persons && this.#persons.shard !== shard) throw refusedLine(number, "facts must follow here");
    this.#persons ??= { shard, of: {}, size: 0 };
    this.#persons.size += JSON.stringify(persons).length;
    if (this.#persons.size > PERSONS_CHARACTERS) {
      throw refusedLine(number, "these are more names than a segment of a log has");
    }
    for (const [seq, person] of Object.entries(persons)) this.#persons.of[Number(seq)] = person as Personal;
  }

  async #takeFacts(number: number, begun: RestoreBegun, line: BackupFacts, text: string): Promise<void> {
    const { shard, first, last, hash, facts } = line;
    const from = text.indexOf(FACTS);
    if (from < 0 || !text.endsWith("]}")) throw refusedLine(number, "`facts` must be the last member");
    if (this.#persons && this.#persons.shard !== shard) throw refusedLine(number, "this is another shard");
    // The log places teams by their ids.
    if (!facts.every(({ team }) => parseTeamId(team)?.shard === shard)) {
      throw refusedLine(number, "it names a team of another shard");
    }
    const persons = this.#persons?.of ?? {};
    const size = text.length + (this.#persons?.size ?? 0);
    this.#persons = undefined;
    const body = text.slice(from + FACTS.length, -2);
    await this.#toShard(number, begun, shard, { segment: { first, last, body, hash, persons } }, size);
    this.#facts += facts.length;
    await this.#takeNames(namesIn(this.#env, begun.entry, shard, facts, persons));
  }

  async #toShard(
    number: number,
    begun: RestoreBegun,
    shard: string,
    part: RestorePart,
    size: number,
  ): Promise<void> {
    if (!begun.shards.includes(shard)) throw refusedLine(number, "the hunt has no such shard");
    if (this.#parts && this.#parts.shard !== shard) await this.#flush(begun);
    this.#parts ??= { shard, parts: [], size: 0 };
    this.#parts.parts.push(part);
    this.#parts.size += size;
    if (this.#parts.size >= PARTS_CHARACTERS) await this.#flush(begun);
  }

  async #flush({ attempt }: RestoreBegun): Promise<void> {
    if (!this.#parts) return;
    const { shard, parts } = this.#parts;
    this.#parts = undefined;
    await this.#restoreIn(attempt, shard, parts);
  }

  async #restoreIn(attempt: string, shard: string, parts: readonly RestorePart[]): Promise<boolean[]> {
    const stub = () => shardStub(this.#env, this.#hunt, shard);
    return accepted(await calling(async () => stub().restore(attempt, parts))).recorded;
  }

  async #takeWins(
    number: number,
    { attempt, shards }: RestoreBegun,
    wins: readonly BackupWin[],
  ): Promise<void> {
    const known = wins.map((win) => ({ win, shard: parseTeamId(win.team)?.shard ?? "" }));
    if (known.some(({ shard }) => !shards.includes(shard))) {
      throw refusedLine(number, "a win is of a team that no shard of the hunt has");
    }
    for (const [shard, own] of Map.groupBy(known, (each) => each.shard)) {
      const parts = own.map(({ win }) => ({ win }));
      const recorded = await this.#restoreIn(attempt, shard, parts);
      // One that its log does not have yet is told to it again, as after a crash.
      const restored = own.map(({ win: { code: _, ...win } }, index) => ({
        ...win,
        confirmed: recorded[index] === true,
      }));
      await calling(async () => vaultStub(this.#env, this.#hunt).restore(restored));
    }
  }

  async #takeNames(names: readonly BackupName[]): Promise<void> {
    for (const [registry, own] of Map.groupBy(names, ({ name }) => registryOf(this.#hunt, name))) {
      await calling(async () => registryNamed(this.#env, registry).take(own));
    }
  }

  /** They are the engine's, and count as of the time when they were told: a newer word stays. */
  async #takeRegistrations(
    { entry: { incarnation } }: RestoreBegun,
    registrations: readonly BackupRegistration[],
  ): Promise<void> {
    const ofHunt = incarnation === undefined ? { hunt: this.#hunt } : { hunt: this.#hunt, incarnation };
    for (const { fields, ...registration } of registrations) {
      await this.#registrations.add({ ...registration, signUp: { ...ofHunt, fields } });
    }
  }

  async #end(number: number, { lines, sha256 }: Extract<BackupLine, { type: "end" }>): Promise<void> {
    if (this.#persons) throw refusedLine(number, "the facts of the names before are missing");
    if (lines !== this.#lines - 1 || sha256 !== this.#hash.digest("hex")) {
      throw refusedLine(
        number,
        "the lines before are not those that the backup had: it was changed, or lacks some",
      );
    }
    this.#isWhole = true;
  }

  /** All lines came. Throws when the last of them did not. */
  async finish(): Promise<Imported> {
    if (!this.#isWhole) {
      const message = "the file ends here without the last line of a backup: it was cut";
      throw this.#named(refusedLine(this.#lines, message), this.#lines);
    }
    const begun = await this.#begunOrBegin();
    try {
      await this.#flush(begun);
      await this.#registrations.finish();
    } catch (error) {
      throw this.#named(error, this.#lines);
    }
    const finished = await callingOnce(async () =>
      controlStub(this.#env, this.#hunt).finishRestore(begun.attempt, this.#facts, this.#by),
    );
    const { phase, version } = accepted(finished);
    return {
      lines: this.#lines,
      accepted: this.#lines,
      rejected: [],
      restored: { phase, version, facts: this.#facts, shards: begun.shards.length },
    };
  }
}

/** As `readLine`; throws what is wrong. */
function readOrRefuse<Schema extends z.ZodType>(
  line: Line,
  schema: Schema,
): { value: z.output<Schema>; text: string } {
  const read = readLine(line, schema);
  if ("message" in read) throw refusedLine(line.line, read.message);
  return read;
}

/**
 * What the joinings among the facts have taken that nobody may take twice, under this engine's keys: the names of the
 * backup are digests under those of the engine that made it.
 */
function namesIn(
  env: Env,
  entry: PublicEntry,
  shard: string,
  facts: readonly BackupFact[],
  persons: Persons,
): BackupName[] {
  const { hunt, join, players } = entry.hunt;
  const onces = (join?.fields ?? []).filter(({ once }) => once);
  if (!joinsOnce(entry) && onces.length === 0) return [];
  return facts.flatMap(({ seq, at, type, event }) => {
    const person = persons[seq];
    if (type !== "join" || !person || typeof event !== "string") return [];
    const { externalId, fields = [] } = person;
    const names: string[] = [];
    if (joinsOnce(entry) && externalId !== undefined) {
      names.push((players.require === "signed" ? entryName : personName)(env, hunt, externalId));
    }
    for (const { id, value } of fields) {
      if (onces.some((once) => once.id === id)) names.push(fieldName(env, hunt, id, foldValue(value)));
    }
    return names.map((name) => ({ name, shard, key: event, at }));
  });
}
