/**
 * From a definition to the compiled hunt: every rejection the format names,
 * all at once, and then the secret half (digests, never answers) and the
 * public half.
 */
import type { Issue } from "../errors.ts";
import type { DigestText } from "../protocol.ts";
import { checkClue } from "./check-clue.ts";
import { checkGraph } from "./check-graph.ts";
import { checkTimes, prizeWindow } from "./check-times.ts";
import { codesOf } from "./codes.ts";
import type { CompiledClue, CompiledHunt, CompiledPrize, PublicHunt } from "./compiled.ts";
import type { ClueDefinition, Definition, PrizeDefinition } from "./definition.ts";
import { kindOf } from "./kinds/all.ts";
import { lint } from "./lint.ts";
import { ISSUES_MAX } from "./reading.ts";
import { checkUnique, type Report } from "./report.ts";

export interface CompileOptions {
  /** The id the hunt is published under. */
  hunt: string;
  digest: DigestText;
  /** The generated code of a scan clue whose author gave none, by clue id. */
  codeFor: (clue: string) => string;
  /** Id of the pepper behind `digest`. */
  pepper: string;
}

export type Compiled =
  | { hunt: CompiledHunt; public: PublicHunt; warnings: Issue[]; issues?: never }
  | { issues: Issue[]; hunt?: never; public?: never; warnings?: never };

/**
 * Compiles a definition. Issues reject it, each with a dotted path, a stable
 * code (docs/hunt-format.md lists them) and a reason; warnings do not. Pure
 * but for `options.codeFor` and `options.digest`; the latter is not called for
 * a definition with issues.
 */
export function compile(definition: Definition, options: CompileOptions): Compiled {
  const issues: Issue[] = [];
  const report: Report = (issue) => {
    issues.push(issue);
  };
  checkHunt(definition, options.hunt, report);
  checkTimes(definition, report);
  for (const [index, clue] of definition.clues.entries()) checkClue(clue, `clues.${index}`, report);
  for (const [index, prize] of definition.prizes.entries()) checkPrize(prize, `prizes.${index}`, report);
  for (const issue of checkGraph(definition)) report(issue);
  const codes = codesOf(definition, options.codeFor);
  checkCodes(codes, report);
  if (issues.length > 0) return { issues: issues.slice(0, ISSUES_MAX) };

  const codeOf = new Map(codes.map(({ clue, code }) => [clue.id, code]));
  const clues = definition.clues.map((clue) => compileClue(clue, codeOf.get(clue.id), definition, options));
  return {
    hunt: {
      ...sharedHalf(definition, options.hunt),
      ...secretHalf(definition),
      clues,
      pepper: options.pepper,
    },
    public: {
      ...sharedHalf(definition, options.hunt),
      clueCount: clues.length,
      prizes: definition.prizes.map((prize) => {
        const { id, title, mode, stock, odds, window } = compilePrize(prize, definition);
        return {
          id,
          title,
          mode,
          stock,
          ...(odds === undefined ? {} : { odds }),
          ...(window === undefined ? {} : { window }),
        };
      }),
      modes: modesInUse(clues),
    },
    warnings: lint(
      definition,
      codes.map(({ code }) => code),
    ),
  };
}

/** Ids, and references from the head. */
function checkHunt(definition: Definition, hunt: string, report: Report): void {
  if (definition.hunt !== undefined && definition.hunt !== hunt) {
    report({ path: "hunt", code: "hunt-mismatch", message: `the hunt is published as "${hunt}"` });
  }
  checkUnique(definition.brackets, "brackets", report);
  checkUnique(definition.rounds, "rounds", report);
  checkUnique(definition.clues, "clues", report);
  checkUnique(definition.prizes, "prizes", report);
  const rounds = new Set(definition.rounds.map((round) => round.id));
  for (const [index, clue] of definition.clues.entries()) {
    checkUnique(clue.hints, `clues.${index}.hints`, report);
    if (!rounds.has(clue.round))
      report({
        path: `clues.${index}.round`,
        code: "unknown-round",
        message: `there is no round "${clue.round}"`,
      });
  }
  const { finish } = definition.scoring;
  if (finish !== undefined && !definition.clues.some((clue) => clue.id === finish)) {
    report({ path: "scoring.finish", code: "unknown-clue", message: `there is no clue "${finish}"` });
  }
  const { kind, minimum } = definition.scoring.decay;
  if (kind !== "none" && definition.clues.every((clue) => clue.points < minimum)) {
    const message = `every clue is worth less than ${minimum}: nothing could fall to it`;
    report({ path: "scoring.decay.minimum", code: "decay-minimum", message });
  }
}

