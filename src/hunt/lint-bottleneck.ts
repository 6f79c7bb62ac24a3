/** The lint that finds the clue where everybody waits. */
import type { Issue } from "../errors.ts";
import type { Definition } from "./definition.ts";
import { earliestOpenings, holds, type Node, Progress, type World } from "./reach.ts";

/** A last clue behind the one before it is a finale, not a bottleneck. */
const GATED_MIN = 2;
/** A hunt in a single line has one at every clue: that is said after a few. */
const WARNINGS_MAX = 20;

/**
 * Plays the hunt in stages, each solving everything that is open, times left
 * aside. Where one clue alone is open, it is a bottleneck if it gates two or
 * more others and no time condition opens any of them meanwhile: a team stuck
 * there has nothing else to do, for as long as it is stuck.
 */
export function lintBottlenecks(definition: Definition): Issue[] {
  const nodes: readonly Node[] = definition.clues;
  const indexes = new Map(nodes.map((node, index) => [node.id, index]));
  const warnings: Issue[] = [];
  for (const { alone, solved } of stages(nodes)) {
    const gated = nodes.length - solved.size - 1;
    if (gated < GATED_MIN || warnings.length >= WARNINGS_MAX) break;
    const world: World = { bonus: 0, manual: false, timed: true };
    if (definition.opens !== undefined) world.opens = definition.opens;
    const others = earliestOpenings(nodes, world, alone);
    if ([...others.keys()].some((id) => id !== alone && !solved.has(id))) continue;
    const message = `for a while this is the only open clue of every team, and ${gated} others wait behind it: open one beside it, or by time`;
    warnings.push({ path: `clues.${indexes.get(alone) ?? 0}.opens`, code: "bottleneck", message });
  }
  return warnings;
}

/** The stages at which exactly one clue is open, with what is solved by then. */
function* stages(nodes: readonly Node[]): Generator<{ alone: string; solved: ReadonlyMap<string, number> }> {
  const progress = new Progress(Infinity);
  const pending = new Set(nodes);
  // What opens by time, or by hand, comes only when nothing else does.
  const worlds: World[] = [false, true].flatMap((manual) =>
    [false, true].map((timed) => ({ bonus: 0, manual, timed })),
  );
  while (pending.size > 0) {
    let open: Node[] = [];
    for (const world of worlds) {
      if (open.length === 0) open = [...pending].filter((node) => holds(node.opens, progress, world));
    }
    const [first] = open;
    if (first === undefined) return;
    if (open.length === 1) yield { alone: first.id, solved: progress.solved };
    for (const node of open) {
      pending.delete(node);
      progress.solve(node, 0);
    }
  }
}
