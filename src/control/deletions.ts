/**
 * Hunts that are deleted: the jobs that erase them, and what is remembered of those that are gone. They are
 * kept by the directory, because nothing of the hunt's own is left to keep them.
 *
 * A job seals the hunt in its control object, so that it exists for nobody any more, and then asks every
 * object of the hunt, KV and the origin to erase what they hold, each as often as it takes. Everything is
 * asked a second time, after whatever was under way when the hunt was sealed has ended: a message at the
 * origin, a joining that had reserved its name. Control, which knows the shards, is erased last.
 */
import {
  type Checksums,
  checksumOf,
  Damaged,
  hasAllRows,
  tellMended,
  unflipped,
  withChecksums,
} from "../checksum.ts";
import { type Refusal, RequestError, refuse } from "../errors.ts";
import type { Sql } from "../lazy-sql.ts";
import { orRefusal } from "../objects/call.ts";
import type { Actor, Sealed } from "../objects/control.ts";
import type { Deletion } from "../objects/deletion.ts";
import type { Beginning, GoneHunts } from "../objects/names.ts";
import { OriginUnavailable } from "../origin/guarded.ts";
import { assertKnownForm } from "../stored-form.ts";
import type { AuditLog } from "./audit.ts";
import { inLanes } from "./backlog.ts";
import { servesPeople, targetsOf } from "./erase-hunt.ts";

/** How long a deletion is remembered, ms: longer than any token, message or copy lives that names the hunt. */
const KEPT = 500 * 86_400_000;

/** Deletions remembered at most, one a hunt's id. */
const KEPT_MAX = 10_000;

/** Places asked before it is written down which of them are erased. */
const PLACES = 64;

/** How long one turn of the alarm works on a job, ms. */
const TURN_MAX = 20_000;

/** How long whoever asks for a deletion waits until nobody is served any more, ms; beyond it that goes on by itself. */
const SERVED_MAX = 5_000;

/** How long a deletion waits for that of its rehearsal before it looks again, ms. */
const AGAIN = 500;

/** Waits after tries in vain, ms: doubled up to the most. */
const RETRY = { first: 500, most: 30_000 };

/** Tries in vain, one after the other, before a job is given up until somebody asks for it again: about a day. */
const TRIES_MAX = 2_880;

/** The form of an entry. */
const FORM = 1;

const SCHEMA = `CREATE TABLE IF NOT EXISTS deletion (
  job TEXT PRIMARY KEY,
  entry TEXT NOT NULL, -- JSON
  sum TEXT NOT NULL DEFAULT '-' -- of the others
) WITHOUT ROWID`;

/** Longest entry in which every bit is tried, bytes. */
const MENDED_MAX = 4_000;

const LIST = "the list of deleted hunts";

interface Entry {
  hunt: string;
  incarnation: number;
  state: Deletion["state"];
  /** 0: to be sealed; 1: to be erased; 2: to be erased once more; 3: control is left. */
  pass: 0 | 1 | 2 | 3;
  /** Everything to be erased (erase-hunt.ts), and what of it is left in this pass. */
  places: string[];
  left: string[];
  of: number;
  begun: number;
  /** Since then nobody gets at the hunt, epoch ms. */
  sealed?: number;
  /** It is deleted as the rehearsal of this hunt, and only if it is one. */
  rehearsalOf?: string;
  /** Nothing of it is at the origin or on its way there. */
  isRehearsal?: true;
  /** The id of its own rehearsal, whose deletion this one waits for. */
  rehearsedAs?: string;
  ended?: number;
  /** In vain, since something was done last. */
  tries: number;
  why?: string;
  /** Its line in the audit. */
  line: number;
}

export interface DeletionsDeps {
  sql: Sql;
  audit: AuditLog;
  now(): number;
  /** Calls `turn` at `at`, epoch ms, at the latest. */
  wake(at: number): void;
  isListed(hunt: string): boolean;
  /** The hunt exists for nobody any more. */
  unlist(hunt: string): void;
  /** Nothing of the hunt is left: rights that name it end. */
  ended(hunt: string): void;
  seal(hunt: string, rehearsalOf: string | undefined): Promise<Sealed | Refusal>;
  /** Erases what a place holds of the hunt; false: there is more of it. */
  erase(hunt: string, incarnation: number, place: string): Promise<boolean>;
  eraseControl(hunt: string): Promise<Refusal | undefined>;
  /** How long something that was begun before the hunt was sealed may go on, ms; of a rehearsal, which calls no origin. */
  settle: number;
  settleRehearsal: number;
}

export class Deletions {
  readonly #deps: DeletionsDeps;
  readonly #checks: Checksums;
  #entries: Map<string, Entry> | undefined;
  /** Names this life of the object and counts the changes of what is gone. */
  readonly #life = crypto.randomUUID();
  #changes = 0;