function checkPrize(prize: PrizeDefinition, path: string, report: Report): void {
  if (prize.mode === "odds" && prize.odds === undefined)
    report({ path: `${path}.odds`, code: "odds-missing", message: "mode odds needs the chance of a claim" });
  if (prize.mode !== "odds" && prize.odds !== undefined)
    report({ path: `${path}.odds`, code: "odds-superfluous", message: `mode ${prize.mode} has no odds` });
  if (prize.codes === undefined) return;
  if (prize.codes.length !== prize.stock) {
    report({
      path: `${path}.codes`,
      code: "codes-stock",
      message: `${prize.codes.length} codes for a stock of ${prize.stock}`,
    });
  }
  const seen = new Set<string>();
  for (const [index, code] of prize.codes.entries()) {
    if (seen.has(code))
      report({ path: `${path}.codes.${index}`, code: "duplicate-code", message: "this code is given twice" });
    seen.add(code);
  }
}

/** A code solves one clue. */
function checkCodes(codes: ReturnType<typeof codesOf>, report: Report): void {
  const owners = new Map<string, string>();
  for (const { index, clue, code } of codes) {
    const owner = owners.get(code);
    if (owner !== undefined && owner !== clue.id) {
      const message = `"${owner}" has the same code`;
      report({ path: `clues.${index}.code`, code: "duplicate-code", message });
    }
    owners.set(code, clue.id);
  }
}

function compileClue(
  clue: ClueDefinition,
  code: string | undefined,
  definition: Definition,
  options: CompileOptions,
): CompiledClue {
  return {
    id: clue.id,
    round: clue.round,
    title: clue.title,
    body: clue.body,
    kind: clue.kind,
    points: clue.points,
    meta: clue.meta,
    // Format 1 stores the keys from here to `choices` of every clue; its kind sets those that it uses.
    compare: "exact",
    digests: [],
    ...(code === undefined ? {} : { codeDigest: options.digest("code", code) }),
    nudges: [],
    choices: [],
    ...kindOf(clue).compile?.(clue, (mode, text) => options.digest({ clue: clue.id, mode }, text)),
    hints: clue.hints,
    attempts: {
      burst: clue.attempts?.burst ?? definition.attempts.burst,
      refillPerMinute: clue.attempts?.refillPerMinute ?? definition.attempts.refillPerMinute,
      perClue: clue.attempts?.perClue ?? definition.attempts.perClue,
    },
    opens: clue.opens,
  };
}

function compilePrize(prize: PrizeDefinition, definition: Definition): CompiledPrize {
  const window = prizeWindow(prize, definition);
  return {
    id: prize.id,
    title: prize.title,
    mode: prize.mode,
    stock: prize.stock,
    perTeam: prize.perTeam,
    ...(prize.perPlayer === undefined ? {} : { perPlayer: prize.perPlayer }),
    ...(prize.odds === undefined ? {} : { odds: prize.odds }),
    ...(window === undefined ? {} : { window }),
    ...(prize.requires === undefined ? {} : { requires: prize.requires }),
    ...(prize.codes === undefined ? {} : { codes: prize.codes }),
  };
}

/** What both halves say. */
function sharedHalf(definition: Definition, hunt: string) {
  const { title, description, opens, closes, freeze, teams, brackets, players } = definition;
  return {
    format: 1 as const,
    hunt,
    title,
    ...(description === undefined ? {} : { description }),
    ...(opens === undefined ? {} : { opens }),
    ...(closes === undefined ? {} : { closes }),
    ...(freeze === undefined ? {} : { freeze }),
    teams,
    brackets,
    players,
  };
}

function secretHalf(definition: Definition) {
  const { ranking, finish, decay, firstSolves } = definition.scoring;
  return {
    attempts: definition.attempts,
    scoring: { ranking, ...(finish === undefined ? {} : { finish }), decay, firstSolves },
    rounds: definition.rounds,
    prizes: definition.prizes.map((prize) => compilePrize(prize, definition)),
    webhooks: definition.webhooks,
  };
}

/** The modes in which the edge must digest answers. */
function modesInUse(clues: readonly CompiledClue[]): PublicHunt["modes"] {
  const answered = clues.filter((clue) => kindOf(clue).event.type === "answer");
  return [...new Set(answered.map(({ compare }) => compare))].sort();
}
