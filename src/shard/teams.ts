/**
 * The teams of a shard in memory, and their snapshot on disk: pages of teams
 * written now and then, so that recovery reads the pages it needs and the tail
 * of the log behind them. Beside the pages, checkpoints keep the recall index
 * and the totals.
 */
import { evolve, evolveAny, isKnown } from "../hunt/evolve.ts";
import { encodeTeam, reviveTeam, type StoredTeam, type Team } from "../hunt/team.ts";
import { ordinalOf } from "../objects/ids.ts";
import type { Totals } from "../objects/shard.ts";
import type { Fact } from "../protocol.ts";
import { assertKnownForm } from "../stored-form.ts";
import type { Sql } from "./counted-sql.ts";
import { factsOf, type SegmentLog } from "./log.ts";
import { RecallIndex } from "./recall.ts";
import { TotalsCounter } from "./totals.ts";

/** Teams of one page: one row holds them for as long as they fit. */
const PAGE_TEAMS = 64;

/** Most characters in one row (a row may hold 2 MB); longer pages take several. */
const PART_MAX = 900_000;

/** Facts between checkpoints: a checkpoint row is then about 64 KB. */
const CHECKPOINT_FACTS = 4_096;

/** Pages written in one commit at most, so that no commit waits long for them. */
const PAGES_PER_COMMIT = 2;

/** Pages in memory beyond which clean ones are dropped: about 25,000 teams. */
const PAGES_IN_MEMORY = 400;

const SCHEMA = `
CREATE TABLE IF NOT EXISTS page (
  id INTEGER NOT NULL,     -- ordinal of the first team / ${PAGE_TEAMS}
  part INTEGER NOT NULL,   -- from 0
  seq INTEGER NOT NULL,    -- the page holds its teams' facts up to here
  floor INTEGER NOT NULL,  -- when written, every page held all facts up to here
  body TEXT NOT NULL,      -- JSON list of teams, cut into parts
  PRIMARY KEY (id, part)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS checkpoint (
  last INTEGER PRIMARY KEY, -- recall entries and totals up to this seq
  recall BLOB NOT NULL,
  totals TEXT NOT NULL
);`;

/** Of the pages' bodies: a list of teams. */
const PAGE_FORM = 1;

/** Of the checkpoints: `v` in their totals; without it 1. */
const CHECKPOINT_FORM = 1;

interface Page {
  /** By ordinal within the page. */
  teams: (Team | undefined)[];
  /** Seq of the first fact that the row does not hold yet. */
  dirtySince?: number;
}

interface PageRow extends Record<string, SqlStorageValue> {
  seq: number;
  body: string;
}

/** The recall key of an event of a team, or of a joining (any team). */
export const eventKey = (team: string, event: string): string => `${team}\n${event}`;
export const joinKey = (key: string): string => `\n${key}`;

export class TeamStore {
  readonly totals: TotalsCounter;
  readonly recall = new RecallIndex();
  readonly #sql: Sql;
  readonly #log: SegmentLog;
  readonly #flushFacts: number;
  readonly #pages = new Map<number, Page>();
  /** Facts behind the snapshot, of teams not touched since recovery: page → facts. */
  readonly #tail = new Map<number, Fact[]>();
  /** For the next checkpoint: two numbers each. */
  #entries: number[] = [];

  /** Recovers everything the first request needs; pages are read when they are touched. */
  constructor(sql: Sql, log: SegmentLog, flushFacts: number) {
    this.#sql = sql;
    this.#log = log;
    this.#flushFacts = flushFacts;
    sql.exec(SCHEMA);
    let checkpoint = 0;
    let totals: string | undefined;
    for (const row of sql.exec<{ last: number; recall: ArrayBuffer; totals: string }>(
      "SELECT last, recall, totals FROM checkpoint ORDER BY last",
    )) {
      this.recall.load(row.recall);
      checkpoint = row.last;
      totals = row.totals;
    }
    this.totals = totalsOf(totals);
    const floor =
      sql.exec<{ floor: number | null }>("SELECT max(floor) AS floor FROM page").toArray()[0]?.floor ?? 0;
    for (const segment of log.segments(Math.min(floor, checkpoint))) {
      for (const fact of factsOf(segment.body)) {
        if (fact.seq > checkpoint) this.#note(fact);
        if (fact.seq > floor) {
          const page = pageOf(fact.team);
          const facts = this.#tail.get(page);
          if (facts) facts.push(fact);
          else this.#tail.set(page, [fact]);
        }
      }
    }
  }

