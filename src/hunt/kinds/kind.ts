/**
 * A kind of clue: everything that is special about it. Each kind is one file of
 * this folder; `all.ts` lists them. The rest of the rules knows a kind through
 * this interface only and never asks which one it has. How to add one:
 * docs/kinds.md.
 *
 * The way of a clue through its kind:
 *
 *   publishing   `keys` and `needs` say how it is written, `check` refuses what
 *                is wrong in it, `lint` warns; `code` tells the code that solves
 *                it, and `compile` makes the part that is stored of it
 *   loading      `prepare` makes the clue's judge, with all that judging needs
 *   an event     `event.find` tells which clue it is about; `decide` refuses
 *                what no kind would take (a phase, a locked or a solved clue, an
 *                event of another kind); the judge decides the rest
 *   a fact       `event.evolve` folds into the team what only this kind keeps;
 *                `result` adds what the player is told
 *   `/me`        `view` shows what players may see of the stored part
 *
 * Everything is pure: no clock, no randomness, no platform.
 */
import type * as z from "zod";
import type { Issue } from "../../errors.ts";
import type { Command, CompareMode, PlayFact, Result } from "../../protocol.ts";
import type { AttemptLimits } from "../attempts.ts";
import type { Report } from "../report.ts";
import type { Team } from "../team.ts";
import type { Decision, Turn } from "../turn.ts";

export type CommandOf<Type extends Command["type"]> = Extract<Command, { type: Type }>;
/** The commands that solve clues. */
export type Solving = Exclude<Command, { type: "hint" | "claim" | "start" }>;

/** What an event that solves clues does whichever kind it meets. Kinds may share one. */
export interface SolvingEvent<Sent extends Solving = Solving> {
  readonly type: Sent["type"];
  /** With its article: a clue of another kind "is not solved by" it. */
  readonly called: string;
  /** The id of the clue that the event is about, or the decision if it can only be refused. */
  find(turn: Turn, command: Sent): string | Decision;
  /** Whether `command` is the event that made `fact`, sent again. The client's clock may differ. */
  isSame(fact: PlayFact, command: Sent): boolean;
  /**
   * The event that made `fact`, to judge it again for the clue. False: it is not about this clue. Undefined:
   * nothing tells any more what was sent, so that what came of it stays.
   */
  again(fact: PlayFact, clue: Again, digest: DigestAnswer): Sent | false | undefined;
  /**
   * Folds a recorded fact of this type into the team, beside the solve or the
   * wrong answer that every such fact may be. It reads no definition, so that a
   * log folds to the same state under every version.
   */
  evolve?(team: Team, fact: PlayFact): void;
}

/** A clue as its author wrote it, as far as its kind is concerned. */
export type Written<Keys extends z.ZodRawShape> = { id: string; title: string; body: string } & z.output<
  z.ZodObject<Keys>
>;

/** A stored clue, as far as its kind is concerned. */
export type Stored<Part extends object> = { id: string; attempts: AttemptLimits } & Part;

/** Makes the digest of an answer to the clue, normalised by `mode`. */
export type DigestAnswer = (mode: CompareMode, text: string) => string;

/** What of a clue tells whether a recorded event is about it, and the pepper of its digests. */
export interface Again {
  id: string;
  compare: CompareMode;
  codeDigest?: string;
  pepper: string;
}

/** One clue as it is judged, with all that judging it needs. */
export interface Judge<Sent extends Solving = Solving> {
  /** Decides on an event about the clue, which is open and not solved. */
  judge(turn: Turn, command: Sent): Decision;
}

/**
 * `Sent`: the command that solves it. `Keys`: the schemas of its keys. `Part`: what of it is stored; plain JSON.
 * `Shown`: what `/me` shows of that. `Clue` follows from `Keys`. Methods, not properties with functions, so
 * that a kind which needs its own `Part` is still a `Kind` of any.
 */
export interface Kind<
  Sent extends Solving = Solving,
  Keys extends z.ZodRawShape = z.ZodRawShape,
  Part extends object = object,
  Shown extends object = object,
  Clue = Written<Keys>,
> {
  /** What solves it. */
  readonly event: SolvingEvent<Sent>;
  /**
   * The keys of a clue that belong to this kind, beside those of every clue.
   * Kinds that share a key share its schema. A clue of a kind without the key
   * must not have it.
   */
  readonly keys: Keys;
  /** Those of its keys that a clue of this kind must have. */
  readonly needs: readonly string[];
  /** Reports what is wrong in a clue whose keys are present and well formed each by itself. */
  check?(clue: Clue, path: string, report: Report): void;
  /** Warnings: what is allowed and probably not meant. */
  lint?(clue: Clue, path: string): Issue[];
  /** The code that solves the clue; `generate` makes the one of a clue without a code of its own. */
  code?(clue: Clue, generate: (clue: string) => string): string;
  /** The part that is stored. Called for definitions without an issue only. */
  compile?(clue: Clue, digest: DigestAnswer): Part;
  /** Prepares the judging of one clue: whatever takes time is done here, once a version. */
  prepare(clue: Stored<Part>): Judge<Sent>;
  /** Adds to the result of a recorded fact about the clue. The fact may be older than the clue's kind. */
  result?(clue: Stored<Part>, fact: PlayFact, result: Result): void;
  /** Its wrong tries draw on the team's bucket of codes, because they tell no clue; absent: on the clue's own. */
  readonly draws?: "codes";
  /** What its team sees of it beside what every clue shows. */
  view?(clue: Stored<Part>): Shown;
}
