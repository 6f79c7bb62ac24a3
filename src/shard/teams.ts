/**
 * The teams of a shard in memory, and when they go to disk: now and then, as
 * pages of teams (stored-pages.ts), so that recovery reads the pages it needs and
 * the tail of the log behind them. Checkpoints (checkpoints.ts) keep the ids
 * (recorded-ids.ts) and the totals beside them.
 */
import type { Refusal } from "../errors.ts";
import { evolve, evolveAny, FOLD_FORM, isKnown, makesTeam, Unfoldable } from "../hunt/evolve.ts";
import type { Team } from "../hunt/team.ts";
import type { Sql } from "../lazy-sql.ts";
import { ordinalOf } from "../objects/ids.ts";
import { PersonKeys } from "../people/keys.ts";
import type { Fact } from "../protocol.ts";
import { Checkpoints } from "./checkpoints.ts";
import type { Gap } from "./gaps.ts";
import type { SegmentLog } from "./log.ts";
import { NamedByGaps } from "./named-by-gaps.ts";
import { pageWait } from "./page-wait.ts";
import { BROKEN, BROKEN_END, NEWER } from "./read-only.ts";
import { RecallIndex, type RecallLimits } from "./recall.ts";
import { RecordedIds } from "./recorded-ids.ts";
import {
  PAGE_TEAMS,
  type PageTeams,
  pageOf,
  pageOfFact,
  type StoredPage,
  StoredPages,
  slotOf,
} from "./stored-pages.ts";
import { TotalsCounter } from "./totals.ts";

/** Pages written in one commit at most, so that no commit waits long for them. */
const PAGES_PER_COMMIT = 2;

/** Stands for the page of a fact that names no team of this shard. */
const NO_PAGE = -1;

/** Teams with a fact that cannot be folded, of which the log tells at most. */
const SET_ASIDE_TOLD_MAX = 100;

/** Pages in memory beyond which clean ones are dropped: about 25,000 teams. */
const PAGES_IN_MEMORY = 400;

/** Facts whose ids a start reads from the log at once; more are read in slices. About 0.3 s. */
const IDS_AT_ONCE = 100_000;

interface Page {
  /** By place in the page. */
  teams: PageTeams;
  /** Seq of the first fact that the row does not hold yet. */
  dirtySince?: number;
}

export interface TeamStoreHooks {
  /** The index of ids was dropped: the next start makes it again. */
  lostIndex?: () => void;
  /** Counts a fact that is set aside. */
  setAside?: () => void;
}

/** The newest fact behind `head` that a stored page or a checkpoint has; `head`: none. */
export const storedBehind = (sql: Sql, head: number): number =>
  Math.max(
    head,
    new StoredPages(sql, new PersonKeys(sql)).newestBehind(head),
    new Checkpoints(sql).newestBehind(head),
  );

export class TeamStore {
  readonly totals: TotalsCounter;
  readonly ids: RecordedIds;
  readonly #log: SegmentLog;
  readonly #leastWait: number;
  readonly #stored: StoredPages;
  readonly #checkpoints: Checkpoints;
  readonly #pages = new Map<number, Page>();
  /** Facts behind the snapshot, of teams not touched since recovery: page → facts. */
  readonly #tail = new Map<number, Fact[]>();
  /** Gaps noticed after the start: memory has their facts. */
  readonly #held = new Set<Gap>();
  readonly #named = new NamedByGaps((team) => this.#isNamed(team));
  /** Teams whose facts were said to be set aside. */
  readonly #setAside = new Set<string>();
  readonly #countSetAside: (() => void) | undefined;

