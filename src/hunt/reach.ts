/**
 * What can open in a hunt, and when at the earliest, for a team that solves
 * everything at once: the graph that `compile` and `lint` reason about. Live
 * play does not use this.
 */
import type { Condition } from "./compiled.ts";

/** What of a clue the graph knows. */
export interface Node {
  id: string;
  round?: string | undefined;
  meta: boolean;
  points: number;
  opens: Condition;
}

export interface World {
  /** When the hunt goes live, if known. Unknown: `after` is taken to have passed. */
  opens?: number;
  /** What a solve may bring beyond the clue's points. */
  bonus: number;
  /** Whether an organiser opens what is `manual`. */
  manual: boolean;
  /** Whether times are taken to pass; false: no time condition holds. */
  timed: boolean;
  /** Conditions that are taken to hold whatever they ask. */
  granted?: ReadonlySet<Condition>;
}

/** What a team has, as far as conditions ask. */
export class Progress {
  readonly solved = new Set<string>();
  private readonly solvedPerRound = new Map<string, number>();
  points = 0;
  now: number;

  constructor(now: number) {
    this.now = now;
  }

  solve(node: Node, bonus: number): void {
    if (this.solved.has(node.id)) return;
    this.solved.add(node.id);
    this.points += node.points + bonus;
    if (node.meta || node.round === undefined) return;
    this.solvedPerRound.set(node.round, this.solvedIn(node.round) + 1);
  }

  solvedIn(round: string): number {
    return this.solvedPerRound.get(round) ?? 0;
  }
}

/** Whether `condition` holds for a team with `progress`. */
export function holds(condition: Condition, progress: Progress, world: World): boolean {
  if (world.granted?.has(condition) === true) return true;
  switch (condition.op) {
    case "start":
      return true;
    case "manual":
      return world.manual;
    case "solved":
      return progress.solved.has(condition.clue);
    case "solvedIn":
      return condition.rounds.reduce((sum, round) => sum + progress.solvedIn(round), 0) >= condition.atLeast;
    case "points":
      return progress.points >= condition.points;
    case "at":
    case "after":
      return world.timed && momentOf(condition, world) <= progress.now;
    case "all":
      return condition.of.every((child) => holds(child, progress, world));
    case "any":
      return condition.of.some((child) => holds(child, progress, world));
    case "atLeast":
      return (
        condition.of.reduce(
          (sum, { weight, condition: child }) => sum + (holds(child, progress, world) ? weight : 0),
          0,
        ) >= condition.atLeast
      );
  }
}

/**
 * The earliest time each node can open when everything that is open is solved
 * at once; nodes that never open are absent. -Infinity: from the beginning of
 * a hunt without `opens`. `unsolvable` opens but is never solved.
 */
export function earliestOpenings(
  nodes: readonly Node[],
  world: World,
  unsolvable?: string,
): Map<string, number> {
  const begin = world.opens ?? -Infinity;
  const progress = new Progress(begin);
  const opened = new Map<string, number>();
  const pending = new Set(nodes);

  function tryOpen(node: Node): boolean {
    if (!pending.has(node) || !holds(node.opens, progress, world)) return false;
    pending.delete(node);
    opened.set(node.id, progress.now);
    if (node.id !== unsolvable) progress.solve(node, world.bonus);
    return true;
  }

  /** Opens what has become possible, to the last consequence. Direction alternates: chains are written both ways round. */
  function settle(): void {
    let isForward = true;
    let hasOpened = true;
    while (hasOpened && pending.size > 0) {
      const order = isForward ? [...pending] : [...pending].reverse();
      // No short circuit: every pass looks at every pending node.
      hasOpened = order.filter(tryOpen).length > 0;
      isForward = !isForward;
    }
  }

  settle();
  const waiting = world.timed ? nodesByMoment(pending, world) : new Map<number, Node[]>();
  for (const moment of [...waiting.keys()].sort((a, b) => a - b)) {
    if (moment < begin) continue;
    progress.now = moment;
    if ((waiting.get(moment) ?? []).filter(tryOpen).length > 0) settle();
  }
  return opened;
}

/** Every condition in a tree, the root first, with its path as the definition writes it. */
export function* walkCondition(
  root: Condition,
  path: string,
): Generator<{ condition: Condition; path: string }> {
  yield { condition: root, path };
  if (root.op === "all" || root.op === "any") {
    for (const [index, child] of root.of.entries())
      yield* walkCondition(child, `${path}.${root.op}.${index}`);
  } else if (root.op === "atLeast") {
    for (const [index, entry] of root.of.entries())
      yield* walkCondition(entry.condition, `${path}.of.${index}`);
  }
}

function momentOf(condition: Extract<Condition, { op: "at" | "after" }>, world: World): number {
  return condition.op === "at" ? condition.time : (world.opens ?? -Infinity) + condition.duration;
}

function nodesByMoment(nodes: Iterable<Node>, world: World): Map<number, Node[]> {
  const found = new Map<number, Node[]>();
  for (const node of nodes) {
    for (const { condition } of walkCondition(node.opens, "")) {
      if (condition.op !== "at" && condition.op !== "after") continue;
      const moment = momentOf(condition, world);
      const others = found.get(moment);
      if (others === undefined) found.set(moment, [node]);
      else others.push(node);
    }
  }
  return found;
}
