/** The part of `compile` that checks conditions: references, counts, and what can never open. */
import type { Issue } from "../errors.ts";
import type { Condition } from "./compiled.ts";
import type { Definition } from "./definition.ts";
import {
  asksForClue,
  earliestOpenings,
  holds,
  type Node,
  Progress,
  type World,
  walkCondition,
} from "./reach.ts";
import { firstSolvesOf } from "./score.ts";

/** Conditions in one `opens` or `requires`: evaluated in a shard at every solve. */
export const CONDITIONS_PER_CLUE_MAX = 1_000;
/** Conditions of a whole hunt: some twenty-five for each of 2,000 clues. */
export const CONDITIONS_MAX = 50_000;
/** Clues named in the message about a cycle. */
const CYCLE_NAMES_MAX = 10;

/** What a team may win with a solve at best, beyond the clue's points. */
export function greatestBonus(definition: Definition): number {
  const { scoring, clues } = definition;
  return Math.max(0, ...clues.flatMap((clue) => firstSolvesOf(scoring, clue)));
}

/** Every issue of the conditions of clues and prizes, and of what they make of the hunt. */
export function checkGraph(definition: Definition): Issue[] {
  const { issues, broken } = checkConditions(definition);
  if (issues.some((issue) => issue.code === "too-many-conditions")) return issues;
  // What is wrong in itself is reported as such: nothing more shall follow from it.
  const world: World = { bonus: greatestBonus(definition), manual: true, timed: true, granted: broken };
  if (definition.opens !== undefined) world.opens = definition.opens;
  return [...issues, ...checkOpenings(definition, world)];
}

/** References and counts, each condition by itself. `broken` are the conditions with an issue. */
function checkConditions(definition: Definition): { issues: Issue[]; broken: Set<Condition> } {
  const issues: Issue[] = [];
  const broken = new Set<Condition>();
  const clues = new Map(definition.clues.map((clue) => [clue.id, clue]));
  const rounds = new Set(definition.rounds.map((round) => round.id));
  const bonus = greatestBonus(definition);
  const pointsInAll = definition.clues.reduce((sum, clue) => sum + clue.points + bonus, 0);
  const plainPerRound = new Map<string, number>();
  for (const clue of definition.clues) {
    if (clue.round === undefined || clue.meta) continue;
    plainPerRound.set(clue.round, (plainPerRound.get(clue.round) ?? 0) + 1);
  }
  let total = 0;

  function check(root: Condition, rootPath: string, own?: string): void {
    const ownClue = own === undefined ? undefined : clues.get(own);
    let size = 0;
    for (const { condition, path } of walkCondition(root, rootPath)) {
      size += 1;
      const found = problemsOf(condition, ownClue);
      if (found.length > 0) broken.add(condition);
      for (const { key, code, message } of found)
        issues.push({ path: key === "" ? path : `${path}.${key}`, code, message });
    }
    total += size;
    if (size > CONDITIONS_PER_CLUE_MAX) {
      issues.push({
        path: rootPath,
        code: "too-many-conditions",
        message: `${size} conditions, at most ${CONDITIONS_PER_CLUE_MAX} here`,
      });
    }
  }

  function problemsOf(
    condition: Condition,
    own: Definition["clues"][number] | undefined,
  ): { key: string; code: Issue["code"]; message: string }[] {
    switch (condition.op) {
      case "solved":
        if (clues.has(condition.clue)) return [];
        return [{ key: "solved", code: "unknown-clue", message: `there is no clue "${condition.clue}"` }];
      case "since":
        if (clues.has(condition.clue)) return [];
        return [{ key: "since", code: "unknown-clue", message: `there is no clue "${condition.clue}"` }];
      case "solvedIn": {
        const unknown = condition.rounds.filter((round) => !rounds.has(round));
        if (unknown.length > 0)
          return unknown.map((round) => ({
            key: "solvedIn",
            code: "unknown-round",
            message: `there is no round "${round}"`,
          }));
        const self = own !== undefined && countsIn(own, condition.rounds) ? 1 : 0;
        const available =
          condition.rounds.reduce((sum, round) => sum + (plainPerRound.get(round) ?? 0), 0) - self;
        if (condition.atLeast <= available) return [];
        return [
          {
            key: "atLeast",
            code: "at-least-beyond",
            message: `asks for ${condition.atLeast} solved, ${available} of the clues count`,
          },
        ];
      }
      case "points": {
        const available = pointsInAll - (own === undefined ? 0 : own.points + bonus);
        if (condition.points <= available) return [];
        return [
          {
            key: "points",
            code: "points-beyond",
            message: `asks for a score of ${condition.points}, at best ${available} can be had`,
          },
        ];
      }
      case "atLeast": {
        const available = condition.of.reduce((sum, entry) => sum + entry.weight, 0);
        if (condition.atLeast <= available) return [];
        return [
          {
            key: "atLeast",
            code: "at-least-beyond",
            message: `asks for ${condition.atLeast}, the weights add up to ${available}`,
          },
        ];
      }
      case "manual":
        if (own !== undefined) return [];
        return [
          {
            key: "",
            code: "manual-prize",
            message: "organisers open clues, not prizes: nobody could fulfil this",
          },
        ];
      default:
        return [];
    }
  }

  for (const [index, clue] of definition.clues.entries()) check(clue.opens, `clues.${index}.opens`, clue.id);
  for (const [index, prize] of definition.prizes.entries()) {
    if (prize.requires !== undefined) check(prize.requires, `prizes.${index}.requires`);
  }
  if (total > CONDITIONS_MAX) {
    issues.push({
      path: "clues",
      code: "too-many-conditions",
      message: `${total} conditions, at most ${CONDITIONS_MAX} in a hunt`,
    });
  }
  return { issues, broken };
}