  /** Recovers everything the first request needs; pages are read when they are touched. */
  constructor(
    sql: Sql,
    log: SegmentLog,
    flushFacts: number,
    recallLimits?: RecallLimits,
    { lostIndex, setAside }: TeamStoreHooks = {},
  ) {
    this.#countSetAside = setAside;
    this.#log = log;
    this.#leastWait = flushFacts;
    this.#stored = new StoredPages(sql, log.keys);
    this.#checkpoints = new Checkpoints(sql);
    const index = new RecallIndex(sql, log.head, recallLimits);
    this.ids = new RecordedIds(index, log, lostIndex);
    const { totals, counted, ids } = this.#checkpoints.restore(log.head, index);
    this.totals = totals;
    const floor = this.#stored.floor();
    const inSlices = log.head - ids > (recallLimits?.idsAtOnce ?? IDS_AT_ONCE);
    if (inSlices) this.ids.putOff(ids);
    const idsFrom = inSlices ? Number.POSITIVE_INFINITY : ids;
    for (const part of log.parts(Math.min(floor, counted, idsFrom))) {
      if (!("body" in part)) {
        if (part.last > counted) this.totals.passOver(part);
        if (part.last > idsFrom) this.ids.noteGap(part);
        continue;
      }
      for (const fact of log.factsOf(part)) {
        if (fact.seq > counted) this.totals.count(fact);
        if (fact.seq > idsFrom) this.ids.note(fact);
        if (fact.seq > floor) this.#keepForPage(fact);
      }
    }
    this.#dropStrays();
    for (const gap of log.gaps) this.#setBack(gap);
  }

  /** Facts after which a changed page is written. */
  get #wait(): number {
    return pageWait(this.totals.places / PAGE_TEAMS, this.#leastWait);
  }

  /** The team, or undefined when the shard has none of this id. */
  get(id: string): Team | undefined {
    const team = this.atOrdinal(ordinalOf(id));
    return team?.id === id ? team : undefined;
  }

  /** Where the key of the team's player stands; undefined: it has none here. */
  slotOf(id: string, player: string): number | undefined {
    return this.get(id)?.members.find((member) => member.id === player)?.slot;
  }

  /** The team at this place of the shard, whatever its id's check characters. */
  atOrdinal(ordinal: number): Team | undefined {
    if (ordinal < 0 || ordinal >= this.totals.places) return undefined;
    const page = Math.floor(ordinal / PAGE_TEAMS);
    return this.#page(page).teams[ordinal % PAGE_TEAMS];
  }

  /**
   * Folds a fact that is about to be appended to the log, and gives its team. Throws when it cannot
   * be folded; the team is then as it was.
   */
  apply(fact: Fact): Team {
    const id = pageOf(fact.team);
    const page = this.#page(id);
    const slot = slotOf(fact.team);
    const team = page.teams[slot];
    if (team?.newerFrom !== undefined)
      throw new Unfoldable(`fact ${fact.seq} is of a team that is read-only`);
    let folded: Team;
    try {
      // This version made the fact, and knows it.
      folded = evolve(team, fact);
      page.teams[slot] = folded;
    } catch (error) {
      // Nobody foresaw this one, so that the team may be half changed.
      if (!(error instanceof Unfoldable)) this.#discard(id);
      throw error;
    }
    page.dirtySince ??= fact.seq;
    this.totals.count(fact);
    this.ids.note(fact);
    return folded;
  }

  /** Facts behind the pages, of teams that nobody has asked for since recovery; each team's in order. */
  *untouched(): Generator<Fact> {
    for (const facts of this.#tail.values()) yield* facts;
  }

  /** Drops a page in memory; when it is touched again, it is folded anew from its row and the log. */
  #discard(id: number): void {
    const after = this.#stored.seqOf(id);
    const facts: Fact[] = [];
    const take = (fact: Fact): void => {
      if (fact.seq > after && pageOfFact(fact) === id) facts.push(fact);
    };
    for (const segment of this.#log.segments(after)) this.#log.factsOf(segment).forEach(take);
    this.#log.gathering.forEach(take);
    this.#pages.delete(id);
    // The facts of a gap were in memory only.
    for (const gap of this.#log.gaps) if (gap.last > after) this.#held.delete(gap);
    if (facts.length > 0) this.#tail.set(id, facts);
  }

  /** Keeps a fact of the log until its page is touched. */
  #keepForPage(fact: Fact): void {
    const page = pageOfFact(fact) ?? NO_PAGE;
    const facts = this.#tail.get(page);
    if (facts) facts.push(fact);
    else this.#tail.set(page, [fact]);
  }

  /** Sets aside the facts of pages where the shard has no team: nothing would ever touch them. */
  #dropStrays(): void {
    for (const [page, facts] of this.#tail) {
      if (page >= 0 && page * PAGE_TEAMS < this.totals.places) continue;
      for (const fact of facts) this.#tellSetAside(fact, "it names a team that is not of this shard");
      this.#tail.delete(page);
    }
  }

