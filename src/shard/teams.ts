/**
 * The teams of a shard in memory, and their snapshot on disk: pages of teams
 * written now and then, so that recovery reads the pages it needs and the tail
 * of the log behind them. Beside the pages, checkpoints keep the recall index
 * and the totals.
 */
import { evolve, evolveAny, FOLD_FORM, isKnown, Unfoldable } from "../hunt/evolve.ts";
import { encodeTeam, reviveTeam, type StoredTeam, type Team } from "../hunt/team.ts";
import type { Sql } from "../lazy-sql.ts";
import { ordinalOf } from "../objects/ids.ts";
import type { Totals } from "../objects/shard.ts";
import type { Fact } from "../protocol.ts";
import { assertKnownForm } from "../stored-form.ts";
import { factsOf, type SegmentLog } from "./log.ts";
import { ALIKE_MAX, RecallIndex, type RecallLimits } from "./recall.ts";
import { TotalsCounter } from "./totals.ts";

/** Teams of one page: one row holds them for as long as they fit. */
const PAGE_TEAMS = 64;

/** Most characters in one row (a row may hold 2 MB); longer pages take several. */
const PART_MAX = 900_000;

/** Facts between checkpoints: a checkpoint row is then about 64 KB. */
const CHECKPOINT_FACTS = 4_096;

/** Pages written in one commit at most, so that no commit waits long for them. */
const PAGES_PER_COMMIT = 2;

/** Stands for the page of a fact that names no team of this shard. */
const NO_PAGE = -1;

