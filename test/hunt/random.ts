/**
 * Random hunts, commands and actions, and what must hold of any game: an
 * oracle that reads facts only and shares no code with the rules.
 */
import { below, chance } from "../../scripts/lab/measure/chance.ts";
import type { CompiledHunt, Condition } from "../../src/hunt/compiled.ts";
import type { Command, Fact, TeamAction } from "../../src/protocol.ts";
import { answer, checkin, claim, clue, HOUR, hint, hunt, MINUTE, MOVING, STATIC, scan, T0 } from "./build.ts";

/** Where random things get their numbers: an integer from 0 to below `bound`. */
export type Draw = (bound: number) => number;

/** Numbers that a seed reproduces. */
export function seeded(seed: number): Draw {
  const random = chance(seed);
  return (bound) => below(random, bound);
}

/** Numbers out of a list that fast-check shrinks; zeros behind its end. */
export function tape(values: readonly number[]): Draw {
  let next = 0;
  return (bound) => {
    next += 1;
    return (values[next - 1] ?? 0) % bound;
  };
}

export function pick<Value>(draw: Draw, values: readonly Value[]): Value {
  return values[draw(values.length)] as Value;
}

const PLACE = { radius: 100, maxAccuracy: 50, maxSpeed: 300 };

export function randomHunt(draw: Draw): CompiledHunt {
  const count = 3 + draw(6);
  const rounds = ["r", "q"];
  const clues = Array.from({ length: count }, (_, index) => {
    const id = `c${index}`;
    const kind = pick(draw, ["answer", "answer", "answer", "choice", "scan", "place"] as const);
    return clue(id, {
      kind,
      round: pick(draw, rounds),
      points: pick(draw, [0, 10, 10, 30]),
      meta: draw(5) === 0,
      nudges: kind === "answer" ? [{ match: ["near"], say: "Near." }] : [],
      attempts: {
        burst: 1 + draw(3),
        refillPerMinute: pick(draw, [0, 1, 7, 60]),
        perClue: pick(draw, [0, 2, 5]),
      },
      hints: Array.from({ length: draw(3) }, (_, number) => ({
        id: `h${number}`,
        text: `Hint ${number} of ${id}.`,
        cost: pick(draw, [0, 5, 20]),
        after: pick(draw, [0, 0, MINUTE]),
      })),
      opens: index === 0 ? { op: "start" } : randomCondition(draw, index, 2),
      ...(draw(4) === 0 ? { closes: randomClosing(draw) } : {}),
      ...(draw(4) === 0
        ? { speed: { full: draw(2) * MINUTE, none: (3 + draw(9)) * MINUTE, minimum: 2 } }
        : {}),
      ...(kind === "scan" ? { code: `code-${id}` } : {}),
      ...(kind === "place" ? { place: { lat: index / 10, lng: 0, ...PLACE } } : {}),
    });
  });
  return hunt(clues, {
    ...(draw(4) === 0
      ? {
          teams: {
            mode: "teams" as const,
            maxSize: 6,
            clock: "own" as const,
            ...(draw(2) === 0 ? {} : { limit: (10 + draw(50)) * MINUTE }),
          },
        }
      : {}),
    attempts: { burst: 2, refillPerMinute: 6, perClue: 0 },
    scoring: {
      ...(draw(3) === 0 ? MOVING : STATIC),
      ...(draw(3) === 0 ? { penalty: { points: 1 + draw(6) } } : {}),
    },
  });
}

const randomClosing = (draw: Draw): { after: number } | { at: number } =>
  draw(2) === 0 ? { after: (1 + draw(20)) * MINUTE } : { at: T0 + draw(30) * MINUTE };

/** Reads earlier clues only, as every hunt that compiles can be ordered. */
function randomCondition(draw: Draw, earlier: number, depth: number): Condition {
  const inner = () => randomCondition(draw, earlier, depth - 1);
  const some = () => Array.from({ length: 1 + draw(3) }, inner);
  switch (draw(depth > 0 ? 12 : 9)) {
    case 0:
      return { op: "start" };
    case 1:
      return { op: "manual" };
    case 2:
      return { op: "at", time: T0 + (draw(20) - 2) * MINUTE };
    case 3:
      return { op: "after", duration: draw(15) * MINUTE };
    case 4:
      return { op: "points", points: pick(draw, [5, 10, 20, 50]) };
    case 5:
      return { op: "solvedIn", rounds: pick(draw, [["r"], ["q"], ["r", "q"]]), atLeast: 1 + draw(3) };
    case 6:
    case 7:
      return { op: "solved", clue: `c${draw(earlier)}` };
    case 8:
      return { op: "since", clue: `c${draw(earlier)}`, duration: draw(15) * MINUTE };
    case 9:
      return { op: "all", of: some() };
    case 10:
      return { op: "any", of: some() };
    default: {
      const of = some().map((condition) => ({ weight: 1 + draw(3), condition }));
      return { op: "atLeast", atLeast: 1 + draw(4), of };
    }
  }
}

