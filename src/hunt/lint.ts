/** Warnings: what is allowed in a definition and still probably not meant. */
import { CONTRAST_MIN, contrast, OWN_GROUND, textOn } from "../contract/tints.ts";
import type { Issue } from "../errors.ts";
import { greatestBonus } from "./check-graph.ts";
import type { ClueDefinition, Definition } from "./definition.ts";
import { withTexts } from "./languages.ts";
import { lintAffordable } from "./lint-afford.ts";
import { lintBottlenecks } from "./lint-bottleneck.ts";
import { lintNoEffect } from "./lint-no-effect.ts";
import { lintSpoilers } from "./lint-spoiler.ts";
import { asksForClue, earliestOpenings, holds, Progress, type World, walkCondition } from "./reach.ts";
import { decayOf } from "./score.ts";

/**
 * The warnings of a definition that compiles, each with a dotted path, a
 * stable code (docs/hunt-format.md lists them) and a reason. `codes` are the
 * scan codes in use, the generated ones included.
 */
export function lint(definition: Definition, codes: readonly string[]): Issue[] {
  return [
    ...lintScoring(definition),
    ...definition.clues.flatMap((clue, index) => lintHints(clue, `clues.${index}`)),
    ...definition.clues.flatMap((clue, index) => lintOwnClue(clue, `clues.${index}`)),
    ...lintAffordable(definition),
    ...lintPoints(definition),
    ...lintPrizes(definition),
    ...lintEntries(definition),
    ...lintLook(definition),
    ...lintSpoilers(definition, codes),
    ...lintTranslations(definition, codes),
    ...lintBottlenecks(definition),
    ...lintNoEffect(definition),
  ];
}

function lintScoring({ scoring, clues }: Definition): Issue[] {
  const warnings: Issue[] = [];
  if (scoring.ranking === "finish" && scoring.finish === undefined) {
    const message = "ranking finish without a finish ranks by number of solves only";
    warnings.push({ path: "scoring.finish", code: "finish-missing", message });
  }
  const { kind, minimum } = scoring.decay;
  if (kind === "none") return warnings;
  for (const [index, { points, speed, decay }] of clues.entries()) {
    if (speed || decay) continue;
    // Clues of 0 points (metas, often) are legal everywhere and have no value to lose.
    if (points === 0 || points >= minimum) continue;
    const message = `worth ${points}, less than the decay's minimum of ${minimum}: its value would rise with its solves`;
    warnings.push({ path: `clues.${index}.points`, code: "points-below-minimum", message });
  }
  return warnings;
}

function lintHints(clue: ClueDefinition, path: string): Issue[] {
  return clue.hints.flatMap((hint, index) => {
    if (hint.cost <= clue.points) return [];
    const message = `costs ${hint.cost}, the clue is worth ${clue.points}`;
    return [{ path: `${path}.hints.${index}.cost`, code: "hint-costs-more-than-clue", message }];
  });
}

function lintOwnClue(clue: ClueDefinition, path: string): Issue[] {
  return [...walkCondition(clue.opens, `${path}.opens`)].flatMap(({ condition, path: at }) => {
    if (!asksForClue(condition) || condition.clue !== clue.id) return [];
    return [
      {
        path: `${at}.${condition.op}`,
        code: "waits-for-itself",
        message: "a clue cannot be solved before it opens: this never holds",
      },
    ];
  });
}

/** Points conditions that not every team can count on: bonuses go to few, values fall. */
function lintPoints(definition: Definition): Issue[] {
  const floorOf = (clue: ClueDefinition): number => {
    const { kind, minimum } = decayOf(definition.scoring, clue);
    const falls = clue.speed ? clue.speed.minimum : kind === "none" ? clue.points : minimum;
    return Math.min(clue.points, falls);
  };
  const floors = definition.clues.map(floorOf);
  const sum = floors.reduce((total, floor) => total + floor, 0);
  const smallest = Math.min(...floors.filter((floor) => floor > 0));

  function check(own: ClueDefinition | undefined, root: ClueDefinition["opens"], rootPath: string): Issue[] {
    const certain = sum - (own === undefined ? 0 : floorOf(own));
    return [...walkCondition(root, rootPath)].flatMap(({ condition, path }): Issue[] => {
      if (condition.op !== "points" || condition.points <= certain - smallest) return [];
      if (condition.points > certain) {
        const message = `asks for a score of ${condition.points}; without bonuses and with values fallen only ${certain} can be had`;
        return [{ path: `${path}.points`, code: "points-not-for-all", message }];
      }
      return [
        {
          path: `${path}.points`,
          code: "points-need-everything",
          message: `asks for a score of ${condition.points} of ${certain}: one clue unsolved or one hint bought may be too much`,
        },
      ];
    });
  }

  return [
    ...definition.clues.flatMap((clue, index) => check(clue, clue.opens, `clues.${index}.opens`)),
    ...definition.prizes.flatMap((prize, index) =>
      prize.requires === undefined ? [] : check(undefined, prize.requires, `prizes.${index}.requires`),
    ),
  ];
}

