/** The kind `scan`: solved by its code, which also tells that it is this clue. */
import * as z from "zod";
import { isBroken, isLonger } from "../../contract/basics.ts";
import { CODE_UNITS_MAX } from "../../contract/scanned.ts";
import type { PlayFact } from "../../protocol.ts";
import { isEmpty, tokensLeft } from "../attempts.ts";
import { cooldown, endOf, held } from "../turn.ts";
import {
  checkInstead,
  compileInstead,
  type InsteadPart,
  type InsteadView,
  insteadKeys,
  lintInstead,
  prepareInstead,
  viewInstead,
} from "./instead.ts";
import type { CommandOf, Kind, SolvingEvent } from "./kind.ts";

/** Characters (code points) of an author's code: `check` counts them. */
const CODE_MAX = 200;

const keys = {
  code: z.string().trim().min(1).max(CODE_UNITS_MAX).optional().meta({
    description:
      "What the QR code of a scan clue carries; case does not matter, nor do blanks around it; generated if not given",
    maxLength: CODE_MAX,
  }),
  ...insteadKeys,
};

/** What tells later whether a scan was of a code: what was scanned stands in no fact. */
const endsOf = (pepper: string, digests: readonly string[]): string =>
  [pepper, ...digests.map(endOf)].join(" ");

/**
 * Whether a recorded scan was of the code with this digest, made with this pepper; undefined: nobody can tell,
 * because an engine before recorded it, or its digests were made with another pepper.
 */
function wasOf({ codeDigest, codeEnds }: PlayFact, digest: string, pepper: string): boolean | undefined {
  if (codeDigest === digest) return true;
  const [by, ...ends] = codeEnds?.split(" ") ?? [];
  return by === pepper ? ends.includes(endOf(digest)) : undefined;
}

export const scanEvent: SolvingEvent<CommandOf<"scan">> = {
  type: "scan",
  called: "a scan",
  find(turn, { codeDigest, codeDigests = [codeDigest], pepper }) {
    const { limits, team, now } = turn;
    // Before the code is looked up: an empty bucket must not be an oracle.
    const refused = isEmpty(limits, team.codes, now)
      ? cooldown(turn, limits, team.codes, {})
      : held(turn, {});
    if (refused) return refused;
    for (const digest of codeDigests) {
      const clue = turn.codes.get(digest);
      if (clue) return clue.id;
    }
    const attemptsLeft = tokensLeft(limits, team.codes, now);
    return turn.record("unknown_code", { codeDigest, codeEnds: endsOf(pepper, codeDigests), attemptsLeft });
  },
  isSame: (fact, command) => fact.codeDigest === command.codeDigest,
  again(fact, { codeDigest, pepper }) {
    if (codeDigest === undefined) return false;
    const isOf = wasOf(fact, codeDigest, pepper);
    return isOf ? { id: fact.event, type: "scan", code: "", codeDigest, pepper } : isOf;
  },
  evolve(team, { outcome, attemptsLeft = 0, at }) {
    if (outcome !== "unknown_code") return;
    team.codes = { wrong: (team.codes?.wrong ?? 0) + 1, tokens: attemptsLeft, at };
  },
};

export const scan: Kind<
  CommandOf<"scan">,
  typeof keys,
  { codeDigest?: string } & InsteadPart,
  InsteadView
> = {
  event: scanEvent,
  keys,
  needs: [],
  check(clue, path, report) {
    checkInstead(clue, path, report);
    const { code } = clue;
    if (code === undefined) return;
    if (isLonger(code, CODE_MAX)) {
      const message = `a code has ${CODE_MAX} characters at most`;
      report({ path: `${path}.code`, code: "too-large", message });
    }
    if (isBroken(code)) {
      const message =
        "no scan can carry this: a code is one line of well-formed text without control characters";
      report({ path: `${path}.code`, code: "cannot-be-given", message });
    }
  },
  lint: lintInstead,
  draws: "codes",
  code: (clue, generate) => clue.code ?? generate(clue.id),
  compile: compileInstead,
  prepareInstead,
  view: viewInstead,
  prepare: ({ id, codeDigest: own }) => ({
    judge: (turn, { codeDigest, pepper }) =>
      turn.solve({
        clue: id,
        codeDigest,
        ...(own === undefined ? {} : { codeEnds: endsOf(pepper, [own]) }),
      }),
  }),
};
