/**
 * A backup as lines (src/contract/backup.ts), read part by part from the objects of a hunt that may be played meanwhile.
 * Wins and names are read behind the logs: what came in between stands in the vault and in the registers, and a shard
 * that does not know a win yet is told of it again.
 */
import { createHash } from "node:crypto";
import {
  BACKUP_FORMAT,
  BACKUP_VERSION,
  type BackupLine,
  type BackupRegistration,
  type BackupThread,
  type BackupWin,
  ENTRIES_MAX,
  REGISTERED_MAX,
  TEXT_CHARACTERS,
  TEXTS_CHARACTERS,
} from "../contract/backup.ts";
import { accepted, RequestError } from "../errors.ts";
import type { BackupHead, BackupPage, BackupSegment } from "../objects/backup.ts";
import { calling, controlStub, registryNamed, shardStub, vaultStub } from "../objects/call.ts";
import type { Env } from "../objects/env.ts";
import { parseTeamId } from "../objects/ids.ts";
import { registriesOf } from "../objects/names.ts";
import { WINS_MAX, type Win } from "../objects/prizes.ts";
import { guardedOrigin } from "../origin/guarded.ts";
import { openOrigin } from "../origin/open.ts";
import type { Registration } from "../origin/store.ts";
import type { Persons } from "../people/personal.ts";

/** Characters of names and positions in one line. */
const PERSONS_CHARACTERS = 100_000;

/** Counts and hashes what it puts out. */
class Lines {
  readonly #hash = createHash("sha256");
  #count = 0;

  of(line: object): string {
    return this.ofText(JSON.stringify(line));
  }

  ofText(text: string): string {
    const line = `${text}\n`;
    this.#hash.update(line);
    this.#count += 1;
    return line;
  }

  end(): string {
    const end = { type: "end", lines: this.#count, sha256: this.#hash.digest("hex") } satisfies BackupLine;
    return `${JSON.stringify(end)}\n`;
  }
}

/** The lines of a backup that was begun at `now`, epoch ms. Breaks off where it would be none. */
export async function* backupTexts(env: Env, hunt: string, now: number): AsyncGenerator<string> {
  const control = () => controlStub(env, hunt);
  const mark = await calling(async () => control().backupMark());
  const head: BackupHead = accepted(await calling(async () => control().backup()));
  await refuseGaps(env, hunt, head.shards);
  const known = head.isForKnown ? await SignUps.of(env, hunt) : undefined;
  const lines = new Lines();
  yield lines.of({
    format: BACKUP_FORMAT,
    version: BACKUP_VERSION,
    hunt,
    at: new Date(now).toISOString(),
    phase: head.phase,
  });
  yield* textLines(head.texts, lines);
  yield* pages(
    async (after) => calling(async () => control().backupAnnouncements(after)),
    (announcements) => lines.of({ type: "announcements", announcements } satisfies BackupLine),
  );
  yield* pages(
    async (after) => calling(async () => control().backupAudit(after)),
    (entries) => lines.of({ type: "audit", entries } satisfies BackupLine),
  );
  for (const shard of head.shards) yield* shardLines(env, hunt, shard, lines);
  if (head.prizes.length > 0) yield* winLines(env, hunt, lines);
  yield* nameLines(env, hunt, lines);
  if (known) yield* registrationLines(known, lines);
  if ((await calling(async () => control().backupMark())) !== mark) {
    throw new Error(
      "a player or a team was moved while the backup was made: it would have it twice, or not at all",
    );
  }
  yield lines.end();
}

/** A log with a gap is no backup: it is told before anything is sent. */
async function refuseGaps(env: Env, hunt: string, shards: readonly string[]): Promise<void> {
  for (const shard of shards) {
    const gaps = await calling(async () => shardStub(env, hunt, shard).gaps());
    if (gaps.length === 0) continue;
    throw new RequestError("conflict", `the log of ${shard} is not as it was written: repair the hunt first`);
  }
}

function* textLines(texts: BackupHead["texts"], lines: Lines): Generator<string> {
  const all = Object.entries(texts) as [keyof BackupHead["texts"], string][];
  if (all.reduce((sum, [, text]) => sum + text.length, 0) > TEXTS_CHARACTERS) {
    throw new RequestError(
      "conflict",
      "the definition and what organisers changed are too long for a backup",
    );
  }
  for (const [name, text] of all) {
    for (let from = 0; from < text.length; ) {
      const end = from + TEXT_CHARACTERS;
      // Half of a character is no text.
      const to = end < text.length && isHighHalf(text, end - 1) ? end - 1 : end;
      yield lines.of({ type: "text", name, text: text.slice(from, to) } satisfies BackupLine);
      from = to;
    }
  }
}

const isHighHalf = (text: string, at: number): boolean => {
  const unit = text.charCodeAt(at);
  return unit >= 0xd800 && unit <= 0xdbff;
};

async function* pages<Entry>(
  read: (after: number) => Promise<BackupPage<Entry>>,
  tell: (entries: Entry[]) => string,
): AsyncGenerator<string> {
  for (let after: number | undefined = 0; after !== undefined; ) {
    const page: BackupPage<Entry> = await read(after);
    if (page.entries.length > 0) yield tell(page.entries);
    after = page.next;
  }
}

async function* shardLines(env: Env, hunt: string, shard: string, lines: Lines): AsyncGenerator<string> {
  const stub = () => shardStub(env, hunt, shard);
  for (let after = 0; ; ) {
    const from = after;
    const { segments, gap } = await calling(async () => stub().backupSegments(from));
    // What was sent so far lacks its end, so that nobody takes it for a backup.
    if (gap) throw new Error(`the log of ${shard} has a gap from ${gap.first} on`);
    const last = segments.at(-1);
    if (!last) break;
    let text = "";
    for (const segment of segments) text += segmentLines(shard, segment, lines);
    yield text;
    after = last.last;
  }
  const told = await calling(async () => stub().backupTold());
  for (const [announcement, teams] of Object.entries(told)) {
    yield lines.of({ type: "told", shard, announcement, teams } satisfies BackupLine);
  }
  for (let after: number | undefined = 0; after !== undefined; ) {
    const from: number = after;
    const page: BackupPage<BackupThread> = await calling(async () => stub().backupThreads(from));
    for (const thread of page.entries)
      yield lines.of({ type: "thread", shard, ...thread } satisfies BackupLine);
    after = page.next;
  }
}

function segmentLines(
  shard: string,
  { first, last, body, hash, persons }: BackupSegment,
  lines: Lines,
): string {
  let text = "";
  for (const part of personParts(persons)) {
    text += lines.of({ type: "persons", shard, persons: part } satisfies BackupLine);
  }
  const head = JSON.stringify({ type: "facts", shard, first, last, hash });
  // To the byte as the log has them: their hash is of that.
  return text + lines.ofText(`${head.slice(0, -1)},"facts":[${body}]}`);
}

function* personParts(persons: Persons): Generator<Persons> {
  let part: Persons = {};
  let size = 0;
  for (const [seq, person] of Object.entries(persons)) {
    part[Number(seq)] = person;
    size += JSON.stringify(person).length;
    if (size < PERSONS_CHARACTERS) continue;
    yield part;
    part = {};
    size = 0;
  }
  if (size > 0) yield part;
}

async function* winLines(env: Env, hunt: string, lines: Lines): AsyncGenerator<string> {
  let after: Pick<Win, "prize" | "team" | "n"> = { prize: "", team: "", n: -1 };
  for (;;) {
    const from = after;
    const wins: Win[] = accepted(await calling(async () => vaultStub(env, hunt).allWins(from)));
    const last = wins.at(-1);
    if (!last) return;
    const coded = await withCodes(env, hunt, wins);
    for (let at = 0; at < coded.length; at += ENTRIES_MAX) {
      yield lines.of({ type: "wins", wins: coded.slice(at, at + ENTRIES_MAX) } satisfies BackupLine);
    }
    if (wins.length < WINS_MAX) return;
    after = { prize: last.prize, team: last.team, n: last.n };
  }
}

/** Each with what its winner shows. */
async function withCodes(env: Env, hunt: string, wins: readonly Win[]): Promise<BackupWin[]> {
  const coded = new Map<Win, string | null>();
  for (const [shard, own] of Map.groupBy(wins, ({ team }) => parseTeamId(team)?.shard ?? "")) {
    const units = own.map(({ prize, unit }) => ({ prize, unit }));
    const codes = accepted(await calling(async () => shardStub(env, hunt, shard).backupCodes(units)));
    for (const [index, win] of own.entries()) coded.set(win, codes[index] ?? null);
  }
  return wins.map((win) => {
    const code = coded.get(win);
    return typeof code === "string" ? { ...win, code } : win;
  });
}

/** Registered players of the hunt's sign-up feed, from the origin. Its first page is read before anything is sent. */
class SignUps {
  readonly #env: Env;
  readonly #hunt: string;
  #page: Registration[] = [];

