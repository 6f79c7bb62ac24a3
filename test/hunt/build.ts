/**
 * Small builders for the tests of the pure rules: compiled hunts without a
 * definition, commands without an edge, and `Game`, a shard without a platform.
 */

import type { ClueView, Me } from "../../src/contract/me.ts";
import type { Refusal } from "../../src/errors.ts";
import { admit, type JoinRequest } from "../../src/hunt/admit.ts";
import { decideClaim } from "../../src/hunt/claim.ts";
import type { CompiledClue, CompiledHunt } from "../../src/hunt/compiled.ts";
import type { Budgets, Context, IndexedStandings } from "../../src/hunt/context.ts";
import { decide } from "../../src/hunt/decide.ts";
import { evolve } from "../../src/hunt/evolve.ts";
import { indexHunt } from "../../src/hunt/indexed.ts";
import { LIST_MODES, listText } from "../../src/hunt/listed.ts";
import { meOf } from "../../src/hunt/look.ts";
import { organise } from "../../src/hunt/organise.ts";
import type { Phase } from "../../src/hunt/phase.ts";
import { resultOf } from "../../src/hunt/repeat.ts";
import { reviveTeam, type Team } from "../../src/hunt/team.ts";
import { newlyReached, reachedFacts, scoreOf } from "../../src/hunt/team-score.ts";
import { digestAnswer, digestCode } from "../../src/intake/digest.ts";
import type { Allocation } from "../../src/prizes/allocate.ts";
import type {
  Command,
  CompareMode,
  DigestText,
  Fact,
  NewFact,
  PlayFact,
  Position,
  Result,
  SentFile,
  TeamAction,
} from "../../src/protocol.ts";

/** The inverse of `encodeTeam`. */
export const decodeTeam = (text: string): Team => reviveTeam(JSON.parse(text));

/** The moment the hunts of these tests open; every other time is told from here. */
export const T0 = Date.UTC(2026, 11, 1, 18);
export const SECOND = 1_000;
export const MINUTE = 60_000;
export const HOUR = 3_600_000;

export const isoAt = (at: number): string => new Date(at).toISOString();

export const MODES: readonly CompareMode[] = ["letters", "words", "exact", "number"];

/** A digest one can read. The real one is tested with the edge. */
export const plainDigest: DigestText = (scope, text) =>
  scope === "code" ? `code:${text}` : `${scope.clue}/${scope.mode}:${text}`;

const digestOf = (clue: string, mode: CompareMode, text: string): string =>
  digestAnswer(clue, text, plainDigest, [mode]).digests[mode] ?? "";

export interface ClueSketch extends Partial<Omit<CompiledClue, "digests" | "nudges" | "codeDigest">> {
  answers?: string[];
  nudges?: { match: string[]; say: string }[];
  code?: string;
}

/** A clue, open from the start, that "right" solves, unless told otherwise. */
export function clue(id: string, sketch: ClueSketch = {}): CompiledClue {
  const { answers = ["right"], nudges = [], code, ...given } = sketch;
  const kind = given.kind ?? (code === undefined ? (given.place ? "place" : "answer") : "scan");
  const compare = given.compare ?? (kind === "choice" ? "exact" : "letters");
  const typed = kind === "answer" || kind === "choice";
  return {
    id,
    round: "r",
    title: id,
    body: `The body of ${id}.`,
    kind,
    points: 10,
    meta: false,
    compare,
    digests: typed ? answers.map((answer) => digestOf(id, compare, answer)) : [],
    nudges: nudges.map(({ match, say }) => ({
      digests: match.map((text) => digestOf(id, compare, text)),
      say,
    })),
    choices: [],
    hints: [],
    attempts: { burst: 5, refillPerMinute: 10, perClue: 50 },
    opens: { op: "start" },
    ...(code === undefined ? {} : { codeDigest: plainDigest("code", code) }),
    ...given,
  };
}

