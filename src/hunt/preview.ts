/**
 * A clue before anybody plays it: a team that has just opened it looks at it, and tries. Look and decision are those of
 * play. PURE.
 */
import type { ClueView } from "../contract/me.ts";
import type { Command, Result } from "../protocol.ts";
import type { CompiledHunt } from "./compiled.ts";
import type { Context } from "./context.ts";
import { decide } from "./decide.ts";
import { evolve } from "./evolve.ts";
import { indexHunt } from "./indexed.ts";
import { meOf } from "./look.ts";
import { resultOf } from "./repeat.ts";

const TEAM = "preview";
const PLAYER = "preview";

/** What an author sees of the clue, and what the command comes to; undefined: the hunt has no such clue. */
export function previewOf(
  compiled: CompiledHunt,
  id: string,
  command: Command | undefined,
  now: number,
): { clue: ClueView; result?: Result } | undefined {
  const hunt = indexHunt(compiled);
  const written = hunt.clues.get(id);
  if (!written) return undefined;
  const context: Context = { hunt, phase: "live", openedAt: now };
  const head = { at: now, team: TEAM };
  const joined = evolve(undefined, {
    ...head,
    seq: 1,
    type: "join",
    player: PLAYER,
    name: PLAYER,
    event: "join",
    created: { name: TEAM },
  });
  const team = evolve(joined, { ...head, seq: 2, type: "unlock", clue: id, reason: "" });
  const known = {
    version: 0,
    left: () => undefined,
    announcements: [],
    returnCodeOf: () => "",
    place: undefined,
  };
  const seen = meOf(context, team, PLAYER, known, now).clues.find((clue) => clue.id === id);
  if (!seen) throw new Error("a clue that was opened by hand is not seen");
  const texts = new Map(written.hints.map((hint) => [hint.id, hint.text]));
  const clue: ClueView = {
    ...seen,
    hints: seen.hints.map((hint) => {
      const text = texts.get(hint.id);
      return text === undefined ? hint : { ...hint, text };
    }),
  };
  if (!command) return { clue };
  const decision = decide(context, team, PLAYER, command, undefined, now);
  if ("result" in decision) return { clue, result: decision.result };
  const [draft] = "facts" in decision ? decision.facts : [];
  if (!draft || !("outcome" in draft)) throw new Error("a try makes a fact of its own");
  return { clue, result: resultOf(context, { ...draft, seq: 3 }, PLAYER) };
}
