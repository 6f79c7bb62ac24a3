/**
 * Tells the hunt's webhooks what happened in this shard: each from the mark that its outbox has, out of the log. So
 * nothing is held in memory for a webhook that takes nothing, and a hunt without webhooks pays for none.
 */
import type { WebhookType } from "../contract/webhook-types.ts";
import { isKnown } from "../hunt/evolve.ts";
import type {
  WebhookFact,
  WebhookMark,
  WebhookReport,
  WebhookTaken,
  WebhookThread,
  WebhookWish,
} from "../objects/webhooks.ts";
import type { Fact, PlayFact, Range } from "../protocol.ts";

/** Facts read from the log for one report, about (whole segments), and requests for help in it. */
const FACTS_READ = 2_000;
const THREADS_MAX = 500;

/** Facts without anything to tell after which the outbox learns of it all the same: a start reads no more of them again. */
const QUIET_FACTS = 20_000;

/** How often the standings are waited for in one turn, and how long, ms. */
const STANDINGS_TRIES = 10;
const STANDINGS_WAIT = 100;

export interface WebhookDeps {
  shard: string;
  /** Of the hunt as the shard knows it. */
  wishes(): readonly WebhookWish[];
  durable(): number;
  /** As `Journal.durableFacts`. */
  read(after: number, limit: number): { facts: readonly Fact[]; upto: number };
  /** The fact behind which all of this time and later stand, epoch ms. */
  before(at: number): number;
  /** Requests for help, in the order they were made. */
  threads(after: number): WebhookThread[];
  lastThread(): number;
  /** Facts that an import made. */
  imported(): readonly Range[];
  begin(webhook: string, start: WebhookMark): Promise<WebhookMark>;
  report(webhook: string, report: WebhookReport): Promise<WebhookTaken>;
  /** Has the standings told of everything durable; whether they were. */
  standings(): Promise<boolean>;
  after(ms: number): Promise<void>;
}

export class Webhooks {
  readonly #deps: WebhookDeps;
  /** How far each outbox knows this shard; none: it is asked. */
  readonly #marks = new Map<string, WebhookMark>();
  /** How far each webhook has nothing more to be told. */
  readonly #seen = new Map<string, WebhookMark>();
  #isRunning = false;
  /** More came while a turn ran. */
  #again = false;

  constructor(deps: WebhookDeps) {
    this.#deps = deps;
  }

  /** Whether an outbox may lack something. */
  get behind(): boolean {
    const { wishes, durable, lastThread } = this.#deps;
    return wishes().some(({ id }) => {
      const seen = this.#seen.get(id);
      return seen === undefined
        ? durable() > 0
        : seen.seq < durable() || (seen.thread < lastThread() && lastThread() > 0);
    });
  }

  /** Facts of a commit: whether a webhook is to be told of one of them. */
  concerns(facts: readonly Fact[]): boolean {
    const wishes = this.#deps.wishes();
    if (wishes.length === 0) return false;
    const on = wishes.flatMap((wish) => wish.on);
    return facts.some((fact) => webhookFactOf(fact, on) !== undefined);
  }