  /** The team, or undefined when the shard has none of this id. */
  get(id: string): Team | undefined {
    const team = this.atOrdinal(ordinalOf(id));
    return team?.id === id ? team : undefined;
  }

  /** The team at this place of the shard, whatever its id's check characters. */
  atOrdinal(ordinal: number): Team | undefined {
    if (ordinal < 0 || ordinal >= this.totals.teams) return undefined;
    const page = Math.floor(ordinal / PAGE_TEAMS);
    return this.#page(page).teams[ordinal % PAGE_TEAMS];
  }

  /** Folds a fact just appended to the log. */
  apply(fact: Fact): void {
    const page = this.#page(pageOf(fact.team));
    const slot = ordinalOf(fact.team) % PAGE_TEAMS;
    // This version made the fact, and knows it.
    page.teams[slot] = evolve(page.teams[slot], fact);
    page.dirtySince ??= fact.seq;
    this.#note(fact);
  }

  /** Every team, page by page; pages that it had to read are not cached. */
  *all(from = 0): Generator<Team> {
    for (let id = Math.floor(from / PAGE_TEAMS); id * PAGE_TEAMS < this.totals.teams; id += 1) {
      const page = this.#pages.get(id) ?? this.#read(id);
      for (const [slot, team] of page.teams.entries()) if (team && id * PAGE_TEAMS + slot >= from) yield team;
    }
  }

  /**
   * Runs inside every commit, when all facts up to `head` are in the log:
   * writes the pages whose oldest unwritten fact is old enough, and a
   * checkpoint when one is due.
   */
  beforeSync(head: number): void {
    if (this.#entries.length >= 2 * CHECKPOINT_FACTS) {
      this.#sql.exec(
        "INSERT INTO checkpoint (last, recall, totals) VALUES (?, ?, ?)",
        head,
        RecallIndex.pack(this.#entries),
        JSON.stringify(this.totals),
      );
      this.#entries = [];
    }
    this.#touchOldTail(head);
    const dirty: { id: number; since: number }[] = [];
    for (const [id, page] of this.#pages) {
      if (page.dirtySince !== undefined) dirty.push({ id, since: page.dirtySince });
    }
    dirty.sort((a, b) => a.since - b.since);
    for (let written = 0; written < PAGES_PER_COMMIT; written += 1) {
      const oldest = dirty[written];
      if (!oldest || head - oldest.since < this.#flushFacts) return;
      const next = Math.min(dirty[written + 1]?.since ?? head + 1, this.#oldestTail(head + 1));
      this.#write(oldest.id, head, next - 1);
    }
  }

  /** Reads in the pages whose only new facts are in the tail of the log, once these are old enough to be written. */
  #touchOldTail(head: number): void {
    let touched = 0;
    for (const [id, facts] of this.#tail) {
      if (head - (facts[0]?.seq ?? head) < this.#flushFacts) continue;
      this.#page(id);
      touched += 1;
      if (touched >= PAGES_PER_COMMIT) return;
    }
  }

  #oldestTail(otherwise: number): number {
    let oldest = otherwise;
    for (const facts of this.#tail.values()) oldest = Math.min(oldest, facts[0]?.seq ?? oldest);
    return oldest;
  }

  #write(id: number, head: number, floor: number): void {
    const page = this.#page(id);
    const body = `[${page.teams.map((team) => (team ? encodeTeam(team) : "null")).join(",")}]`;
    this.#sql.exec("DELETE FROM page WHERE id = ? AND part >= ?", id, Math.ceil(body.length / PART_MAX));
    for (let part = 0; part * PART_MAX < body.length; part += 1) {
      this.#sql.exec(
        `INSERT INTO page (id, part, seq, floor, body) VALUES (?, ?, ?, ?, ?)
         ON CONFLICT (id, part) DO UPDATE SET seq = excluded.seq, floor = excluded.floor, body = excluded.body`,
        id,
        part,
        head,
        floor,
        body.slice(part * PART_MAX, (part + 1) * PART_MAX),
      );
    }
    delete page.dirtySince;
  }