  /** Says once for each team that a fact of it cannot be folded. The shard goes on without it. */
  readonly #tellSetAside = ({ team, seq }: Fact, why: string): void => {
    if (this.#setAside.size >= SET_ASIDE_TOLD_MAX || this.#setAside.has(team)) return;
    this.#setAside.add(team);
    this.#countSetAside?.();
    console.error({ message: "a fact cannot be folded; its team is read-only", team, seq, why });
  };

  // ── Gaps in the log ─────────────────────────────────────────────────────

  /** Why nothing may be recorded of the team; undefined: it may. */
  readOnly({ newerFrom }: Team): Refusal | undefined {
    if (this.#log.isEndUnsure) return BROKEN_END;
    if (newerFrom === undefined) return undefined;
    return this.#log.gapAt(newerFrom) ? BROKEN : NEWER;
  }

  /** Why no team may be made; undefined: it may. */
  get closed(): Refusal | undefined {
    return this.#log.isEndUnsure ? BROKEN_END : undefined;
  }

  /** Whether the team of this place may have been made in a gap of the log. */
  isMissing(ordinal: number): boolean {
    if (ordinal < 0) return false;
    // How many teams the newest facts made, nobody knows.
    if (this.#log.isEndUnsure && ordinal >= this.totals.places) return true;
    if (this.#log.gaps.length === 0 || ordinal >= this.totals.places) return false;
    return this.atOrdinal(ordinal) === undefined;
  }

  /**
   * A gap was noticed after the start. Memory has its facts: what stands in no
   * stored page yet is written, and nobody has to stop.
   */
  noticed(gap: Gap): void {
    this.#held.add(gap);
    for (const id of this.#pagesShortOf(gap)) this.#page(id).dirtySince ??= gap.first;
    // Facts that no row holds yet must be in no page either: their commit writes both.
    if (this.#log.gathering.length > 0) return;
    const { head } = this.#log;
    const floor = this.#stored.floor();
    for (const id of this.#pagesShortOf(gap)) this.#write(id, head, floor);
  }

  /** Stops the teams concerned, of pages that do not reach behind the gap. They are written like changed ones. */
  #setBack(gap: Gap): void {
    const named = this.namedBy(gap);
    const pages = named && new Set([...named].map(pageOf));
    this.#remakeLost();
    for (const id of this.#pagesShortOf(gap)) if (pages?.has(id) ?? true) this.#page(id);
  }

  /** Makes the teams of the page read-only that the gap may concern. */
  #stop(page: Page, gap: Gap): void {
    const named = this.namedBy(gap);
    for (const team of page.teams) {
      if (!team || (named && !named.has(team.id))) continue;
      team.newerFrom ??= gap.first;
      page.dirtySince ??= gap.first;
    }
  }

  /** See `NamedByGaps`. */
  namedBy(gap: Gap): ReadonlySet<string> | undefined {
    return this.#named.by(gap);
  }

  /** Whether a stored page or a fact of the log names the team. */
  #isNamed(team: string): boolean {
    const ordinal = ordinalOf(team);
    if (!(ordinal >= 0)) return false;
    const id = Math.floor(ordinal / PAGE_TEAMS);
    if (this.#tail.get(id)?.some((fact) => fact.team === team)) return true;
    const teams = this.#pages.get(id)?.teams ?? this.#readStored(id)?.teams ?? [];
    return teams.some((own) => own?.id === team);
  }

  #pagesShortOf({ last }: Gap): number[] {
    const reaching = this.#stored.reaching(last);
    const pages: number[] = [];
    for (let id = 0; id * PAGE_TEAMS < this.totals.places; id += 1) if (!reaching.has(id)) pages.push(id);
    return pages;
  }

  /**
   * The gap's facts are in the log again: folds the whole log for the pages that
   * lack them, counts anew, and notes the ids. Nothing may be gathering.
   */
  mended(gap: Gap): void {
    const pages = new Set<number>();
    for (const team of this.all()) {
      if (team.newerFrom !== undefined && gap.first <= team.newerFrom && team.newerFrom <= gap.last) {
        pages.add(pageOf(team.id));
      }
    }
    for (const segment of this.#log.segments(gap.first - 1)) {
      if (segment.first > gap.last) break;
      for (const fact of this.#log.factsOf(segment)) {
        const page = pageOfFact(fact);
        if (page !== undefined) pages.add(page);
        this.ids.noteMissed(fact);
      }
    }
    this.#held.delete(gap);
    this.#refold(pages);
  }

  /** Folds the whole log for these pages, and counts it; both are stored. */
  #refold(pages: ReadonlySet<number>): void {
    const { head } = this.#log;
    const floor = this.#stored.floor();
    const counted = this.#checkpoints.newest();
    const totals = new TotalsCounter();
    let isStored = counted === 0;
    const store = (before: number): void => {
      if (isStored || before <= counted) return;
      isStored = true;
      this.#checkpoints.recount(counted, totals);
    };
    const folded = new Map<number, Page>([...pages].map((id) => [id, { teams: [] }]));
    for (const part of this.#log.parts(0)) {
      store(part.first);
      if (!("body" in part)) {
        totals.passOver(part);
        for (const page of folded.values()) this.#stop(page, part);
        continue;
      }
      for (const fact of this.#log.factsOf(part)) {
        totals.count(fact);
        const page = folded.get(pageOfFact(fact) ?? NO_PAGE);
        if (page) this.#applyTo(page, fact);
      }
    }
    store(Number.POSITIVE_INFINITY);
    this.totals.become(totals);
    for (const [id, page] of folded) {
      this.#keep(id, page);
      this.#write(id, head, floor);
    }
  }

  /** Every team, page by page; pages that it had to read are not cached. */
  *all(from = 0): Generator<Team> {
    for (let id = Math.floor(from / PAGE_TEAMS); id * PAGE_TEAMS < this.totals.places; id += 1) {
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
    if (this.ids.knowsAll) this.#storeIds(head);
    this.#touchOldTail(head);
    if (!this.#isOneDue(head)) return;
    const dirty: { id: number; since: number }[] = [];
    for (const [id, page] of this.#pages) {
      if (page.dirtySince !== undefined) dirty.push({ id, since: page.dirtySince });
    }
    dirty.sort((a, b) => a.since - b.since);
    for (let written = 0; written < PAGES_PER_COMMIT; written += 1) {
      const oldest = dirty[written];
      if (!oldest || head - oldest.since < this.#wait) return;
      const next = Math.min(dirty[written + 1]?.since ?? head + 1, this.#oldestTail(head + 1));
      this.#write(oldest.id, head, next - 1);
    }
  }

  /** Whether a page's oldest unwritten fact is old enough. Most commits find none, and make nothing for that. */
  #isOneDue(head: number): boolean {
    const wait = this.#wait;
    for (const page of this.#pages.values()) {
      if (page.dirtySince !== undefined && head - page.dirtySince >= wait) return true;
    }
    return false;
  }

  /** A checkpoint when one is due, and as much of the index's own work as the new facts are worth. */
  #storeIds(head: number): void {
    const entries = this.ids.packed();
    if (entries) this.#checkpoints.add(head, entries, this.totals);
    if (this.ids.advance(head)) this.#checkpoints.dropUpto(this.ids.covered);
  }

  /** Reads in the pages whose only new facts are in the tail of the log, once these are old enough to be written. */
  #touchOldTail(head: number): void {
    let touched = 0;
    for (const [id, facts] of this.#tail) {
      if (head - (facts[0]?.seq ?? head) < this.#wait) continue;
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
    this.#stored.write(id, page.teams, head, floor);
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
    let stored = this.#readStored(id);
    if (!stored && id * PAGE_TEAMS < this.totals.places && !this.#begins(id)) stored = this.#remake(id);
    const { teams, seq } = stored ?? { teams: [], seq: 0 };
    const page: Page = { teams };
    this.#catchUp(page, seq);
    const caughtUp = page.dirtySince !== undefined;
    const gaps = this.#log.gaps.filter((gap) => gap.last > seq && !this.#held.has(gap));
    const passGaps = (upto: number): void => {
      for (let gap = gaps[0]; gap && gap.first <= upto; gap = gaps[0]) {
        this.#stop(page, gap);
        gaps.shift();
      }
    };
    for (const fact of this.#tail.get(id) ?? []) {
      if (fact.seq <= seq) continue;
      passGaps(fact.seq);
      this.#applyTo(page, fact);
    }
    passGaps(Number.POSITIVE_INFINITY);
    // The log was read for it, and need not be read again.
    if (caughtUp) this.#keep(id, page);
    return page;
  }

  /** The page as stored, made again where its rows are not as they were written. */
  #readStored(id: number): StoredPage | undefined {
    const stored = this.#stored.read(id);
    return stored === "damaged" ? this.#remake(id) : stored;
  }

  /** Whether the tail of the log has all of a page without a row: its first team from its first fact on. Else the row got lost. */
  #begins(id: number): boolean {
    const [fact] = this.#tail.get(id) ?? [];
    return fact !== undefined && makesTeam(fact) && ordinalOf(fact.team) === id * PAGE_TEAMS;
  }

  /** Makes again all pages whose rows got lost. A gap leaves room for many, and most of them have no team. */
  #remakeLost(): void {
    const stored = this.#stored.reaching(0);
    const lost = new Set<number>();
    for (let id = 0; id * PAGE_TEAMS < this.totals.places; id += 1) {
      if (!stored.has(id) && !this.#pages.has(id) && !this.#begins(id)) lost.add(id);
    }
    if (lost.size > 0) this.#foldLost(lost);
  }

  /** Folds the whole log for a page whose rows got lost. */
  #remake(id: number): StoredPage {
    this.#stored.drop(id);
    return this.#foldLost(new Set([id])).get(id) as StoredPage;
  }

  /** Folds the whole log once for these pages, and stores them. */
  #foldLost(ids: ReadonlySet<number>): Map<number, StoredPage> {
    const pages = new Map<number, Page>([...ids].map((id) => [id, { teams: [] }]));
    let seq = 0;
    for (const part of this.#log.parts(0)) {
      seq = part.last;
      if (!("body" in part)) {
        for (const page of pages.values()) this.#stop(page, part);
        continue;
      }
      for (const fact of this.#log.factsOf(part)) {
        const page = pages.get(pageOfFact(fact) ?? NO_PAGE);
        if (page) this.#applyTo(page, fact);
      }
    }
    const floor = this.#stored.floor();
    for (const [id, { teams }] of pages) this.#stored.write(id, teams, seq, floor);
    return new Map([...pages].map(([id, { teams }]) => [id, { teams, seq }]));
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
      for (const fact of this.#log.factsOf(segment)) {
        if (fact.seq <= upto && fact.seq >= (from.get(fact.team) ?? upto + 1)) this.#applyTo(page, fact);
      }
    }
  }

  #applyTo(page: Page, fact: Fact): void {
    const slot = slotOf(fact.team);
    page.teams[slot] = evolveAny(page.teams[slot], fact, this.#tellSetAside);
    page.dirtySince ??= fact.seq;
  }

  /** Whether this version knows the fact, or there is none of this number yet. */
  #knows(seq: number): boolean {
    const fact = this.#log.at(seq);
    if (fact === undefined) return this.#log.gapAt(seq) === undefined;
    return isKnown(fact);
  }
}