/** Teams with a fact that cannot be folded, of which the log tells at most. */
const SET_ASIDE_TOLD_MAX = 100;

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
CREATE TABLE IF NOT EXISTS checkpoint_keyed (
  last INTEGER PRIMARY KEY, -- recall entries, until they are in a run, and totals up to this seq
  recall BLOB NOT NULL,
  totals TEXT NOT NULL
);
-- Of earlier versions: the hashes are of another kind. Read for the totals, and left as it is for a rollback.
CREATE TABLE IF NOT EXISTS checkpoint (
  last INTEGER PRIMARY KEY,
  recall BLOB NOT NULL,
  totals TEXT NOT NULL
);`;

/** Of the pages' bodies: a list of teams. */
const PAGE_FORM = 1;

/** Facts whose ids a start reads from the log at once; more are read in slices. About 0.3 s. */
const IDS_AT_ONCE = 100_000;

/** Facts read in one slice of that, about. */
const IDS_PER_SLICE = 10_000;

/** Numbers of an entry of the recall index. */
const ENTRY_NUMBERS = 3;

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
  readonly recall: RecallIndex;
  readonly #sql: Sql;
  readonly #log: SegmentLog;
  readonly #flushFacts: number;
  readonly #pages = new Map<number, Page>();
  /** Facts behind the snapshot, of teams not touched since recovery: page → facts. */
  readonly #tail = new Map<number, Fact[]>();
  /** Teams whose facts were said to be set aside. */
  readonly #setAside = new Set<string>();
  /** Ids of facts behind this seq are still to be read from the log; undefined: all are known. */
  #idsAfter: number | undefined;
  /** For the next checkpoint. */
  #entries: number[] = [];

  /** Recovers everything the first request needs; pages are read when they are touched. */
  constructor(sql: Sql, log: SegmentLog, flushFacts: number, recallLimits?: RecallLimits) {
    this.#sql = sql;
    this.#log = log;
    this.#flushFacts = flushFacts;
    sql.exec(SCHEMA);
    this.recall = new RecallIndex(sql, log.head, recallLimits);
    const checkpoint = this.#readCheckpoints();
    this.totals = totalsOf(checkpoint.totals);
    const floor =
      sql.exec<{ floor: number | null }>("SELECT max(floor) AS floor FROM page").toArray()[0]?.floor ?? 0;
    const inSlices = log.head - checkpoint.ids > (recallLimits?.idsAtOnce ?? IDS_AT_ONCE);
    if (inSlices) this.#idsAfter = checkpoint.ids;
    const idsFrom = inSlices ? Number.POSITIVE_INFINITY : checkpoint.ids;
    for (const segment of log.segments(Math.min(floor, checkpoint.last, idsFrom))) {
      for (const fact of factsOf(segment.body)) {
        if (fact.seq > checkpoint.last) this.totals.count(fact);
        if (fact.seq > idsFrom) this.#noteId(fact, this.#entries);
        if (fact.seq > floor) this.#keepForPage(fact);
      }
    }
    this.#dropStrays();
  }

  /** `last`: the totals count the facts up to it. `ids`: those up to it are in the recall index. */
  #readCheckpoints(): { last: number; ids: number; totals?: string } {
    const { head } = this.#log;
    const { recall } = this;
    let newest: { last: number; totals: string } | undefined;
    for (const row of this.#sql.exec<{ last: number; recall: ArrayBuffer; totals: string }>(
      "SELECT last, recall, totals FROM checkpoint_keyed WHERE last <= ? ORDER BY last",
      head,
    )) {
      if (!recall.isNew && row.last > recall.covered) recall.load(row.recall);
      newest = row;
    }
    if (newest) {
      const { last, totals } = newest;
      return { last, totals, ids: recall.isNew ? 0 : Math.max(last, recall.covered) };
    }
    const [old] = this.#sql
      .exec<{ last: number; totals: string }>(
        "SELECT last, totals FROM checkpoint WHERE last <= ? ORDER BY last DESC LIMIT 1",
        head,
      )
      .toArray();
    return { ...(old ?? { last: 0 }), ids: recall.covered };
  }

  /** Whether the id of every fact is known; if not, `readIds` makes it so, and nobody may play before. */
  get knowsIds(): boolean {
    return this.#idsAfter === undefined;
  }

  /** Reads the ids of a log whose index is of an earlier version, or got lost, in slices; what is read stays read. */
  *readIds(): Generator<void, void> {
    if (this.#idsAfter === undefined) return;
    let read = 0;
    let last = this.#idsAfter;
    for (const segment of this.#log.segments(last)) {
      for (const fact of factsOf(segment.body)) if (fact.seq > last) this.#noteId(fact);
      read += segment.last - last;
      last = segment.last;
      if (read < IDS_PER_SLICE) continue;
      read = 0;
      this.recall.settle(last, false);
      yield;
    }
    this.recall.settle(last, true);
    this.#idsAfter = undefined;
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

  /**
   * Folds a fact that is about to be appended to the log. Throws when it cannot
   * be folded; the team is then as it was.
   */
  apply(fact: Fact): void {
    const id = pageOf(fact.team);
    const page = this.#page(id);
    const slot = ordinalOf(fact.team) % PAGE_TEAMS;
    const team = page.teams[slot];
    if (team?.newerFrom !== undefined)
      throw new Unfoldable(`fact ${fact.seq} is of a team that is read-only`);
    try {
      // This version made the fact, and knows it.
      page.teams[slot] = evolve(team, fact);
    } catch (error) {
      // Nobody foresaw this one, so that the team may be half changed.
      if (!(error instanceof Unfoldable)) this.#discard(id);
      throw error;
    }
    page.dirtySince ??= fact.seq;
    this.#note(fact);
  }

  /** Facts behind the pages, of teams that nobody has asked for since recovery; each team's in order. */
  *untouched(): Generator<Fact> {
    for (const facts of this.#tail.values()) yield* facts;
  }

  /** Drops a page in memory; when it is touched again, it is folded anew from its row and the log. */
  #discard(id: number): void {
    const row = this.#sql
      .exec<PageRow>("SELECT seq, body FROM page WHERE id = ? AND part = 0", id)
      .toArray()[0];
    const after = row?.seq ?? 0;
    const facts: Fact[] = [];
    const take = (fact: Fact): void => {
      if (fact.seq > after && placeOf(fact) === id) facts.push(fact);
    };
    for (const segment of this.#log.segments(after)) factsOf(segment.body).forEach(take);
    this.#log.gathering.forEach(take);
    this.#pages.delete(id);
    if (facts.length > 0) this.#tail.set(id, facts);
  }

  /** Keeps a fact of the log until its page is touched. */
  #keepForPage(fact: Fact): void {
    const page = placeOf(fact) ?? NO_PAGE;
    const facts = this.#tail.get(page);
    if (facts) facts.push(fact);
    else this.#tail.set(page, [fact]);
  }

  /** Sets aside the facts of pages where the shard has no team: nothing would ever touch them. */
  #dropStrays(): void {
    for (const [page, facts] of this.#tail) {
      if (page >= 0 && page * PAGE_TEAMS < this.totals.teams) continue;
      for (const fact of facts) this.#tellSetAside(fact, "it names a team that is not of this shard");
      this.#tail.delete(page);
    }
  }

  /** Says once for each team that a fact of it cannot be folded. The shard goes on without it. */
  readonly #tellSetAside = ({ team, seq }: Fact, why: string): void => {
    if (this.#setAside.size >= SET_ASIDE_TOLD_MAX || this.#setAside.has(team)) return;
    this.#setAside.add(team);
    console.error({ message: "a fact cannot be folded; its team is read-only", team, seq, why });
  };

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
    // Before all ids are known, nothing may say that they are.
    if (this.knowsIds) this.#storeIds(head);
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

  /** A checkpoint when one is due, and as much of the index's own work as the new facts are worth. */
  #storeIds(head: number): void {
    if (this.#entries.length >= ENTRY_NUMBERS * CHECKPOINT_FACTS) {
      this.#sql.exec(
        "INSERT INTO checkpoint_keyed (last, recall, totals) VALUES (?, ?, ?)",
        head,
        this.recall.pack(this.#entries),
        JSON.stringify(this.totals),
      );
      this.#entries = [];
    }
    if (this.recall.advance(head)) {
      // The newest stays, because it has the totals.
      this.#sql.exec(
        `DELETE FROM checkpoint_keyed
         WHERE last <= ? AND last < (SELECT max(last) FROM checkpoint_keyed)`,
        this.recall.covered,
      );
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
    // A log with a gap leaves holes, which `map` would pass over.
    const body = `[${Array.from(page.teams, (team) => (team ? encodeTeam(team) : "null")).join(",")}]`;
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
    for (const fact of this.#tail.get(id) ?? []) if (fact.seq > seq) this.#applyTo(page, fact);
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
        // Not tried again by the fold that could not: it reads the log.
        if (team.unfoldable !== undefined && team.unfoldable.form >= FOLD_FORM) continue;
        from.set(team.id, team.newerFrom);
        delete team.newerFrom;
        delete team.unfoldable;
      }
    }
    if (from.size === 0) return;
    page.dirtySince = upto;
    for (const segment of this.#log.segments(Math.min(...from.values()) - 1)) {
      if (segment.first > upto) return;
      for (const fact of factsOf(segment.body)) {
        if (fact.seq <= upto && fact.seq >= (from.get(fact.team) ?? upto + 1)) this.#applyTo(page, fact);
      }
    }
  }

  #applyTo(page: Page, fact: Fact): void {
    const slot = ordinalOf(fact.team) % PAGE_TEAMS;
    page.teams[slot] = evolveAny(page.teams[slot], fact, this.#tellSetAside);
    page.dirtySince ??= fact.seq;
  }

  /** Whether this version knows the fact, or there is none of this number yet. */
  #knows(seq: number): boolean {
    const fact = this.#log.at(seq);
    return fact === undefined || isKnown(fact);
  }

  #note(fact: Fact): void {
    this.totals.count(fact);
    this.#noteId(fact, this.#entries);
  }

  #noteId(fact: Fact, entries?: number[]): void {
    const key = keyOf(fact);
    if (key !== undefined) this.recall.add(key, fact.seq, entries);
  }

  /** The fact recorded under this recall key, if any. Throws `IdRefused` when finding out would cost too much. */
  recorded(key: string): Fact | undefined {
    const seqs = this.recall.find(key);
    for (let index = 0; index < seqs.length; index += 1) {
      if (index === ALIKE_MAX) throw new IdRefused("too many ids are like this one");
      const fact = this.#log.at(seqs[index] as number);
      if (fact && keyOf(fact) === key) return fact;
    }
    return undefined;
  }
}

/** Whether an id was used cannot be said at a bounded cost: it must not be used. */
export class IdRefused extends Error {}

/** The recall key of a fact that has an id. */
function keyOf(fact: Fact): string | undefined {
  if (!("event" in fact) || fact.event === undefined) return undefined;
  return fact.type === "join" ? joinKey(fact.event) : eventKey(fact.team, fact.event);
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
  if (!(ordinal >= 0)) throw new Unfoldable("a fact names a team that is not of this shard");
  return Math.floor(ordinal / PAGE_TEAMS);
}

/** The page of a fact of the log; undefined: of no team of this shard. */
function placeOf({ team }: Fact): number | undefined {
  const ordinal = typeof team === "string" ? ordinalOf(team) : -1;
  return ordinal >= 0 ? Math.floor(ordinal / PAGE_TEAMS) : undefined;
}
