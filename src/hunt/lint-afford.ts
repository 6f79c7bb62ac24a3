/** Hints that nobody can pay at the moment they become available. */
import type { Issue } from "../errors.ts";
import { greatestBonus } from "./check-graph.ts";
import type { Condition } from "./compiled.ts";
import type { ClueDefinition, Definition } from "./definition.ts";
import { earliestOpenings, type World, walkCondition } from "./reach.ts";

/** Clues for which the whole graph is looked at again. */
const CLUES_MAX = 200;

export function lintAffordable(definition: Definition): Issue[] {
  const { clues, opens } = definition;
  const bonus = greatestBonus(definition);
  const world: World = { bonus, manual: true, timed: true, opens: opens ?? 0 };
  // Without `opens` the hunt may begin after any fixed time.
  if (opens === undefined) world.granted = new Set(clues.flatMap(fixedTimesOf));
  const byId = new Map(clues.map((clue) => [clue.id, clue]));
  // In the order in which they can open, so that looking again takes few passes.
  const ordered = [...earliestOpenings(clues, world).keys()].flatMap((id) => byId.get(id) ?? []);
  const worth = ({ points }: ClueDefinition): number => points + bonus;
  const sum = (some: readonly ClueDefinition[]): number => some.reduce((all, clue) => all + worth(clue), 0);
  const all = sum(clues);
  const atStart = sum(clues.filter(isOpenAtStart));
  let looked = 0;

  /** The most points that a team can have so many ms behind the opening of this clue, which it has not solved. */
  function mostBehind(own: ClueDefinition): (after: number) => number {
    const openings = earliestOpenings(ordered, world, own.id);
    const opened = openings.get(own.id);
    const others = clues.filter(({ id }) => id !== own.id && openings.has(id));
    // What a solve opens can be opened as late as a team likes.
    if (opened === undefined || !isByTime(own.opens)) return () => sum(others);
    return (after) => sum(others.filter(({ id }) => (openings.get(id) ?? 0) <= opened + after));
  }

  return clues.flatMap((clue, index) => {
    const others = all - worth(clue);
    const certain = atStart - (isOpenAtStart(clue) ? worth(clue) : 0);
    const isOpenQuestion = clue.hints.some(({ cost }) => cost > certain && cost <= others);
    if (isOpenQuestion) looked += 1;
    const most = isOpenQuestion && looked <= CLUES_MAX ? mostBehind(clue) : () => others;
    return clue.hints.flatMap(({ cost, after }, at): Issue[] => {
      if (cost <= certain || cost <= most(after)) return [];
      const message = `costs ${cost}; when it becomes available no team can have more than ${most(after)}, this clue unsolved`;
      return [{ path: `clues.${index}.hints.${at}.cost`, code: "hint-unaffordable", message }];
    });
  });
}

const isOpenAtStart = ({ opens }: ClueDefinition): boolean => opens.op === "start";

const conditionsOf = (root: Condition): Condition[] =>
  [...walkCondition(root, "")].map(({ condition }) => condition);

const fixedTimesOf = ({ opens }: ClueDefinition): Condition[] =>
  conditionsOf(opens).filter(({ op }) => op === "at");

/** Conditions that depend on the team, or on an organiser. */
const BY_PEOPLE: ReadonlySet<Condition["op"]> = new Set(["solved", "solvedIn", "since", "points", "manual"]);

/** Whether nothing that anybody does decides when this holds. */
const isByTime = (root: Condition): boolean => conditionsOf(root).every(({ op }) => !BY_PEOPLE.has(op));