export function hunt(clues: CompiledClue[], given: Partial<CompiledHunt> = {}): CompiledHunt {
  const rounds = [...new Set(clues.flatMap(({ round }) => round ?? []))].map((id) => ({ id, title: id }));
  return {
    format: 1,
    hunt: "h",
    title: "H",
    teams: { mode: "teams", maxSize: 6 },
    brackets: [],
    players: { require: "anyone", whenOriginDown: "admit" },
    attempts: { burst: 5, refillPerMinute: 10, perClue: 50 },
    scoring: STATIC,
    rounds,
    clues,
    prizes: [],
    webhooks: [],
    pepper: "p1",
    ...given,
  };
}

/** Scoring in which nothing moves. */
export const STATIC: CompiledHunt["scoring"] = {
  ranking: "score",
  decay: { kind: "none", minimum: 0, solves: 1 },
  firstSolves: [],
};

/** Scoring in which only the standings know a score. */
export const MOVING: CompiledHunt["scoring"] = {
  ranking: "score",
  decay: { kind: "linear", minimum: 1, solves: 10 },
  firstSolves: [],
};

type CommandOf<Type extends Command["type"]> = Extract<Command, { type: Type }>;

export const answer = (id: string, clueId: string, text: string): CommandOf<"answer"> => ({
  id,
  type: "answer",
  clue: clueId,
  answer: text,
  ...digestAnswer(clueId, text, plainDigest, MODES),
  pepper: "p1",
});

/** Several choices, in the order they are picked. */
export const picked = (id: string, clueId: string, ...ids: string[]): CommandOf<"answer"> => ({
  ...answer(id, clueId, listText(ids)),
  ...digestAnswer(clueId, listText(ids), plainDigest, ["exact", ...LIST_MODES]),
  listed: true,
});

export const scan = (id: string, code: string): CommandOf<"scan"> => ({
  id,
  type: "scan",
  code,
  ...digestCode(code, plainDigest, { id: "p1", bytes: new Uint8Array() }),
});

export const checkin = (id: string, clueId: string, position: Position): CommandOf<"checkin"> => ({
  id,
  type: "checkin",
  clue: clueId,
  position,
});

export const hint = (id: string, clueId: string, hintId: string): CommandOf<"hint"> => ({
  id,
  type: "hint",
  clue: clueId,
  hint: hintId,
});

/** Words, or with `uploads` files. */
export const submit = (
  id: string,
  clueId: string,
  text: string | undefined,
  uploads: string[] = [],
): CommandOf<"submit"> => ({
  id,
  type: "submit",
  clue: clueId,
  ...(text === undefined ? {} : { text }),
  ...(uploads.length === 0 ? {} : { uploads }),
});

export const claim = (id: string, prize: string): CommandOf<"claim"> => ({ id, type: "claim", prize });

const keyOf = (team: string, event: string): string => `${team}\n${event}`;

/**
 * A shard without a platform: one log, its teams, the recorded ids. It does
 * what the shard's object does around the rules, in the same order.
 */
export class Game {
  phase: Phase = "live";
  openedAt = T0;
  word: IndexedStandings | undefined;
  /** The standings as of a freeze. */
  shown: IndexedStandings | undefined;
  readonly facts: Fact[] = [];
  readonly teams = new Map<string, Team>();
  #hunt: ReturnType<typeof indexHunt>;
  readonly #recorded = new Map<string, PlayFact>();
  /** The units of each prize; a prize without an entry is not handed out. */
  readonly vault = new Map<string, Allocation>();
  withdrawn = new Set<string>();
  budgets: Budgets | undefined;
  /** By `team/clue/upload`. */
  readonly uploads = new Map<string, SentFile>();

  constructor(compiled: CompiledHunt) {
    this.#hunt = indexHunt(compiled);
  }

  /** Publishes another version. */
  publish(compiled: CompiledHunt): void {
    this.#hunt = indexHunt(compiled);
  }