  constructor(deps: DeletionsDeps) {
    this.#deps = deps;
    this.#checks = withChecksums(deps.sql, "deletion", SCHEMA);
  }

  /** Whatever became of the alarm: a job that runs goes on. */
  resume(): void {
    if (this.#running().length > 0) this.#deps.wake(this.#deps.now());
  }

  // ── What others ask ─────────────────────────────────────────────────────

  /** See `HuntDirectoryObject.deleteHunt`; `rehearsalOf`: see `deleteRehearsal`. */
  async begin(
    hunt: string,
    reason: string,
    by: Actor,
    now: number,
    rehearsalOf?: string,
  ): Promise<{ job: string } | Refusal> {
    const { isListed, wake } = this.#deps;
    const known = this.#newest(hunt);
    if (known && known[1].state !== "done") {
      const [job, entry] = known;
      this.#put(job, { ...entry, state: "running", tries: 0 });
      wake(now);
      return entry.pass === 0 ? await this.#seal(job) : { job };
    }
    if (!isListed(hunt)) return refuse("not_found", "no such hunt");
    const job = this.#noted(hunt, reason, by, now, rehearsalOf);
    if (job === undefined) {
      return refuse("conflict", `${KEPT_MAX} hunts were deleted in ${KEPT / 86_400_000} days`);
    }
    const sealed = await this.#seal(job);
    if ("refused" in sealed) return sealed;
    await this.#erasePlaces(job, this.#deps.now() + SERVED_MAX, servesPeople);
    wake(this.#deps.now());
    return sealed;
  }

  /** A job that the alarm goes on with; undefined: there is no room for another one. */
  #noted(hunt: string, reason: string, by: Actor, now: number, rehearsalOf?: string): string | undefined {
    const { audit, wake } = this.#deps;
    if (!this.#makesRoom(hunt, now)) return undefined;
    const line = audit.record({ ...by, at: now, action: "delete", detail: { hunt, reason } });
    const job = `d-${crypto.randomUUID()}`;
    const entry: Entry = {
      hunt,
      incarnation: 0,
      state: "running",
      pass: 0,
      places: [],
      left: [],
      of: 0,
      begun: now,
      tries: 0,
      line,
      ...(rehearsalOf === undefined ? {} : { rehearsalOf }),
    };
    this.#put(job, entry);
    wake(now + RETRY.most);
    return job;
  }

  /** The hunt's rehearsal goes with it; where there is none any more, nothing is begun. */
  #deleteRehearsal(hunt: string, of: string, job: string): void {
    const [, known] = this.#newest(hunt) ?? [];
    if (!this.#deps.isListed(hunt) || (known && known.state !== "done")) return;
    const now = this.#deps.now();
    const by = { actor: "engine", request: job };
    if (this.#noted(hunt, `it rehearsed ${of}, which is deleted`, by, now, of) !== undefined) {
      this.#deps.wake(now);
    }
  }

  /** A deletion of this id is under way. */
  #isUnderWay(hunt: string): boolean {
    const [, known] = this.#newest(hunt) ?? [];
    return known?.state === "running";
  }

  /** See `HuntDirectoryObject.job`. */
  told(job: string): Deletion | Refusal {
    const entry = this.#all().get(job);
    if (!entry || entry.pass === 0) return refuse("not_found", "no such job");
    const { hunt, state, of, begun, ended, why } = entry;
    return {
      job,
      hunt,
      state,
      done: doneOf(entry),
      of,
      begunAt: begun,
      ...(ended === undefined ? {} : { endedAt: ended }),
      ...(why === undefined ? {} : { waitsFor: why }),
    };
  }

  /** See `HuntDirectoryObject.beginning`. */
  beginning(hunt: string): Beginning | Refusal {
    const [, known] = this.#newest(hunt) ?? [];
    if (!known) return {};
    if (known.state !== "done") return refuse("conflict", "the hunt of this id is being deleted");
    const { incarnation, ended = 0 } = known;
    return { incarnation: incarnation + 1, voidBefore: Math.floor(ended / 1_000) };
  }

  /** Whether a hunt of this id is on its way out: it is not listed again. */
  isGoing(hunt: string): boolean {
    const [, known] = this.#newest(hunt) ?? [];
    return known !== undefined && known.pass > 0 && known.state !== "done";
  }

  /** See `HuntDirectoryObject.gone`. */
  gone(mark: string | undefined): GoneHunts {
    const present = `${this.#life}/${this.#changes}`;
    if (mark === present) return { mark };
    const gone = [...this.#all().values()].filter(({ pass }) => pass > 0);
    return { mark: present, gone: gone.map(({ hunt, incarnation }) => ({ hunt, incarnation })) };
  }

  // ── The jobs ────────────────────────────────────────────────────────────

  /** The alarm's work: goes on with every job. */
  async turn(): Promise<void> {
    await inLanes(this.#running(), async (job) => {
      try {
        await this.#advance(job);
      } catch (error) {
        console.error({ message: "a deletion could not go on", job, error: String(error) });
        if (this.#all().has(job)) this.#later(job, "the engine failed");
      }
    });
  }

  async #advance(job: string): Promise<void> {
    const { now, wake, settle, settleRehearsal } = this.#deps;
    const until = now() + TURN_MAX;
    if (this.#entry(job).pass === 0) {
      const sealed = await this.#seal(job);
      if ("refused" in sealed) {
        if (this.#all().has(job)) this.#later(job, `the hunt: ${sealed.detail}`);
        return;
      }
    }
    for (;;) {
      const { pass, places, sealed = 0, isRehearsal, rehearsedAs } = this.#entry(job);
      if (pass === 3) {
        if (rehearsedAs !== undefined && this.#isUnderWay(rehearsedAs)) return wake(now() + AGAIN);
        return await this.#finish(job);
      }
      const settled = sealed + (isRehearsal ? settleRehearsal : settle);
      if (pass === 2 && now() < settled) return wake(settled);
      const vain = await this.#erasePlaces(job, until);
      const entry = this.#entry(job);
      if (entry.left.length === 0) {
        this.#put(job, pass === 1 ? { ...entry, pass: 2, left: places } : { ...entry, pass: 3 });
      } else if (vain !== undefined) return this.#later(job, vain);
      else return wake(now());
    }
  }

  /** Asks every place that is left once, as far as the time goes; why the last of them could not be erased. */
  async #erasePlaces(
    job: string,
    until: number,
    isMeant: (place: string) => boolean = () => true,
  ): Promise<string | undefined> {
    const { now, erase } = this.#deps;
    const { hunt, incarnation, left: all } = this.#entry(job);
    const left = all.filter(isMeant);
    let vain: string | undefined;
    for (let from = 0; from < left.length && now() < until; from += PLACES) {
      const erased = new Set<string>();
      let isProgress = false;
      await inLanes(left.slice(from, from + PLACES), async (place) => {
        try {
          if (await erase(hunt, incarnation, place)) erased.add(place);
          isProgress = true;
        } catch (error) {
          vain = `${place}: ${whyOf(error)}`;
        }
      });
      const { why: _, ...entry } = this.#entry(job);
      const rest = { ...entry, left: entry.left.filter((place) => !erased.has(place)) };
      if (isProgress) this.#put(job, { ...rest, tries: 0 });
    }
    return vain;
  }

  /** The hunt exists for nobody any more from here on. A refusal for good ends the job. */
  async #seal(job: string): Promise<{ job: string } | Refusal> {
    const { audit, now, wake, seal, unlist } = this.#deps;
    const { hunt, rehearsalOf } = this.#entry(job);
    const sealed = await orRefusal(seal(hunt, rehearsalOf));
    const entry = this.#all().get(job);
    if (!entry || entry.pass > 0) return entry ? { job } : refuse("conflict", "the deletion was refused");
    if ("refused" in sealed) {
      if (sealed.refused === "conflict" || sealed.refused === "not_found") {
        this.#remove(job);
        audit.amend(entry.line, { refused: sealed.refused });
      }
      return sealed;
    }
    for (const [earlier, { hunt: other }] of this.#all()) {
      if (other === hunt && earlier !== job) this.#remove(earlier);
    }
    const { incarnation, isRehearsal, rehearsedAs, webhooks = [] } = sealed;
    const places = targetsOf(sealed.shards, webhooks, isRehearsal);
    const of = 2 * places.length + 1;
    // Before this job goes on: whatever stops it here, it is sealed again.
    if (rehearsedAs !== undefined) this.#deleteRehearsal(rehearsedAs, hunt, job);
    const about = {
      ...(isRehearsal ? { isRehearsal } : {}),
      ...(rehearsedAs === undefined ? {} : { rehearsedAs }),
    };
    this.#put(job, { ...entry, ...about, incarnation, pass: 1, places, left: places, of, sealed: now() });
    this.#changes += 1;
    audit.amend(entry.line, { job });
    unlist(hunt);
    wake(now() + SERVED_MAX);
    return { job };
  }

  async #finish(job: string): Promise<void> {
    const { audit, now, eraseControl, ended } = this.#deps;
    const { hunt, line } = this.#entry(job);
    let refused: Refusal | undefined;
    try {
      refused = await eraseControl(hunt);
    } catch (error) {
      return this.#later(job, `control: ${whyOf(error)}`);
    }
    if (refused) return this.#later(job, `control: ${refused.detail}`);
    const { why: _, ...entry } = this.#entry(job);
    ended(hunt);
    this.#put(job, { ...entry, state: "done", places: [], left: [], ended: now(), tries: 0 });
    audit.amend(line, { erased: true });
  }