/** A command on any clue, there or not, right or wrong. `id` is the event's. */
export function randomCommand(draw: Draw, compiled: CompiledHunt, id: string): Command {
  if (draw(compiled.teams.clock === "own" ? 5 : 50) === 0) return { id, type: "start" };
  const index = draw(compiled.clues.length + 1);
  const about = compiled.clues[index];
  const clueId = about?.id ?? "ghost";
  const kind =
    draw(4) === 0
      ? pick(draw, ["answer", "scan", "place", "hint", "claim"] as const)
      : (about?.kind ?? "hint");
  switch (kind) {
    case "answer":
    case "choice":
      return answer(id, clueId, pick(draw, ["right", "right", "wrong", "other", "near", "?!"]));
    case "scan":
      return scan(id, draw(3) === 0 ? `guess-${draw(3)}` : `code-${clueId}`);
    case "place":
      return checkin(id, clueId, { lat: index / 10 + draw(2), lng: 0, accuracy: pick(draw, [5, 40, 51]) });
    case "hint":
      return hint(id, clueId, `h${draw(3)}`);
    case "claim":
      return claim(id, "prize");
  }
}

/** `now`: a solve by hand counts from some time since the hunt began. */
export function randomAction(draw: Draw, compiled: CompiledHunt, now = T0): TeamAction {
  const reason = "r";
  const someClue = () => pick(draw, compiled.clues).id;
  switch (draw(9)) {
    case 6: {
      const at = draw(3) === 0 ? {} : { at: T0 + draw(now - T0 + 1) };
      return { type: "solve", clue: someClue(), ...at, reason };
    }
    case 7:
    case 8:
      return { type: "unsolve", clue: someClue(), reason };
    case 0:
      return { type: "unlock", clue: pick(draw, compiled.clues).id, reason };
    case 1:
    case 2:
      return { type: "award", points: pick(draw, [-20, 5, 30]), reason };
    case 3:
      return { type: pick(draw, ["hide", "show"]), reason };
    default:
      return { type: pick(draw, ["ban", "unban", "unban", "unban"]), reason };
  }
}

// ── The oracle ───────────────────────────────────────────────────────────────

const clueOf = (fact: Fact): string | undefined => ("clue" in fact ? fact.clue : undefined);

/** What changed a team's score, as it counts after all of these facts; solves by clue. */
function changesOf(facts: readonly Fact[]): { at: number; seq: number; points: number; clue?: string }[] {
  let changes: { at: number; seq: number; points: number; clue?: string }[] = [];
  const drop = (clue: string): void => {
    changes = changes.filter((change) => change.clue !== clue);
  };
  for (const fact of facts) {
    const { at, seq } = fact;
    if (fact.type === "award") changes.push({ at, seq, points: fact.points });
    else if (fact.type === "absorb") {
      for (const award of fact.awards ?? []) changes.push({ ...award, seq });
      for (const hint of fact.hints ?? []) changes.push({ at: hint.at, seq, points: -hint.cost });
    } else if (fact.type === "unsolve") drop(fact.clue);
    else if (fact.type === "solve") {
      drop(fact.clue);
      changes.push({ at: fact.solvedAt, seq, points: fact.points, clue: fact.clue });
    } else if ("outcome" in fact && fact.outcome === "correct") {
      changes.push({ at, seq, points: fact.points ?? 0, clue: fact.clue ?? "" });
    } else if ("outcome" in fact && fact.cost) changes.push({ at, seq, points: -fact.cost });
  }
  return changes.sort((a, b) => a.at - b.at || a.seq - b.seq);
}

/** The score a team's facts sum to, each as it was recorded. */
export const sumOf = (facts: readonly Fact[]): number =>
  changesOf(facts).reduce((sum, { points }) => sum + points, 0);

/** The highest score that the team had at any time, by what counts now. */
function highestOf(facts: readonly Fact[]): number {
  let sum = 0;
  return changesOf(facts).reduce((highest, { points }) => {
    sum += points;
    return Math.max(highest, sum);
  }, 0);
}

