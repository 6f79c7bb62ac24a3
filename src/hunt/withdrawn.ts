/**
 * Clues and hints that versions of a definition dropped. A hint stays readable for
 * a team that took it, a clue for a team that solved it or took a hint of it;
 * nobody else is told of either. PURE.
 */
import type { ClueView } from "../contract/me.ts";
import type { CompiledClue, CompiledHint, CompiledHunt, WithdrawnClue } from "./compiled.ts";
import { iso } from "./moment.ts";
import { hintKey, type Team } from "./team.ts";

/** Characters kept of a hunt's dropped clues and hints, as JSON; beyond it those go that were dropped first. */
const CHARS_MAX = 2_000_000;

/** What `after` no longer has of `before` and of what was dropped earlier. */
export function withdrawnSince(before: CompiledHunt, after: CompiledHunt): WithdrawnClue[] {
  const titles = new Map(before.rounds.map(({ id, title }) => [id, title]));
  const earlier = new Map((before.withdrawn ?? []).map((clue) => [clue.id, clue]));
  const present = before.clues.map((clue): WithdrawnClue => {
    const { id, round, title, body, solution, tags, kind, points, meta } = clue;
    const about = {
      ...(round === undefined ? {} : { round }),
      roundTitle: titles.get(round ?? "") ?? "",
      title,
      body,
      ...(solution === undefined ? {} : { solution }),
      ...(tags === undefined ? {} : { tags }),
      kind,
      points,
      meta,
    };
    return { id, hints: [...(earlier.get(id)?.hints ?? []), ...clue.hints], clue: about };
  });
  const known = new Set(present.map(({ id }) => id));
  const gone = [...earlier.values()].filter(({ id }) => !known.has(id));
  return notIn(after, [...gone, ...present]);
}

/** Those of these clues and hints that the hunt does not have, the newest within the bound. */
export function notIn(hunt: CompiledHunt, withdrawn: readonly WithdrawnClue[]): WithdrawnClue[] {
  const clues = new Map(hunt.clues.map((clue) => [clue.id, clue]));
  const kept: WithdrawnClue[] = [];
  let chars = 0;
  for (const entry of withdrawn.toReversed()) {
    const clue = clues.get(entry.id);
    const hints = entry.hints.filter(({ id }) => !clue?.hints.some((hint) => hint.id === id));
    if (clue && hints.length === 0) continue;
    const left: WithdrawnClue = { id: entry.id, hints, ...(clue || !entry.clue ? {} : { clue: entry.clue }) };
    chars += JSON.stringify(left).length;
    if (chars > CHARS_MAX) break;
    kept.push(left);
  }
  return kept.reverse();
}

/** The part of the indexed hunt that is looked up here. */
interface Hunt {
  readonly clues: ReadonlyMap<string, CompiledClue>;
  readonly withdrawn: ReadonlyMap<string, WithdrawnClue>;
}

/** The text of a hint that a team took, whatever became of it since; undefined: there never was one, or it is too long ago. */
export function hintText({ clues, withdrawn }: Hunt, clue: string, hint: string): string | undefined {
  const isIt = ({ id }: CompiledHint): boolean => id === hint;
  return (clues.get(clue)?.hints.find(isIt) ?? withdrawn.get(clue)?.hints.find(isIt))?.text;
}

type HintView = ClueView["hints"][number];

/** The dropped hints of a clue that the team took. */
export function takenOf(withdrawn: WithdrawnClue | undefined, team: Team): HintView[] {
  return (withdrawn?.hints ?? []).flatMap(({ id, cost, text }) => {
    const at = team.hints.get(hintKey(withdrawn?.id ?? "", id));
    return at === undefined ? [] : [{ id, cost, availableAt: iso(at), taken: true, text }];
  });
}

/** Whether the team solved this dropped clue, or took a dropped hint of it. */
export const keeps = (team: Team, { id, hints }: WithdrawnClue): boolean =>
  team.solves.has(id) || hints.some((hint) => team.hints.has(hintKey(id, hint.id)));

/** The dropped clues that the team solved, or took a hint of. */
export function withdrawnViews(withdrawn: Iterable<WithdrawnClue>, team: Team): ClueView[] {
  const views: ClueView[] = [];
  for (const entry of withdrawn) {
    if (!entry.clue) continue;
    const solve = team.solves.get(entry.id);
    const hints = takenOf(entry, team);
    const openedAt = solve ? iso(solve.at) : hints[0]?.availableAt;
    if (openedAt === undefined) continue;
    const { round, title, body, solution, tags, kind, points, meta } = entry.clue;
    views.push({
      id: entry.id,
      ...(round === undefined ? {} : { round }),
      title,
      kind,
      points: solve?.points ?? points,
      ...(meta ? { meta: true as const } : {}),
      state: solve ? "solved" : "open",
      withdrawn: true,
      body,
      ...(solve && solution !== undefined ? { solution } : {}),
      ...(tags === undefined ? {} : { tags }),
      attempts: team.attempts.get(entry.id)?.wrong ?? 0,
      openedAt,
      ...(solve ? { solvedAt: iso(solve.at) } : {}),
      hints,
    });
  }
  return views;
}