  /** One turn: tells each webhook everything durable. Gives the ms after which one that has no room asks for more. */
  async turn(): Promise<number | undefined> {
    this.#again = true;
    if (this.#isRunning) return undefined;
    this.#isRunning = true;
    try {
      let pause: number | undefined;
      while (this.#again) {
        this.#again = false;
        pause = await this.#tellAll();
      }
      return pause;
    } finally {
      this.#isRunning = false;
    }
  }

  async #tellAll(): Promise<number | undefined> {
    const wishes = this.#deps.wishes();
    for (const known of [...this.#marks.keys()]) {
      if (wishes.some(({ id }) => id === known)) continue;
      this.#seen.delete(known);
      this.#marks.delete(known);
    }
    // One that cannot be told holds up no other.
    const turns = await Promise.allSettled(wishes.map((wish) => this.#tell(wish)));
    const failed = turns.find((turn) => turn.status === "rejected");
    if (failed) throw failed.reason;
    const pauses = turns.flatMap((turn) => (turn.status === "fulfilled" ? (turn.value ?? []) : []));
    return pauses.length === 0 ? undefined : Math.min(...pauses);
  }

  async #tell(wish: WebhookWish): Promise<number | undefined> {
    const { id } = wish;
    let mark = this.#marks.get(id) ?? (await this.#deps.begin(id, this.#startOf(wish)));
    this.#marks.set(id, mark);
    let seen = this.#seen.get(id) ?? mark;
    // Bounded by what the log has: each round moves on, or ends the turn.
    for (;;) {
      const report = this.reportAfter(wish, { ...seen });
      const isQuiet = report.facts.length === 0 && report.threads.length === 0;
      if (isQuiet && report.upto.seq - mark.seq < QUIET_FACTS) {
        seen = report.upto;
      } else {
        if (!isQuiet && !(await this.#standingsKnow())) throw new Error("the standings are behind");
        const taken = await this.#deps.report(id, { ...report, after: mark });
        if (taken.pause !== undefined) return taken.pause;
        const isStuck = taken.mark.seq <= mark.seq && taken.mark.thread <= mark.thread && !isQuiet;
        mark = taken.mark;
        this.#marks.set(id, mark);
        seen = mark;
        if (isStuck) throw new Error("the webhook's outbox does not move on");
      }
      this.#seen.set(id, seen);
      if (!report.more) return undefined;
    }
  }

  async #standingsKnow(): Promise<boolean> {
    for (let attempt = 0; attempt < STANDINGS_TRIES; attempt += 1) {
      if (await this.#deps.standings()) return true;
      await this.#deps.after(STANDINGS_WAIT);
    }
    return false;
  }

  /** What there is to tell behind the mark; none: since the webhook's beginning. For an outbox that asks. */
  async facts(wish: WebhookWish, mark: WebhookMark | null): Promise<WebhookReport> {
    await this.#standingsKnow();
    return this.reportAfter(wish, mark ?? this.#startOf(wish));
  }

  #startOf({ since }: WebhookWish): WebhookMark {
    const { before, threads } = this.#deps;
    const old = threads(0).filter(({ at }) => at < since);
    return { seq: before(since), thread: old.at(-1)?.n ?? 0 };
  }

  reportAfter({ on }: WebhookWish, after: WebhookMark): WebhookReport {
    const { shard, durable, read, imported } = this.#deps;
    const { facts, upto } = read(after.seq, FACTS_READ);
    const skipped = imported();
    const told = facts.flatMap((fact) => {
      if (skipped.some(({ first, last }) => fact.seq >= first && fact.seq <= last)) return [];
      return webhookFactOf(fact, on) ?? [];
    });
    const asked = on.includes("help") ? this.#deps.threads(after.thread) : [];
    const threads = asked.slice(0, THREADS_MAX);
    const isAll = threads.length === asked.length;
    const thread = isAll
      ? Math.max(after.thread, this.#deps.lastThread())
      : (threads.at(-1)?.n ?? after.thread);
    return {
      shard,
      after,
      upto: { seq: upto, thread },
      facts: told,
      threads,
      more: (upto < durable() && upto > after.seq) || !isAll,
    };
  }
}

/** What webhooks that tell of `on` need of a fact; undefined: nothing. A regrade and a merge are no news. */
function webhookFactOf(fact: Fact, on: readonly WebhookType[]): WebhookFact | undefined {
  if (!isKnown(fact)) return undefined;
  const { seq, at, team } = fact;
  switch (fact.type) {
    case "join": {
      if (!on.includes("joined")) return undefined;
      return { seq, at, team, what: "joined", ...(fact.source === undefined ? {} : { source: fact.source }) };
    }
    case "ban":
    case "hide":
      return { seq, at, team, what: "concealed" };
    case "forget":
      return fact.alone ? { seq, at, team, what: "forgotten" } : undefined;
    case "solve": {
      const isNew = fact.regrade === undefined && !fact.more && fact.instead === undefined;
      // By hand, or by a verdict.
      const isNews = isNew && (!fact.player || fact.opensAt !== undefined);
      if (!isNews || !tellsSolves(on)) return undefined;
      return { seq, at, team, what: "solved", clue: fact.clue, points: fact.points };
    }
    case "answer":
    case "scan":
    case "checkin":
      if (fact.outcome !== "correct" || fact.clue === undefined || !tellsSolves(on)) return undefined;
      return { seq, at, team, what: "solved", clue: fact.clue, points: fact.points ?? 0 };
    case "submit":
      return submitted(fact, on);
    case "judged": {
      const { submission, clue } = fact;
      return on.includes("judged") ? { seq, at, team, what: "judged", clue, submission } : undefined;
    }
    case "claim":
      if (fact.outcome !== "won" || fact.prize === undefined || !on.includes("won")) return undefined;
      return { seq, at, team, what: "won", prize: fact.prize };
    default:
      return undefined;
  }
}

/** One that counts at once is a solve as well: then `submission` goes with that. */
function submitted(
  { seq, at, team, clue, outcome, points = 0 }: PlayFact,
  on: readonly WebhookType[],
): WebhookFact | undefined {
  if (clue === undefined) return undefined;
  const isTold = on.includes("submitted");
  if (outcome === "correct" && tellsSolves(on)) {
    return { seq, at, team, what: "solved", clue, points, ...(isTold ? { submission: seq } : {}) };
  }
  return isTold ? { seq, at, team, what: "submitted", clue, submission: seq } : undefined;
}

const tellsSolves = (on: readonly WebhookType[]): boolean =>
  on.includes("solved") || on.includes("first_solve") || on.includes("finished");
