/**
 * What a shard's teams sent for judging: the queue, who of the judges has a submission for a while, verdicts. What was
 * sent and judged are facts; beside them stands only who looks at it now.
 */
import { assetPeriod, sentUrl } from "../assets/ticket.ts";
import { BoundedMap } from "../bounded-map.ts";
import type { Clock } from "../clock.ts";
import { type SentFile, SUBMISSION_LEASE, type SubmissionState } from "../contract/submissions.ts";
import { type Refusal, refuse } from "../errors.ts";
import { submissionId, submissionOf } from "../hunt/submissions.ts";
import type { Submission, Team } from "../hunt/team.ts";
import { bySent } from "../objects/orders.ts";
import type {
  JudgeAction,
  Lease,
  Organised,
  SentPage,
  SentSubmission,
  SentWanted,
  Staff,
} from "../objects/shard.ts";
import type { Fact, TeamAction } from "../protocol.ts";
import type { Secrets } from "../secrets.ts";
import type { CurrentHunt } from "./current-hunt.ts";
import type { Journal } from "./journal.ts";
import { BROKEN } from "./read-only.ts";
import type { ShardTime } from "./time.ts";

/** Texts in memory, 10 MB or so at the longest. */
const TEXTS_MAX = 1_000;

/** Leases at a time: a judge has a few. */
const LEASES_MAX = 1_000;

/** What is known of a submission without its team being read. Times are epoch ms. */
interface Entry {
  team: string;
  clue: string;
  at: number;
  state: SubmissionState;
}

export interface JudgingDeps {
  hunt: string;
  secrets: Pick<Secrets, "PLAYER_TOKEN_KEYS">;
  current: CurrentHunt;
  journal: Journal;
  time: ShardTime;
  /** The engine's: tickets end by it. */
  clock: Pick<Clock, "now">;
  leases: { read(): Record<string, Lease>; save(leases: Record<string, Lease>): void };
  organise(team: string, action: TeamAction): Promise<Organised | Refusal>;
  /** Files may have to go. */
  cleared(): Promise<void>;
  /** Tells the team's sockets. */
  tell(team: string, frame: object): void;
}

export class Judging {
  readonly #deps: JudgingDeps;
  /** By the numbers of their facts; undefined: not read yet. */
  #entries: Map<number, Entry> | undefined;
  readonly #texts = new BoundedMap<number, string>(TEXTS_MAX);

  constructor(deps: JudgingDeps) {
    this.#deps = deps;
  }

  /** See `ShardObject.submissions`. */
  async queue({ state, clue, after, limit, length }: SentWanted): Promise<SentPage | Refusal> {
    const refused = await this.#ready();
    if (refused) return refused;
    const found: { team: Team; submission: Submission; at: number; id: string }[] = [];
    for (const [seq, entry] of this.#known()) {
      if (entry.state !== (state ?? "waiting") || (clue !== undefined && entry.clue !== clue)) continue;
      const place = { at: entry.at, id: submissionId(entry.team, seq) };
      if (after !== undefined && bySent(after, place) >= 0) continue;
      const team = this.#deps.journal.teams.get(entry.team);
      const submission = team && submissionOf(team, seq);
      if (!team || team.merged || !submission) continue;
      found.push({ team, submission, ...place });
    }
    found.sort(bySent);
    const submissions: SentSubmission[] = [];
    let told = 0;
    for (const { team, submission } of found) {
      if (submissions.length >= limit || told >= length) break;
      submissions.push(this.#told(team, submission));
      told += submission.words ?? 0;
    }
    return { submissions, more: submissions.length < found.length };
  }

  /** See `ShardObject.judge`. */
  async act(
    teamId: string,
    seq: number,
    action: JudgeAction,
    staff: Staff,
  ): Promise<{ submission: SentSubmission } | Refusal> {
    const refused = await this.#ready();
    if (refused) return refused;
    const { journal, organise, cleared } = this.#deps;
    const found = this.#find(teamId, seq);
    if ("refused" in found) return found;
    const taken = this.#takenBy(seq, staff);
    switch (action.type) {
      case "claim":
        if (taken) return taken;
        this.#lease(seq, { by: staff.name, until: this.#deps.time.now() + SUBMISSION_LEASE });
        break;
      case "release":
        if (taken && !staff.mayRelease) return taken;
        this.#lease(seq, undefined);
        break;
      case "verdict": {
        if (taken) return taken;
        const { accept, points, say } = action;
        const done = await organise(teamId, {
          type: "judge",
          submission: seq,
          accept,
          ...(points === undefined ? {} : { points }),
          ...(say === undefined ? {} : { say }),
        });
        if ("refused" in done) return done;
        this.#lease(seq, undefined);
        break;
      }
      case "clear": {
        const done = await organise(teamId, { type: "clear", submission: seq, reason: action.reason });
        if ("refused" in done) return done;
        await cleared();
      }
    }
    await journal.committed();
    const after = this.#find(teamId, seq);
    return "refused" in after ? after : { submission: this.#told(after.team, after.submission) };
  }

  /** What was written and sent, as it is now, with addresses of the files. */
  sentOf(team: Team, submission: Submission): { text?: string; files: SentFile[] } {
    const { hunt, secrets, clock } = this.#deps;
    const { seq, words, files = [] } = submission;
    const text = words === undefined ? undefined : this.#textOf(seq, team.id);
    const period = assetPeriod(secrets, clock.now());
    return {
      ...(text === undefined ? {} : { text }),
      files: files.map(({ upload, type, size }) => ({
        type,
        size,
        url: sentUrl(secrets, hunt, upload, period),
      })),
    };
  }

  /** A commit is durable: the team hears of what was sent and judged. */
  committed(facts: readonly Fact[]): void {
    for (const fact of facts) {
      if (fact.type === "submit") {
        const { seq, team, clue = "", at } = fact;
        const known = this.#find(team, seq);
        if ("refused" in known) continue;
        const state = known.submission.verdict ?? "waiting";
        this.#entries?.set(seq, { team, clue, at, state });
        this.#deps.tell(team, { submission: { clue, state } });
      } else if (fact.type === "judged") {
        const { submission: seq, team, clue, accept, say, points } = fact;
        const state = accept ? "accepted" : "refused";
        const entry = this.#entries?.get(seq);
        if (entry) entry.state = state;
        this.#deps.tell(team, {
          submission: {
            clue,
            state,
            ...(say === undefined ? {} : { say }),
            ...(points === undefined ? {} : { points }),
          },
        });
      }
    }
  }