/**
 * One issue for every clue that can never open, even for a team that solves
 * everything at once, wins every bonus and has the organisers' help: `cycle`
 * when it waits for itself by way of others, else `never-opens`.
 */
function checkOpenings(definition: Definition, world: World): Issue[] {
  const nodes = definition.clues;
  // Times in the wrong order are reported as such; every clue would follow.
  const { opens = -Infinity } = definition;
  const closes = definition.closes !== undefined && definition.closes > opens ? definition.closes : Infinity;
  const openings = earliestOpenings(nodes, world);
  const shut = new Map<string, number>();
  for (const [index, node] of nodes.entries()) {
    const opening = openings.get(node.id);
    if (opening === undefined || opening >= closes) shut.set(node.id, index);
  }
  const waitsFor = new Map<string, string | undefined>();
  for (const [id, index] of shut) {
    const node = nodes[index];
    if (node !== undefined) waitsFor.set(id, findBlocker(node, nodes, shut, closes, world));
  }
  const late = nodes.flatMap(({ id, closes: end }, index): Issue[] => {
    const opening = openings.get(id);
    if (!end || opening === undefined || shut.has(id)) return [];
    const isNever = "at" in end ? end.at <= opening : end.after === 0;
    const message = "the clue closes before anybody can have it open";
    return isNever ? [{ path: `clues.${index}.closes`, code: "times-order", message }] : [];
  });
  const never = [...shut].map(([id, index]): Issue => {
    const path = `clues.${index}.opens`;
    const cycle = findCycle(id, waitsFor);
    if (cycle !== undefined) return { path, code: "cycle", message: `waits for itself: ${nameChain(cycle)}` };
    const blocker = waitsFor.get(id);
    if (blocker !== undefined)
      return { path, code: "never-opens", message: `waits for "${blocker}", which never opens` };
    return { path, code: "never-opens", message: "cannot hold before the hunt closes, whatever a team does" };
  });
  return [...never, ...late];
}

/** Another shut clue that `node` waits for; undefined when its condition fails by itself. */
function findBlocker(
  node: Node,
  nodes: readonly Node[],
  shut: ReadonlyMap<string, number>,
  closes: number,
  world: World,
): string | undefined {
  const progress = new Progress(closes === Infinity ? Infinity : closes - 1);
  for (const other of nodes) if (other.id !== node.id) progress.solve(other, world.bonus, -Infinity);
  const isSelfReferent = [...walkCondition(node.opens, "")].some(
    ({ condition }) => asksForClue(condition) && condition.clue === node.id,
  );
  if (!holds(node.opens, progress, world)) return isSelfReferent ? node.id : undefined;

  for (const { condition } of walkCondition(node.opens, "")) {
    if (asksForClue(condition) && shut.has(condition.clue)) return condition.clue;
  }
  for (const { condition } of walkCondition(node.opens, "")) {
    if (condition.op !== "solvedIn" && condition.op !== "points") continue;
    const counts = (other: Node) =>
      condition.op === "points" ? other.points + world.bonus > 0 : countsIn(other, condition.rounds);
    const blocker = nodes.find((other) => other.id !== node.id && shut.has(other.id) && counts(other));
    if (blocker !== undefined) return blocker.id;
  }
  return undefined;
}

/** The chain from `from` back to itself, if following who waits for whom leads there. */
function findCycle(from: string, waitsFor: ReadonlyMap<string, string | undefined>): string[] | undefined {
  const chain = [from];
  const seen = new Set<string>(chain);
  for (let next = waitsFor.get(from); next !== undefined; next = waitsFor.get(next)) {
    if (next === from) return [...chain, from];
    if (seen.has(next)) return undefined;
    seen.add(next);
    chain.push(next);
  }
  return undefined;
}

function nameChain(chain: readonly string[]): string {
  if (chain.length <= CYCLE_NAMES_MAX) return chain.join(" → ");
  return [
    ...chain.slice(0, CYCLE_NAMES_MAX - 1),
    `(${chain.length - CYCLE_NAMES_MAX} more)`,
    ...chain.slice(-1),
  ].join(" → ");
}

const countsIn = (
  { meta, round }: { meta: boolean; round?: string | undefined },
  rounds: string[],
): boolean => !meta && round !== undefined && rounds.includes(round);
