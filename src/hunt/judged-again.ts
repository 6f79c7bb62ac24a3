/**
 * The recorded events of teams, judged again by a definition, each at its time: for a regrade (regrade.ts). Facts
 * are given in the order of their log, and what is kept of them is what counts: for each team and clue the
 * earliest event or hand by which it is solved. Limits of attempts are not applied anew. PURE.
 */
import type { DigestText, Fact, PlayFact } from "../protocol.ts";
import type { CompiledClue } from "./compiled.ts";
import { type IndexedHunt, judgeOf } from "./indexed.ts";
import { eventOf } from "./kinds/all.ts";
import type { Again } from "./kinds/kind.ts";
import { type Member, type Team, unplayed } from "./team.ts";
import type { Decision, Turn } from "./turn.ts";

/** Answers whose verdict is remembered: teams give the same ones. About 4 MB. */
const VERDICTS_MAX = 20_000;

/** By what a clue is solved. `player`: whose event it is; absent: an organiser's hand. */
export interface Counting {
  at: number;
  seq: number;
  player?: string;
  /** From when on it opens others, epoch ms; absent: from `at`. */
  opensAt?: number;
}

/** What counts of a team's events. */
export interface TeamJudged {
  /** By clue. */
  counting: Map<string, Counting>;
  /** Who solved each clue that the team has solved, as recorded; undefined: nobody, it is by hand. */
  solvers: Map<string, string | undefined>;
  /** Scans that nobody knew, and that are of this clue's code by now: they count if the clue was open. */
  scans: (Counting & { clue: string })[];
  /** Seqs of the wrong tries at each clue that count against its solve, rising. */
  wrong: Map<string, number[]>;
  /** When tries were given back: at the clue, or all of them. */
  resets: { seq: number; clue?: string | undefined }[];
  /** Where its players last reached a place. */
  members: Map<string, Member>;
}

export class JudgedAgain {
  /** Events judged so far. */
  events = 0;
  readonly #hunt: IndexedHunt;
  readonly #digest: DigestText;
  readonly #teams = new Map<string, TeamJudged>();
  readonly #verdicts = new Map<string, boolean>();
  readonly #turn: AgainTurn;

  constructor(hunt: IndexedHunt, digest: DigestText) {
    this.#hunt = hunt;
    this.#digest = digest;
    this.#turn = new AgainTurn(hunt);
  }

  /** What counts of the team; undefined: nothing was read of it. */
  of(team: string): TeamJudged | undefined {
    return this.#teams.get(team);
  }

