import { describe, expect, test } from "vitest";
import { commandsOf, EVENT_BYTES } from "../../src/intake/events.ts";
import type { Command, PlayerEvent, Result } from "../../src/protocol.ts";

const commandOf = (event: PlayerEvent): Command =>
  event.type === "answer"
    ? { ...event, answer: event.answer ?? "", digests: {}, pepper: "" }
    : (event as Command);

/** What becomes of an answer on its way in: the text that is judged, or the result that refuses it. */
function taken(answer: unknown, at?: string): string | Result {
  // With a time, the schema decides; without, the fast path may.
  const event = { id: "e", type: "answer", clue: "a", answer, ...(at === undefined ? {} : { at }) };
  const { commands, join } = commandsOf([event], false, commandOf);
  const [command] = commands;
  return command?.type === "answer" ? command.answer : (join([])[0] as Result);
}

describe.each([
  ["without a time", undefined],
  ["with a time", "2026-12-01T18:00:00Z"],
])("[ANS-8] an answer %s", (_, at) => {
  test.each<[string, string, string]>([
    ["as it is", "a  b", "a  b"],
    ["white space around it is cut", " \t\r\n\u00a0\u3000flag{a'b}\n ", "flag{a'b}"],
    ["500 characters", "x".repeat(500), "x".repeat(500)],
    ["500 characters and white space", `\n${" ".repeat(600)}${"é".repeat(500)}\t`, "é".repeat(500)],
    ["500 characters of two units", "😀".repeat(500), "😀".repeat(500)],
    ["separators of lines within", "a\u2028b", "a\u2028b"],
    ["what is never seen", "a\u200bb", "a\u200bb"],
  ])("is taken: %s", (_name, given, text) => {
    expect(taken(given, at)).toBe(text);
  });

  test.each<[string, unknown]>([
    ["nothing", ""],
    ["white space", " \n\t\u3000"],
    ["501 characters", "x".repeat(501)],
    ["501 characters of two units", "😀".repeat(501)],
    ["a control character", "a\u0007"],
    ["NUL", "\0"],
    ["a line feed within", "a\nb"],
    ["a tab within", "a\tb"],
    ["a control character of C1", "a\u0085b"],
    ["U+FFFD", "caf\ufffd"],
    ["half a character", "a\ud800"],
    ["no text", 199],
  ])("is invalid by itself: %s", (_name, given) => {
    expect(taken(given, at)).toEqual({
      id: "e",
      outcome: "invalid",
      message: expect.stringMatching(/^answer: ./),
    });
  });

  test("is invalid by itself: an event that is too long with its white space", () => {
    expect(taken(`x${" ".repeat(EVENT_BYTES)}`, at)).toMatchObject({ outcome: "invalid" });
  });
});

test("[ANS-8] one unfit answer spoils no other", () => {
  const event = (id: string, answer: string) => ({ id, type: "answer", clue: "a", answer });
  const { commands, join } = commandsOf(
    [event("1", "alpha"), event("2", "caf\ufffd"), event("3", "beta")],
    false,
    commandOf,
  );
  expect(commands.map(({ id }) => id)).toEqual(["1", "3"]);
  const played = commands.map(({ id }): Result => ({ id, outcome: "incorrect" }));
  expect(join(played).map(({ id, outcome }) => `${id} ${outcome}`)).toEqual([
    "1 incorrect",
    "2 invalid",
    "3 incorrect",
  ]);
});