  #page(id: number): Page {
    let page = this.#pages.get(id);
    if (page) return page;
    page = this.#read(id);
    this.#keep(id, page);
    return page;
  }

  #keep(id: number, page: Page): void {
    this.#tail.delete(id);
    if (this.#pages.size >= PAGES_IN_MEMORY) this.#dropClean();
    this.#pages.set(id, page);
  }

  #dropClean(): void {
    for (const [id, page] of this.#pages) {
      if (page.dirtySince !== undefined) continue;
      this.#pages.delete(id);
      if (this.#pages.size < PAGES_IN_MEMORY) return;
    }
  }

  /** The page as stored, with the tail of the log folded in. */
  #read(id: number): Page {
    const rows = this.#sql
      .exec<PageRow>("SELECT seq, body FROM page WHERE id = ? ORDER BY part", id)
      .toArray();
    const page: Page = { teams: rows.length === 0 ? [] : teamsOf(rows.map((row) => row.body).join("")) };
    const seq = rows[0]?.seq ?? 0;
    this.#catchUp(page, seq);
    const caughtUp = page.dirtySince !== undefined;
    for (const fact of this.#tail.get(id) ?? []) if (fact.seq > seq) applyTo(page, fact);
    // The log was read for it, and need not be read again.
    if (caughtUp) this.#keep(id, page);
    return page;
  }

  /**
   * Folds the facts up to `upto` that an older version left out of the stored
   * page, if this one knows them. One reading of the log for all teams of the page.
   */
  #catchUp(page: Page, upto: number): void {
    const from = new Map<string, number>();
    for (const team of page.teams) {
      if (!team) continue;
      if (team.kinds?.some((type) => !isKnown({ type }))) {
        team.newerFrom ??= upto + 1;
      } else if (team.newerFrom !== undefined && this.#knows(team.newerFrom)) {
        from.set(team.id, team.newerFrom);
        delete team.newerFrom;
      }
    }
    if (from.size === 0) return;
    page.dirtySince = upto;
    for (const segment of this.#log.segments(Math.min(...from.values()) - 1)) {
      if (segment.first > upto) return;
      for (const fact of factsOf(segment.body)) {
        if (fact.seq <= upto && fact.seq >= (from.get(fact.team) ?? upto + 1)) applyTo(page, fact);
      }
    }
  }

  /** Whether this version knows the fact, or there is none of this number yet. */
  #knows(seq: number): boolean {
    const fact = this.#log.at(seq);
    return fact === undefined || isKnown(fact);
  }

  #note(fact: Fact): void {
    this.totals.count(fact);
    const key =
      fact.type === "join"
        ? joinKey(fact.event)
        : "event" in fact && fact.event !== undefined
          ? eventKey(fact.team, fact.event)
          : undefined;
    if (key === undefined) return;
    // A joining is never forgotten: repeated, it must not make a second team or player.
    const keep = fact.type === "join";
    this.recall.add(key, fact.seq, keep, this.#entries);
  }

  /** The fact recorded under this recall key, if any. */
  recorded(key: string): Fact | undefined {
    for (const seq of this.recall.find(key)) {
      const fact = this.#log.at(seq);
      if (!fact || !("event" in fact) || fact.event === undefined) continue;
      const own = fact.type === "join" ? joinKey(fact.event) : eventKey(fact.team, fact.event);
      if (own === key) return fact;
    }
    return undefined;
  }
}

function totalsOf(text: string | undefined): TotalsCounter {
  if (text === undefined) return new TotalsCounter();
  const stored = JSON.parse(text) as Totals & { v?: number };
  assertKnownForm("a checkpoint", stored, CHECKPOINT_FORM);
  return TotalsCounter.from(stored);
}

/** The teams of a stored page. Form 1 is a list; a later form is an object that says so in `v`. */
function teamsOf(body: string): (Team | undefined)[] {
  const stored = JSON.parse(body) as (StoredTeam | null)[] | { v: number };
  if (!Array.isArray(stored)) {
    assertKnownForm("a page of teams", stored, PAGE_FORM);
    throw new Error("a page of teams is no list");
  }
  return stored.map((team) => (team ? reviveTeam(team) : undefined));
}

function pageOf(team: string): number {
  const ordinal = ordinalOf(team);
  if (ordinal < 0) throw new Error("a fact names a team that is not of this shard");
  return Math.floor(ordinal / PAGE_TEAMS);
}

function applyTo(page: Page, fact: Fact): void {
  const slot = ordinalOf(fact.team) % PAGE_TEAMS;
  page.teams[slot] = evolveAny(page.teams[slot], fact);
  page.dirtySince ??= fact.seq;
}