/** Prizes that one person may win often, because joining asks for nothing that a person has once. */
function lintEntries({ players, join, prizes }: Definition): Issue[] {
  const isKnown = players.require !== "anyone" && players.once !== false;
  if (isKnown || join?.fields.some(({ required, once }) => required && once)) return [];
  return prizes.map(({ id }, index) => ({
    path: `prizes.${index}`,
    code: "prize-many-entries",
    message: `one person may join often and win "${id}" each time: require registered or signed players, or a field that is given once`,
  }));
}

/** Colours that cannot be read where they stand as they are; the pages then take a tint that can. */
function lintLook({ look: { colour, background = OWN_GROUND } = {} }: Definition): Issue[] {
  if (colour === undefined) return [];
  const asText = contrast(colour, background);
  const asButton = contrast(colour, textOn(colour));
  const found: string[] = [];
  if (asText < CONTRAST_MIN) found.push(`as text on ${background} it has ${asText.toFixed(1)} : 1`);
  if (asButton < CONTRAST_MIN) found.push(`a button's text on it has ${asButton.toFixed(1)} : 1`);
  return found.map((each) => ({
    path: "look.colour",
    code: "contrast",
    message: `${each}, less than ${CONTRAST_MIN} : 1: the pages take the nearest tint that can be read`,
  }));
}

/** Texts that are to be written in every language and are not, and secrets given away in those that are. */
function lintTranslations(definition: Definition, codes: readonly string[]): Issue[] {
  const { texts = {}, missing = [] } = definition.translations ?? {};
  return [
    ...missing.map(({ path, languages }) => ({
      path,
      code: "not-translated" as const,
      message: `missing in ${languages.join(", ")}: shown in ${definition.languages?.[0]} there`,
    })),
    ...Object.entries(texts).flatMap(([language, own]) =>
      lintSpoilers(withTexts(definition, own), codes)
        .filter(({ path }) => own[path] !== undefined)
        .map((issue) => ({ ...issue, path: `${issue.path}.${language}` })),
    ),
  ];
}

/** Prizes whose window or hunt is over before anybody can be eligible. */
function lintPrizes(definition: Definition): Issue[] {
  if (definition.prizes.length === 0) return [];
  const world: World = { bonus: greatestBonus(definition), manual: true, timed: true };
  if (definition.opens !== undefined) world.opens = definition.opens;
  const openings = earliestOpenings(definition.clues, world);

  return definition.prizes.flatMap((prize, index) => {
    const end = Math.min(prize.window?.to ?? Infinity, definition.closes ?? Infinity);
    const begin = Math.max(prize.window?.from ?? -Infinity, definition.opens ?? -Infinity);
    const path = `prizes.${index}`;
    if (begin >= end) {
      return [
        {
          path: `${path}.window`,
          code: "prize-out-of-time",
          message: "the window and the hunt do not overlap",
        },
      ];
    }
    if (prize.requires === undefined) return [];
    // Everything a team can have just before the end.
    const progress = new Progress(end === Infinity ? Infinity : end - 1);
    for (const clue of definition.clues) {
      const opening = openings.get(clue.id) ?? Infinity;
      if (opening < end) progress.solve(clue, world.bonus, opening);
    }
    if (holds(prize.requires, progress, world)) return [];
    return [
      {
        path: `${path}.requires`,
        code: "prize-out-of-time",
        message: "nobody can fulfil this before the window or the hunt closes",
      },
    ];
  });
}
