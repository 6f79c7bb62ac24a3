import { expect, test } from "vitest";
import type { Me } from "../../src/contract/me.ts";
import type { PlayerEvent, Result } from "../../src/contract/play.ts";
import { isStale, reopened } from "../../src/web/player/stale.ts";

const NOW = Date.parse("2026-06-06T19:00:00.000Z");
const at = (ms: number): string => new Date(NOW + ms).toISOString();

function me(
  changed: { solved?: boolean; score?: number; eligible?: boolean; left?: number } & Partial<Me> = {},
): Me {
  const { solved = false, score = 0, eligible = false, left = 1, ...others } = changed;
  return {
    phase: "live",
    team: { score },
    clues: [{ id: "lamp", state: solved ? "solved" : "open" }],
    prizes: [{ id: "cup", eligible, left }],
    ...others,
  } as unknown as Me;
}

const answer: PlayerEvent = { id: "e", type: "answer", clue: "lamp", answer: "sun" };
const scan: PlayerEvent = { id: "e", type: "scan", code: "X" };
const claim: PlayerEvent = { id: "e", type: "claim", prize: "cup" };
const hint: PlayerEvent = { id: "e", type: "hint", clue: "lamp", hint: "h" };

test.each<[string, PlayerEvent, Partial<Result> & Pick<Result, "outcome">, Me, Me, boolean]>([
  ["a wrong answer, nothing new", answer, { outcome: "incorrect" }, me(), me(), false],
  ["a wrong answer, a team-mate solved", answer, { outcome: "incorrect" }, me(), me({ solved: true }), true],
  ["exhausted, a team-mate solved", answer, { outcome: "exhausted" }, me(), me({ solved: true }), true],
  ["right", answer, { outcome: "correct", clue: "lamp" }, me(), me({ solved: true }), false],
  [
    "a scan of the clue, solved since",
    scan,
    { outcome: "invalid", clue: "lamp" },
    me(),
    me({ solved: true }),
    true,
  ],
  ["a cooldown that lasts", answer, { outcome: "cooldown", retryAt: at(1) }, me(), me(), false],
  ["a cooldown that is over", answer, { outcome: "cooldown", retryAt: at(0) }, me(), me(), true],
  ["too far, believed by now", answer, { outcome: "implausible", retryAt: at(-1) }, me(), me(), true],
  ["paused, still", answer, { outcome: "paused" }, me(), me({ phase: "paused" }), false],
  ["paused, resumed", answer, { outcome: "paused" }, me({ phase: "paused" }), me(), true],
  ["too dear, no richer", hint, { outcome: "unaffordable" }, me(), me(), false],
  ["too dear, richer", hint, { outcome: "unaffordable" }, me(), me({ score: 10 }), true],
  ["not eligible, still", claim, { outcome: "not_eligible" }, me(), me(), false],
  ["not eligible, by now", claim, { outcome: "not_eligible" }, me(), me({ eligible: true }), true],
  ["sold out, more came", claim, { outcome: "sold_out" }, me({ left: 0 }), me({ left: 5 }), true],
  ["missed", claim, { outcome: "missed" }, me(), me(), false],
])("[WEB-32] %s", (_, event, result, known, now, expected) => {
  expect(isStale({ id: "e", ...result, event, known }, now, NOW)).toBe(expected);
});

test("[WEB-32] a solve that was taken back is told no more: the clue is open again", () => {
  expect(reopened(me({ solved: true }), me())).toEqual(["lamp"]);
  expect(reopened(me({ solved: true }), me({ solved: true }))).toEqual([]);
  expect(reopened(me(), me({ solved: true }))).toEqual([]);
  expect(reopened(undefined, me())).toEqual([]);
});
