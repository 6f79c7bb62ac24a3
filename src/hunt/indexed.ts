/**
 * A compiled hunt with the look-ups the rules need, built once per version and
 * object. Everything here is derived; nothing is stored.
 */
import { type ClueChanges, changeOfClue, isVoid, withClueChanges } from "./clue-changes.ts";
import type { CompiledClue, CompiledHunt, CompiledPrize, Condition, WithdrawnClue } from "./compiled.ts";
import { kindOf } from "./kinds/all.ts";
import type { Judge, SolvingEvent } from "./kinds/kind.ts";
import { withTexts } from "./languages.ts";
import { OpeningsMemory } from "./openings.ts";
import { Print } from "./print.ts";
import { isDynamic } from "./score.ts";

export interface IndexedHunt {
  readonly compiled: CompiledHunt;
  readonly clues: ReadonlyMap<string, CompiledClue>;
  /** The place of each clue in `compiled.clues`. */
  readonly places: ReadonlyMap<string, number>;
  /** What `openingsOf` (unlock.ts) remembers. */
  readonly openings: OpeningsMemory;
  /** By clue: decides on the events that may solve it. */
  readonly judges: ReadonlyMap<string, Judge>;
  /** By clue: decides on answers that are given instead of going there or scanning; most have none. */
  readonly instead: ReadonlyMap<string, Judge>;
  /** Digest of a code → the clue it solves. */
  readonly codes: ReadonlyMap<string, CompiledClue>;
  /** Round → ids of its clues that are not metas. */
  readonly rounds: ReadonlyMap<string, readonly string[]>;
  /** Solved clue → clues whose condition that solve can fulfil. */
  readonly dependents: ReadonlyMap<string, readonly CompiledClue[]>;
  readonly prizes: ReadonlyMap<string, CompiledPrize>;
  /** Clues that organisers withdrew: nobody can act on them. */
  readonly closed: ReadonlySet<string>;
  /** Stands for what organisers changed of its clues; empty: nothing. */
  readonly changed: string;
  /** Stands for the contents of its files; 0: its texts name none. */
  readonly files: number;
  /** What earlier versions had, by clue. */
  readonly withdrawn: ReadonlyMap<string, WithdrawnClue>;
  /** The same hunt in other languages, as they were asked for. See `inLanguage`. */
  readonly spoken: Map<string, IndexedHunt>;
  /** Of one in another language: the one that it was made of. */
  readonly original?: IndexedHunt;
  /** Every `n` of a `{points: n}` condition, rising. */
  readonly thresholds: readonly number[];
  /** Scores move with other teams' solves: only the standings know them. */
  readonly dynamic: boolean;
}

export function indexHunt(published: CompiledHunt, changes?: ClueChanges): IndexedHunt {
  const compiled = withClueChanges(published, changes);
  const clues = new Map(compiled.clues.map((clue) => [clue.id, clue]));
  const rounds = new Map<string, string[]>(compiled.rounds.map((round) => [round.id, []]));
  for (const clue of compiled.clues)
    if (clue.round !== undefined && !clue.meta && !isVoid(changes, clue.id)) {
      rounds.get(clue.round)?.push(clue.id);
    }

  const dependents = new Map<string, CompiledClue[]>(compiled.clues.map((clue) => [clue.id, []]));
  const thresholds = new Set<number>();
  for (const clue of compiled.clues) {
    const needs = readsOf(clue.opens, rounds);
    for (const threshold of needs.thresholds) thresholds.add(threshold);
    // A points condition can be fulfilled by any solve that gives points.
    const fulfilledBy = needs.thresholds.size > 0 ? clues.keys() : needs.clues;
    for (const id of fulfilledBy) dependents.get(id)?.push(clue);
  }
  for (const prize of compiled.prizes) {
    if (prize.requires) for (const n of readsOf(prize.requires, rounds).thresholds) thresholds.add(n);
  }

  return {
    compiled,
    clues,
    places: new Map(compiled.clues.map(({ id }, place) => [id, place])),
    openings: new OpeningsMemory(),
    judges: new Map(compiled.clues.map((clue) => [clue.id, kindOf(clue).prepare(clue)])),
    instead: new Map(
      compiled.clues.flatMap((clue) => {
        const judge = kindOf(clue).prepareInstead?.(clue);
        return judge ? [[clue.id, judge] as const] : [];
      }),
    ),
    codes: new Map(
      compiled.clues.flatMap((clue) => (clue.codeDigest ? [[clue.codeDigest, clue] as const] : [])),
    ),
    rounds,
    dependents,
    prizes: new Map(compiled.prizes.map((prize) => [prize.id, prize])),
    closed: new Set(compiled.clues.map(({ id }) => id).filter((id) => changeOfClue(changes, id))),
    changed: changes && Object.keys(changes).length > 0 ? JSON.stringify(changes) : "",
    spoken: new Map(),
    files: compiled.assets ? new Print().text(JSON.stringify(compiled.assets)).value : 0,
    withdrawn: new Map((compiled.withdrawn ?? []).map((clue) => [clue.id, clue])),
    thresholds: [...thresholds].sort((a, b) => a - b),
    dynamic: isDynamic(compiled),
  };
}

/** What decides on such events about the clue; undefined: they solve none of its kind. */
export const judgeOf = (hunt: IndexedHunt, clue: CompiledClue, event: SolvingEvent): Judge | undefined =>
  kindOf(clue).event === event
    ? hunt.judges.get(clue.id)
    : event.type === "answer"
      ? hunt.instead.get(clue.id)
      : undefined;

/** The hunt with its texts in this language, where it has such: the same rules, other words. */
export function inLanguage(hunt: IndexedHunt, language: string | undefined): IndexedHunt {
  const texts = language === undefined ? undefined : hunt.compiled.translations?.[language];
  if (language === undefined || texts === undefined) return hunt;
  const known = hunt.spoken.get(language);
  if (known) return known;
  const compiled = withTexts(hunt.compiled, texts);
  const clues = new Map(compiled.clues.map((clue) => [clue.id, clue]));
  const judges = new Map(hunt.judges);
  for (const clue of compiled.clues) {
    // Others say nothing in words.
    if ((clue.nudges ?? []).length > 0) judges.set(clue.id, kindOf(clue).prepare(clue));
  }
  const made = {
    original: hunt,
    ...hunt,
    compiled,
    clues,
    judges,
    prizes: new Map(compiled.prizes.map((prize) => [prize.id, prize])),
  };
  hunt.spoken.set(language, made);
  return made;
}

/** The clues and point thresholds a condition reads. */
function readsOf(
  condition: Condition,
  rounds: ReadonlyMap<string, readonly string[]>,
): { clues: Set<string>; thresholds: Set<number> } {
  const clues = new Set<string>();
  const thresholds = new Set<number>();
  const visit = (part: Condition): void => {
    if (part.op === "solved" || part.op === "since") clues.add(part.clue);
    else if (part.op === "solvedIn") {
      for (const round of part.rounds) for (const clue of rounds.get(round) ?? []) clues.add(clue);
    } else if (part.op === "points") thresholds.add(part.points);
    else if (part.op === "all" || part.op === "any") part.of.forEach(visit);
    else if (part.op === "atLeast") for (const entry of part.of) visit(entry.condition);
  };
  visit(condition);
  return { clues, thresholds };
}