  /** A try was in vain: the next one is later. */
  #later(job: string, why: string): void {
    const entry = this.#entry(job);
    const tries = entry.tries + 1;
    const state = tries < TRIES_MAX ? "running" : "failed";
    this.#put(job, { ...entry, tries, why, state });
    if (state === "failed") console.error({ message: "a deletion was given up", job, why });
    else this.#deps.wake(this.#deps.now() + Math.min(RETRY.most, RETRY.first * 2 ** (tries - 1)));
  }

  // ── The table ───────────────────────────────────────────────────────────

  #running(): string[] {
    return [...this.#all()].filter(([, { state }]) => state === "running").map(([job]) => job);
  }

  #newest(hunt: string): [job: string, entry: Entry] | undefined {
    let newest: [string, Entry] | undefined;
    for (const [job, entry] of this.#all()) {
      if (entry.hunt === hunt && (!newest || entry.begun >= newest[1].begun)) newest = [job, entry];
    }
    return newest;
  }

  /** Forgets what is too old to matter; whether another deletion can be remembered. */
  #makesRoom(hunt: string, now: number): boolean {
    for (const [job, { state, ended = 0 }] of this.#all()) {
      if (state === "done" && ended < now - KEPT) this.#remove(job);
    }
    return this.#all().size < KEPT_MAX || this.#newest(hunt) !== undefined;
  }

  #entry(job: string): Entry {
    const entry = this.#all().get(job);
    if (!entry) throw new Error("a deletion that is not there goes on");
    return entry;
  }

  #put(job: string, entry: Entry): void {
    this.#all().set(job, entry);
    const text = JSON.stringify({ v: FORM, ...entry });
    this.#deps.sql.exec(
      "INSERT OR REPLACE INTO deletion (job, entry, sum) VALUES (?, ?, ?)",
      job,
      text,
      checksumOf(job, text),
    );
  }

  #remove(job: string): void {
    this.#all().delete(job);
    this.#deps.sql.exec("DELETE FROM deletion WHERE job = ?", job);
    this.#changes += 1;
  }

  /** All of them; read once. */
  #all(): Map<string, Entry> {
    this.#entries ??= this.#read();
    return this.#entries;
  }

  #read(): Map<string, Entry> {
    const { sql, audit } = this.#deps;
    if (!hasAllRows(sql, "deletion")) {
      if (audit.has("delete") !== false) throw new Damaged(LIST);
      // Nothing ever stood in it.
      sql.exec("DROP TABLE deletion");
      sql.exec(SCHEMA);
      tellMended(LIST);
    }
    const rows = sql
      .exec<{ job: string; entry: string; sum: string | null; j: ArrayBuffer; e: ArrayBuffer }>(
        "SELECT job, entry, sum, CAST(job AS BLOB) AS j, CAST(entry AS BLOB) AS e FROM deletion",
      )
      .toArray();
    const read = new Map<string, Entry>();
    for (const { job, entry, sum, j, e } of rows) {
      const right = this.#checks.isIntact(sum, job, entry)
        ? ([job, entry] as const)
        : this.#mended(j, e, sum);
      read.set(right[0], entryIn(right[1]));
    }
    return read;
  }

  /** Who is not known to be gone would be let in again: so nothing is said rather than that. */
  #mended(j: ArrayBuffer, e: ArrayBuffer, sum: string | null): readonly [string, string] {
    if (e.byteLength > MENDED_MAX) throw new Damaged(LIST);
    const [job, entry] = unflipped(sum, [new Uint8Array(j), new Uint8Array(e)]) ?? [];
    if (typeof job !== "string" || typeof entry !== "string") throw new Damaged(LIST);
    const { sql } = this.#deps;
    sql.exec("DELETE FROM deletion WHERE CAST(job AS BLOB) = ?", j);
    sql.exec(
      "INSERT OR REPLACE INTO deletion (job, entry, sum) VALUES (?, ?, ?)",
      job,
      entry,
      checksumOf(job, entry),
    );
    tellMended(LIST);
    return [job, entry];
  }
}

function entryIn(text: string): Entry {
  const { v, ...entry } = JSON.parse(text) as Entry & { v: number };
  assertKnownForm(LIST, { v }, FORM);
  return entry;
}

function doneOf({ state, pass, places, left, of }: Entry): number {
  if (state === "done") return of;
  if (pass === 3) return of - 1;
  return (pass - 1) * places.length + places.length - left.length;
}

/** Nothing that anybody stored: the engine's own words. */
function whyOf(error: unknown): string {
  if (error instanceof RequestError) return error.detail;
  if (error instanceof OriginUnavailable) return error.message;
  console.error({ message: "a part of a deleted hunt could not be erased", error: String(error) });
  return "the engine failed";
}