  get context(): Context {
    return {
      hunt: this.#hunt,
      phase: this.phase,
      openedAt: this.openedAt,
      ...(this.word ? { word: this.word } : {}),
      ...(this.shown ? { shown: this.shown } : {}),
      prizes: {
        withdrawn: (prize) => this.withdrawn.has(prize),
        drained: (prize) => this.vault.get(prize)?.left === 0,
        asked: () => [],
        codeOf: (prize, unit) => `code-${prize}-${unit}`,
      },
      uploads: { of: (team, upload, clue) => this.uploads.get(`${team}/${clue}/${upload}`) },
      ...(this.budgets ? { budgets: this.budgets } : {}),
    };
  }

  team(id = "t"): Team {
    const team = this.teams.get(id);
    if (!team) throw new Error(`there is no team ${id}`);
    return team;
  }

  /** A player joins; the first of a team makes it. */
  join(player = "p", team = "t", now = T0, more: Partial<JoinRequest> = {}): Fact | Refusal {
    const fact = admit(
      this.#hunt.compiled,
      this.phase,
      team,
      this.teams.get(team),
      {
        key: `join-${team}-${player}`,
        player,
        name: player.toUpperCase(),
        ...(this.teams.has(team) ? {} : { create: { name: team.toUpperCase() } }),
        ...more,
      },
      now,
    );
    return "refused" in fact ? fact : this.append(fact);
  }

  /** A player's command, at `now`. */
  play(command: Command, now = T0, player = "p", team = "t"): Result {
    if (this.phase === "live") {
      const reached = newlyReached(this.context, this.team(team), scoreOf(this.context, this.team(team)));
      for (const fact of reachedFacts(team, reached, now)) this.append(fact);
    }
    const recorded = this.#recorded.get(keyOf(team, command.id));
    const decision = decide(this.context, this.team(team), player, command, recorded, now);
    if ("claim" in decision)
      return this.#claim(decision.claim, command as Command & { type: "claim" }, now, player, team);
    if ("result" in decision) return decision.result;
    const [fact] = decision.facts.map((draft) => this.append(draft));
    return resultOf(this.context, fact as PlayFact, player);
  }

  /** The way a shard goes: the vault decides, the team records. */
  #claim(
    prize: string,
    command: Command & { type: "claim" },
    now: number,
    player: string,
    team: string,
  ): Result {
    const own = (this.team(team).wins ?? []).filter((win) => win.prize === prize);
    const byPlayer = own.filter((win) => win.player === player).length;
    const claim = { prize, team, player, event: command.id };
    const word = this.vault.get(prize)?.decide(claim, own.length, byPlayer, now) ?? {
      outcome: "not_eligible" as const,
    };
    const decision = decideClaim(this.context, this.team(team), player, command, word, now);
    if ("result" in decision) return decision.result;
    const [fact] = decision.facts.map((draft) => this.append(draft));
    return resultOf(this.context, fact as PlayFact, player);
  }

  organise(action: TeamAction, now = T0, team = "t"): Fact[] | Refusal {
    const decision = organise(this.context, this.team(team), action, now);
    return "refused" in decision ? decision : decision.facts.map((draft) => this.append(draft));
  }

  append(draft: NewFact): Fact {
    const fact = { seq: this.facts.length + 1, ...draft } as Fact;
    this.take(fact);
    return fact;
  }

  /** Takes a fact of an existing log. */
  take(fact: Fact): void {
    this.facts.push(fact);
    this.teams.set(fact.team, evolve(this.teams.get(fact.team), fact));
    if ("outcome" in fact) this.#recorded.set(keyOf(fact.team, fact.event), fact);
  }
}

/** A live game with team `t` of player `p`, joined when the hunt opened. */
export function game(clues: CompiledClue[], given: Partial<CompiledHunt> = {}): Game {
  const made = new Game(hunt(clues, given));
  made.join();
  return made;
}

/** What a player of the team sees at `now`. */
export const seenBy = (played: Game, team?: string, now = T0): Me =>
  meOf(
    played.context,
    played.team(team),
    "p",
    { version: 1, place: undefined, left: () => undefined, announcements: [], returnCodeOf: () => "R" },
    now,
  );

/** The clues in it. */
export const cluesSeen = (played: Game, now = T0): ClueView[] => seenBy(played, undefined, now).clues;
