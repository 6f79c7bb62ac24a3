/** The kind `scan`: solved by its code, which also tells that it is this clue. */
import * as z from "zod";
import { isEmpty, tokensLeft } from "../attempts.ts";
import { cooldown, held } from "../turn.ts";
import type { CommandOf, Kind, SolvingEvent } from "./kind.ts";

/** Characters. */
const CODE_MAX = 512;

const keys = {
  code: z
    .string()
    .min(1)
    .max(CODE_MAX)
    .regex(/^\S(?:.*\S)?$/u, "a code is one line without spaces around it")
    .optional()
    .describe("What the QR code of a scan clue carries; generated if not given"),
};

export const scanEvent: SolvingEvent<CommandOf<"scan">> = {
  type: "scan",
  called: "a scan",
  find(turn, { codeDigest }) {
    const { limits, team, now } = turn;
    // Before the code is looked up: an empty bucket must not be an oracle.
    const refused = isEmpty(limits, team.codes, now)
      ? cooldown(turn, limits, team.codes, {})
      : held(turn, {});
    if (refused) return refused;
    const clue = turn.codes.get(codeDigest);
    if (clue) return clue.id;
    return turn.record("unknown_code", { codeDigest, attemptsLeft: tokensLeft(limits, team.codes, now) });
  },
  isSame: (fact, command) => fact.codeDigest === command.codeDigest,
  evolve(team, { outcome, attemptsLeft = 0, at }) {
    if (outcome !== "unknown_code") return;
    team.codes = { wrong: (team.codes?.wrong ?? 0) + 1, tokens: attemptsLeft, at };
  },
};

export const scan: Kind<CommandOf<"scan">, typeof keys> = {
  event: scanEvent,
  keys,
  needs: [],
  code: (clue, generate) => clue.code ?? generate(clue.id),
  prepare: ({ id }) => ({
    judge: (turn, { codeDigest }) => turn.solve({ clue: id, codeDigest }),
  }),
};