/** Whether these facts of one team (time never going back) have `id` open at `at`. */
export function isOpen(
  compiled: CompiledHunt,
  facts: readonly Fact[],
  openedAt: number,
  id: string,
  at: number,
): boolean {
  const found = compiled.clues.find((candidate) => candidate.id === id);
  if (!found) return false;
  const isOwn = compiled.teams.clock === "own";
  const first = isOwn ? facts.find(({ type }) => type === "start") : facts[0];
  const since = Math.max(openedAt, first?.at ?? Number.POSITIVE_INFINITY);
  if (at < since) return false;
  const solved = new Map(changesOf(facts).map((change) => [change.clue, change.at]));
  if (solved.has(id) || facts.some((fact) => fact.type === "unlock" && fact.clue === id)) return true;
  if (facts.some((fact) => fact.type === "opened" && fact.clues.some(({ clue }) => clue === id))) return true;
  const moving = compiled.scoring.decay.kind !== "none";
  const holds = (condition: Condition): boolean => {
    switch (condition.op) {
      case "start":
        return true;
      case "manual":
        return false;
      case "solved":
        return solved.has(condition.clue);
      case "solvedIn":
        return (
          compiled.clues.filter(
            ({ id: other, round, meta }) =>
              !meta && condition.rounds.includes(round ?? "") && solved.has(other),
          ).length >= condition.atLeast
        );
      case "points":
        return moving
          ? facts.some((fact) => fact.type === "reached" && fact.points >= condition.points)
          : highestOf(facts) >= condition.points;
      case "at":
        return at >= condition.time;
      case "after":
        return at >= since + condition.duration;
      case "since":
        return at >= (solved.get(condition.clue) ?? Number.POSITIVE_INFINITY) + condition.duration;
      case "all":
        return condition.of.every(holds);
      case "any":
        return condition.of.some(holds);
      case "atLeast":
        return (
          condition.of.reduce((sum, entry) => sum + (holds(entry.condition) ? entry.weight : 0), 0) >=
          condition.atLeast
        );
    }
  };
  return holds(found.opens);
}

/** What no log may hold, whatever happened: the first violation, or undefined. */
export function violationOf(compiled: CompiledHunt, facts: readonly Fact[]): string | undefined {
  const events = new Set<string>();
  const solves = new Set<string>();
  const hints = new Set<string>();
  const tries = new Map<string, number[]>();
  for (const [index, fact] of facts.entries()) {
    if (fact.seq !== index + 1) return `the log jumps to ${fact.seq} at ${index + 1}`;
    const corrected = `${fact.team} ${clueOf(fact)} undefined`;
    if (fact.type === "unsolve" && !solves.delete(corrected)) return `${corrected} is taken back unsolved`;
    if (fact.type === "solve") {
      if (solves.has(corrected) !== (fact.instead !== undefined))
        return `${corrected} is solved by hand again`;
      solves.add(corrected);
    }
    if (!("outcome" in fact)) continue;
    const event = `${fact.team} ${fact.event}`;
    if (events.has(event)) return `${event} is recorded twice`;
    events.add(event);
    const what = `${fact.team} ${fact.clue} ${fact.hint}`;
    if (fact.outcome === "correct") {
      if (solves.has(what)) return `${what} is solved twice`;
      solves.add(what);
      const start = facts.find((other) => other.team === fact.team && other.type === "start")?.at;
      const { clock, limit = Number.POSITIVE_INFINITY } = compiled.teams;
      if (clock === "own" && !(start !== undefined && fact.at < start + limit))
        return `${what} out of its time`;
      const closes = compiled.clues.find(({ id }) => id === fact.clue)?.closes;
      if (closes && "at" in closes && fact.at >= closes.at) return `${what} is solved after its closing`;
    } else if (fact.outcome === "taken") {
      if (hints.has(what)) return `${what} is charged twice`;
      hints.add(what);
    } else if (fact.outcome === "incorrect" || fact.outcome === "unknown_code") {
      const bucket = `${fact.team} ${fact.clue ?? "codes"}`;
      tries.set(bucket, [...(tries.get(bucket) ?? []), fact.at]);
    }
  }
  for (const [bucket, times] of tries) {
    const limits = compiled.clues.find(({ id }) => bucket.endsWith(` ${id}`))?.attempts ?? compiled.attempts;
    if (!bucket.endsWith("codes") && limits.perClue > 0 && times.length > limits.perClue)
      return `${bucket}: over perClue`;
    for (const [from, first] of times.entries()) {
      for (let to = from; to < times.length; to += 1) {
        const elapsed = Math.max(0, (times[to] ?? 0) - first);
        const allowed = limits.burst + (elapsed / MINUTE) * limits.refillPerMinute;
        if (to - from + 1 > allowed + 1e-6) return `${bucket}: ${to - from + 1} tries in ${elapsed} ms`;
      }
    }
  }
  return undefined;
}

/** A wait between two events of a game: often none, now and then long. */
export const randomWait = (draw: Draw): number => pick(draw, [0, 0, 0, 1_000, 10_000, MINUTE, HOUR / 4]);