  /** Takes the next fact of the log. */
  add(fact: Fact): void {
    const judged = this.#judgedOf(fact.team);
    switch (fact.type) {
      case "solve":
        judged.solvers.set(fact.clue, fact.player);
        if (fact.regrade !== undefined) return;
        // By a verdict, which stands whatever counted before.
        if (fact.opensAt !== undefined) judged.counting.delete(fact.clue);
        count(judged, fact.clue, { ...fact, at: fact.solvedAt, seq: fact.as ?? fact.seq });
        return;
      case "unsolve":
        if (fact.regrade !== undefined) return;
        // What an organiser took back counts for nothing, whatever it was.
        judged.counting.delete(fact.clue);
        judged.scans = judged.scans.filter(({ clue }) => clue !== fact.clue);
        return;
      case "reset":
        if (!fact.codes) judged.resets.push({ seq: fact.seq, clue: fact.clue });
        return;
      case "arrive": {
        const { player, position, reached } = fact;
        if (position && reached)
          judged.members.set(player, { ...bareMember(fact), lastReached: { ...position, ...reached } });
        return;
      }
      case "submit":
        // People judge it, and what they said stands.
        if (fact.outcome !== "correct") return;
        judged.solvers.set(fact.clue ?? "", fact.player);
        if (this.#hunt.clues.has(fact.clue ?? "")) count(judged, fact.clue ?? "", fact);
        return;
      case "answer":
      case "scan":
      case "checkin":
        this.#judge(judged, fact);
        return;
      default:
    }
  }

  /** Whether the answer solves its clue by the definition. */
  isRight({ clue = "", answer, at }: Pick<PlayFact, "clue" | "answer" | "at">): boolean {
    const about = this.#hunt.clues.get(clue);
    if (!about || answer === undefined) return false;
    const fact: PlayFact = {
      seq: 0,
      at,
      team: "",
      type: "answer",
      outcome: "incorrect",
      player: "",
      event: "",
      clue,
      answer,
    };
    return this.#counts(unjudged(), about, fact) === true;
  }

  #judge(judged: TeamJudged, fact: PlayFact): void {
    this.events += 1;
    const about = this.#hunt.clues.get(fact.clue ?? "");
    const wasRight = fact.outcome === "correct";
    if (wasRight) judged.solvers.set(fact.clue ?? "", fact.player);
    const counts = about ? (this.#counts(judged, about, fact) ?? wasRight) : false;
    if (about && counts) count(judged, about.id, fact);
    else if (about && (fact.outcome === "incorrect" || wasRight) && this.#hunt.compiled.scoring.penalty) {
      const wrong = judged.wrong.get(about.id);
      if (wrong) wrong.push(fact.seq);
      else judged.wrong.set(about.id, [fact.seq]);
    }
    if (counts || fact.type !== "scan") return;
    for (const clue of this.#hunt.codes.values()) {
      if (clue.id === fact.clue || !this.#counts(judged, clue, fact)) continue;
      const { at, seq, player } = fact;
      judged.scans.push({ at, seq, player, clue: clue.id });
      return;
    }
  }

  /** Whether the event solves the clue by the definition; undefined: nobody can tell. */
  #counts(judged: TeamJudged, clue: CompiledClue, fact: PlayFact): boolean | undefined {
    const event = eventOf(fact.type);
    const judge = event && judgeOf(this.#hunt, clue, event);
    if (!event || !judge) return false;
    // Answers are judged by their text alone.
    const key = fact.answer === undefined ? undefined : `${clue.id}\n${fact.answer}`;
    const known = key === undefined ? undefined : this.#verdicts.get(key);
    if (known !== undefined) return known;
    const command = event.again(fact, this.#about(clue), (mode, text) =>
      this.#digest({ clue: clue.id, mode }, text),
    );
    if (command === false || command === undefined) return command;
    const verdict = this.#turn.take(judged, fact, () => judge.judge(this.#turn, command));
    if (key !== undefined) {
      if (this.#verdicts.size >= VERDICTS_MAX) this.#verdicts.clear();
      this.#verdicts.set(key, verdict);
    }
    return verdict;
  }

  #about({ id, compare, codeDigest }: CompiledClue): Again {
    const { pepper } = this.#hunt.compiled;
    return { id, compare, pepper, ...(codeDigest === undefined ? {} : { codeDigest }) };
  }

  #judgedOf(team: string): TeamJudged {
    const known = this.#teams.get(team);
    if (known) return known;
    const judged = unjudged();
    this.#teams.set(team, judged);
    return judged;
  }
}

const unjudged = (): TeamJudged => ({
  counting: new Map(),
  solvers: new Map(),
  scans: [],
  wrong: new Map(),
  resets: [],
  members: new Map(),
});

/** Wrong tries at the clue before its solve that count: those that were given back before it do not. */
export function wrongBefore({ wrong, resets }: TeamJudged, clue: string, { seq }: Counting): number {
  const tries = wrong.get(clue);
  if (!tries) return 0;
  const forgiven = resets.findLast((reset) => reset.seq < seq && (reset.clue ?? clue) === clue)?.seq ?? 0;
  return tries.filter((each) => each > forgiven && each < seq).length;
}

/** Whether `a` comes before `b`. */
export const isEarlier = (a: Counting, b: Counting): boolean =>
  a.at < b.at || (a.at === b.at && a.seq < b.seq);

function count({ counting }: TeamJudged, clue: string, { at, seq, player, opensAt }: Counting): void {
  const next = {
    at,
    seq,
    ...(player === undefined ? {} : { player }),
    ...(opensAt === undefined ? {} : { opensAt }),
  };
  const known = counting.get(clue);
  if (!known || isEarlier(next, known)) counting.set(clue, next);
}

const bareMember = ({ player, at }: { player: string; at: number }): Member => ({
  id: player,
  name: "",
  joinedAt: at,
});

/** A team without tries: none is used up. */
const bareTeam = (): Team => ({
  id: "",
  name: "",
  joinedAt: 0,
  joinSeq: 0,
  lastAt: 0,
  members: [],
  ...unplayed(),
});

/** The turn of one event after the other. */
class AgainTurn implements Turn {
  readonly team = bareTeam();
  readonly heldUntil = undefined;
  player = "";
  now = 0;
  effectiveAt: number | undefined;
  readonly #hunt: IndexedHunt;
  #solves = false;

  constructor(hunt: IndexedHunt) {
    this.#hunt = hunt;
  }

  get limits() {
    return this.#hunt.compiled.attempts;
  }

  get codes() {
    return this.#hunt.codes;
  }

  uploadOf(): undefined {
    return undefined;
  }

  /** Whether the event of the fact solves its clue, as `judge` decides. */
  take({ members }: TeamJudged, fact: PlayFact, judge: () => void): boolean {
    const { player, at, clientAt, behind = 0, position } = fact;
    this.player = player;
    this.now = at;
    this.effectiveAt = clientAt === undefined ? undefined : at - behind;
    this.#solves = false;
    const member = position && (members.get(player) ?? bareMember(fact));
    this.team.members = member ? [member] : [];
    judge();
    if (member) {
      const outcome = this.#solves ? "correct" : "out_of_range";
      eventOf(fact.type)?.evolve?.(this.team, { ...fact, outcome });
      members.set(player, member);
    }
    return this.#solves;
  }

  tell(): Decision {
    return NOTHING;
  }

  repeated(): Decision {
    return NOTHING;
  }

  record(): Decision {
    return NOTHING;
  }

  solve(): Decision {
    this.#solves = true;
    return NOTHING;
  }
}

const NOTHING: Decision = { facts: [] };