  async #ready(): Promise<Refusal | undefined> {
    const refused = await this.#deps.current.ready();
    if (refused) return refused;
    await this.#deps.journal.committed();
    return undefined;
  }

  #find(teamId: string, seq: number): { team: Team; submission: Submission } | Refusal {
    const team = this.#deps.journal.teams.get(teamId);
    if (!team) return BROKEN;
    const submission = submissionOf(team, seq);
    return submission && !team.merged ? { team, submission } : NONE;
  }

  /** Read from the teams once; commits keep it. */
  #known(): Map<number, Entry> {
    if (this.#entries) return this.#entries;
    const entries = new Map<number, Entry>();
    for (const { id, submissions = [] } of this.#deps.journal.teams.all()) {
      for (const { seq, clue, at, verdict = "waiting" } of submissions) {
        entries.set(seq, { team: id, clue, at, state: verdict });
      }
    }
    this.#entries = entries;
    return entries;
  }

  /** Why this judge may do nothing with it: another one has it. */
  #takenBy(seq: number, { name }: Staff): Refusal | undefined {
    const lease = this.#leaseOf(seq);
    if (!lease || lease.by === name) return undefined;
    return refuse("conflict", `${lease.by} has this until ${new Date(lease.until).toISOString()}`);
  }

  #leaseOf(seq: number): Lease | undefined {
    const lease = this.#deps.leases.read()[seq];
    return lease && lease.until > this.#deps.time.now() ? lease : undefined;
  }

  #lease(seq: number, lease: Lease | undefined): void {
    const { leases, time } = this.#deps;
    const before = leases.read();
    if (lease === undefined && before[seq] === undefined) return;
    const now = time.now();
    const others = Object.entries(before).filter(([key, { until }]) => key !== String(seq) && until > now);
    // The oldest go: whoever has those looks at many others.
    const kept = Object.fromEntries(others.slice(-(LEASES_MAX - 1)));
    leases.save(lease === undefined ? kept : { ...kept, [seq]: lease });
  }

  #told(team: Team, submission: Submission): SentSubmission {
    const { seq, clue, at, verdict = "waiting", say, points } = submission;
    const lease = this.#leaseOf(seq);
    return {
      id: submissionId(team.id, seq),
      team: { id: team.id, name: team.name },
      clue,
      at,
      ...this.sentOf(team, submission),
      state: verdict,
      ...(say === undefined ? {} : { say }),
      ...(points === undefined ? {} : { points }),
      ...(lease === undefined ? {} : { lease }),
    };
  }

  #textOf(seq: number, team: string): string | undefined {
    const known = this.#texts.get(seq);
    if (known !== undefined) return known;
    const fact = this.#deps.journal.log.at(seq);
    const text = fact?.type === "submit" && fact.team === team ? fact.text : undefined;
    if (text !== undefined) this.#texts.set(seq, text);
    return text;
  }
}

const NONE = refuse("not_found", "no such submission");