  private constructor(env: Env, hunt: string) {
    this.#env = env;
    this.#hunt = hunt;
  }

  static async of(env: Env, hunt: string): Promise<SignUps> {
    const signUps = new SignUps(env, hunt);
    await signUps.#read("");
    return signUps;
  }

  async #read(after: string): Promise<void> {
    const origin = openOrigin(this.#env);
    try {
      this.#page = await guardedOrigin(this.#env, origin).signUps(this.#hunt, after, REGISTERED_MAX);
    } catch (error) {
      console.warn({ message: "sign-ups could not be read for a backup", error: String(error) });
      throw new RequestError("unavailable", "the origin does not say now who is registered: try it again");
    } finally {
      await origin.close();
    }
  }

  async *pages(): AsyncGenerator<BackupRegistration[]> {
    for (;;) {
      const last = this.#page.at(-1);
      if (!last) return;
      yield this.#page.map(({ signUp, at = 0, ...registration }) => ({
        ...registration,
        at,
        fields: signUp?.fields ?? [],
      }));
      if (this.#page.length < REGISTERED_MAX) return;
      await this.#read(last.externalId);
    }
  }
}

async function* registrationLines(known: SignUps, lines: Lines): AsyncGenerator<string> {
  for await (const registrations of known.pages()) {
    yield lines.of({ type: "registrations", registrations } satisfies BackupLine);
  }
}

async function* nameLines(env: Env, hunt: string, lines: Lines): AsyncGenerator<string> {
  for (const registry of registriesOf(hunt)) {
    for (let after: string | undefined = ""; after !== undefined; ) {
      const from: string = after;
      const page = await calling(async () => registryNamed(env, registry).page(from));
      for (let at = 0; at < page.names.length; at += ENTRIES_MAX) {
        yield lines.of({ type: "names", names: page.names.slice(at, at + ENTRIES_MAX) } satisfies BackupLine);
      }
      after = page.next;
    }
  }
}
