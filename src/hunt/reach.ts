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
  /** When each clue was solved, epoch ms. */
  readonly solved = new Map<string, number>();
  private readonly solvedPerRound = new Map<string, number>();
  points = 0;
  now: number;

  constructor(now: number) {
    this.now = now;
  }

  solve(node: Node, bonus: number, at = this.now): void {
    if (this.solved.has(node.id)) return;
    this.solved.set(node.id, at);
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
    case "since":
      return (
        world.timed &&
        progress.solved.has(condition.clue) &&
        (progress.solved.get(condition.clue) ?? Infinity) + condition.duration <= progress.now
      );
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
  const waiting = new Moments();
  const behind = world.timed ? nodesBehind(nodes) : new Map<string, Behind[]>();

  function tryOpen(node: Node): boolean {
    if (!pending.has(node) || !holds(node.opens, progress, world)) return false;
    pending.delete(node);
    opened.set(node.id, progress.now);
    if (node.id === unsolvable) return true;
    progress.solve(node, world.bonus);
    for (const { duration, node: other } of behind.get(node.id) ?? [])
      waiting.add(progress.now + duration, other);
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
  if (world.timed) addFixedMoments(waiting, pending, world);
  for (let next = waiting.next(); next; next = waiting.next()) {
    if (next.moment < progress.now) continue;
    progress.now = next.moment;
    if (next.nodes.filter(tryOpen).length > 0) settle();
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

/** Whether it asks for the solve of one clue. */
export const asksForClue = (
  condition: Condition,
): condition is Extract<Condition, { op: "solved" | "since" }> =>
  condition.op === "solved" || condition.op === "since";

function addFixedMoments(waiting: Moments, nodes: Iterable<Node>, world: World): void {
  for (const node of nodes) {
    for (const { condition } of walkCondition(node.opens, "")) {
      if (condition.op === "at" || condition.op === "after") waiting.add(momentOf(condition, world), node);
    }
  }
}

/** A node with a condition that holds so long after another one's solve. */
interface Behind {
  duration: number;
  node: Node;
}

function nodesBehind(nodes: Iterable<Node>): Map<string, Behind[]> {
  const found = new Map<string, Behind[]>();
  for (const node of nodes) {
    for (const { condition } of walkCondition(node.opens, "")) {
      if (condition.op !== "since") continue;
      const { clue, duration } = condition;
      const others = found.get(clue);
      if (others) others.push({ duration, node });
      else found.set(clue, [{ duration, node }]);
    }
  }
  return found;
}

/** Moments at which nodes may open, the earliest first: a binary heap, because solves add more of them. */
class Moments {
  readonly #nodes = new Map<number, Node[]>();
  readonly #heap: number[] = [];

  add(moment: number, node: Node): void {
    const others = this.#nodes.get(moment);
    if (others) {
      others.push(node);
      return;
    }
    this.#nodes.set(moment, [node]);
    const heap = this.#heap;
    let place = heap.push(moment) - 1;
    while (place > 0) {
      const above = (place - 1) >> 1;
      if ((heap[above] as number) <= moment) break;
      heap[place] = heap[above] as number;
      place = above;
    }
    heap[place] = moment;
  }

  /** The earliest one, which is taken away. */
  next(): { moment: number; nodes: Node[] } | undefined {
    const heap = this.#heap;
    const [moment] = heap;
    const last = heap.pop();
    if (moment === undefined || last === undefined) return undefined;
    let place = 0;
    while (heap.length > 0) {
      const left = 2 * place + 1;
      const least = (heap[left + 1] ?? Infinity) < (heap[left] ?? Infinity) ? left + 1 : left;
      if ((heap[least] ?? Infinity) >= last) break;
      heap[place] = heap[least] as number;
      place = least;
    }
    if (heap.length > 0) heap[place] = last;
    const nodes = this.#nodes.get(moment) ?? [];
    this.#nodes.delete(moment);
    return { moment, nodes };
  }
}
