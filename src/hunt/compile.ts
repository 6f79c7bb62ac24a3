/**
 * From a definition to the compiled hunt: every rejection the format names,
 * all at once, and then the secret half (digests, never answers) and the
 * public half.
 */
import { ONLY_WEBHOOK, REGISTRATIONS } from "../contract/webhook-types.ts";
import type { Issue } from "../errors.ts";
import type { DigestText } from "../protocol.ts";
import { asksOf, checkJoin } from "./asks.ts";
import { type AssetRefs, checkAssets } from "./asset-references.ts";
import { checkAddresses } from "./check-addresses.ts";
import { checkClue } from "./check-clue.ts";
import { checkGraph } from "./check-graph.ts";
import { checkTimes, prizeWindow } from "./check-times.ts";
import { checkCodes, codesOf, keysOf } from "./codes.ts";
import type {
  CompiledClue,
  CompiledHunt,
  CompiledPrize,
  CompiledRound,
  Look,
  PublicHunt,
} from "./compiled.ts";
import type { ClueDefinition, Definition, ParsedDefinition, PrizeDefinition } from "./definition.ts";
import { kindOf } from "./kinds/all.ts";
import { differences, type Texts, textsIn, withTexts } from "./languages.ts";
import { lint } from "./lint.ts";
import { ISSUES_MAX } from "./reading.ts";
import { checkUnique, type Report } from "./report.ts";
import { RULES_VERSION } from "./rules-version.ts";

export interface CompileOptions {
  /** The id the hunt is published under. */
  hunt: string;
  digest: DigestText;
  /** The generated code of a scan clue whose author gave none, by clue id. */
  codeFor: (clue: string) => string;
  /** Id of the pepper behind `digest`. */
  pepper: string;
  /** The hunt's files; absent: nobody knows them, and names of files are not looked at. */
  assets?: AssetRefs;
  /**
   * The definition was published before, maybe by an engine with looser rules:
   * what rejects others is only told (`tolerated`), and the hunt plays on.
   */
  published?: boolean;
}

export type Compiled =
  | { hunt: CompiledHunt; public: PublicHunt; warnings: Issue[]; tolerated: Issue[]; issues?: never }
  | { issues: Issue[]; hunt?: never; public?: never; warnings?: never; tolerated?: never };

/**
 * Compiles a definition. Issues reject it, each with a dotted path, a stable
 * code (docs/hunt-format.md lists them) and a reason; warnings do not. Pure
 * but for `options.codeFor` and `options.digest`; the latter is not called for
 * a definition with issues.
 */
export function compile(definition: Definition, options: CompileOptions): Compiled {
  const codes = codesOf(definition, options.codeFor);
  const issues = checkMeaning(definition, options, codes);
  if (issues.length > 0 && !options.published) return { issues: issues.slice(0, ISSUES_MAX) };

  const keys = keysOf(codes);
  const clues = definition.clues.map((clue) => compileClue(clue, keys.get(clue.id), definition, options));
  const secret = {
    ...sharedHalf(definition, options.hunt),
    ...secretHalf(definition),
    clues,
    pepper: options.pepper,
    rules: RULES_VERSION,
  };
  const open = publicHalf(definition, options.hunt, clues);
  return {
    hunt: { ...secret, ...translated(definition, (texts) => textsIn(secret, texts)) },
    public: {
      ...open,
      ...translated(definition, (texts) =>
        differences(open, publicHalf(withTexts(definition, texts), options.hunt, clues)),
      ),
    },
    warnings: lint(
      definition,
      codes.map(({ code }) => code),
    ),
    tolerated: issues.slice(0, ISSUES_MAX),
  };
}

/** What a half has in languages beside the first one; nothing, where the hunt has one. */
function translated(
  { languages, translations }: Definition,
  textsOf: (texts: Texts) => Texts | undefined,
): Pick<CompiledHunt, "languages" | "translations"> {
  if (languages === undefined) return {};
  const found = Object.entries(translations?.texts ?? {}).flatMap(([language, texts]) => {
    const own = textsOf(texts);
    return own === undefined || Object.keys(own).length === 0 ? [] : [[language, own] as const];
  });
  return { languages, ...(found.length === 0 ? {} : { translations: Object.fromEntries(found) }) };
}

function publicHalf(definition: Definition, hunt: string, clues: readonly CompiledClue[]): PublicHunt {
  const asks = asksOf(definition.join);
  const atStart = new Set(clues.filter(({ opens }) => opens.op === "start").map(({ round }) => round));
  const rounds = definition.rounds.filter(({ id }) => atStart.has(id)).map(compileRound);
  return {
    ...sharedHalf(definition, hunt),
    ...(asks === undefined ? {} : { join: asks }),
    ...(definition.embed.length === 0 ? {} : { embed: definition.embed }),
    ...(definition.legal === undefined ? {} : { legal: definition.legal }),
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
    ...(rounds.length === 0 ? {} : { rounds }),
    ...(definition.pages.length === 0 ? {} : { pages: definition.pages }),
  };
}

const compileRound = ({ id, title, body, image }: Definition["rounds"][number]): CompiledRound => ({
  id,
  title,
  ...(body === undefined || body === "" ? {} : { body }),
  ...(image === undefined ? {} : { image }),
});

/**
 * Every issue of a definition that has not the right shape: of its shape, and
 * of the meaning of what is left of it.
 */
export function issuesOf(
  { issues, draft }: Extract<ParsedDefinition, { issues: Issue[] }>,
  options: Pick<CompileOptions, "hunt" | "codeFor" | "assets">,
): Issue[] {
  if (draft === undefined) return issues;
  const told = new Set(issues.map(({ path }) => path));
  const meaning = checkMeaning(draft.definition, options, codesOf(draft.definition, options.codeFor));
  const more = meaning.filter((issue) => !told.has(issue.path) && draft.believes(issue));
  return [...issues, ...more].slice(0, ISSUES_MAX);
}

/** Every issue of a definition that has the right shape. */
function checkMeaning(
  definition: Definition,
  { hunt, assets }: Pick<CompileOptions, "hunt" | "assets">,
  codes: ReturnType<typeof codesOf>,
): Issue[] {
  const issues: Issue[] = [];
  const report: Report = (issue) => {
    issues.push(issue);
  };
  checkHunt(definition, hunt, report);
  checkTimes(definition, report);
  for (const [index, clue] of definition.clues.entries()) {
    checkClue(clue, `clues.${index}`, report);
    checkWorth(clue, `clues.${index}`, report);
  }
  for (const [index, prize] of definition.prizes.entries()) checkPrize(prize, `prizes.${index}`, report);
  for (const issue of checkGraph(definition)) report(issue);
  checkCodes(codes, hunt, report);
  checkAddresses(definition, report);
  if (assets) checkAssets(definition, assets, report);
  const { origins = {} } = definition.translations ?? {};
  return issues.map((issue) => ({ ...issue, path: origins[issue.path] ?? issue.path }));
}

/** Ids, and references from the head. */
function checkHunt(definition: Definition, hunt: string, report: Report): void {
  if (definition.hunt !== undefined && definition.hunt !== hunt) {
    report({ path: "hunt", code: "hunt-mismatch", message: `the hunt is published as "${hunt}"` });
  }
  if (definition.players.once !== undefined && definition.players.require === "anyone") {
    const message =
      "where anyone may join nobody is known again: once needs `require: registered` or `signed`";
    report({ path: "players.once", code: "once-for-anyone", message });
  }
  checkJoin(definition.join, report);
  checkUnique(definition.brackets, "brackets", report);
  checkUnique(definition.rounds, "rounds", report);
  checkUnique(definition.clues, "clues", report);
  checkUnique(definition.prizes, "prizes", report);
  checkUnique(definition.pages, "pages", report);
  checkLegal(definition, report);
  checkLanguages(definition.languages, report);
  const rounds = new Set(definition.rounds.map((round) => round.id));
  for (const [index, clue] of definition.clues.entries()) {
    checkUnique(clue.hints, `clues.${index}.hints`, report);
    if (clue.round !== undefined && !rounds.has(clue.round))
      report({
        path: `clues.${index}.round`,
        code: "unknown-round",
        message: `there is no round "${clue.round}"`,
      });
  }
  const { clock, limit } = definition.teams;
  if (limit !== undefined && clock === undefined) {
    const message = "a limit needs teams with a clock of their own: clock: own";
    report({ path: "teams.limit", code: "limit-without-clock", message });
  }
  if (limit === 0) report({ path: "teams.limit", code: "times-order", message: "nobody could play" });
  const { finish } = definition.scoring;
  if (finish !== undefined && !definition.clues.some((clue) => clue.id === finish)) {
    report({ path: "scoring.finish", code: "unknown-clue", message: `there is no clue "${finish}"` });
  }
  const { kind, minimum } = definition.scoring.decay;
  checkWebhooks(definition, report);
  const fallings = definition.clues.filter((clue) => !clue.decay && !clue.speed);
  if (kind !== "none" && fallings.length > 0 && fallings.every((clue) => clue.points < minimum)) {
    const message = `every clue is worth less than ${minimum}: nothing could fall to it`;
    report({ path: "scoring.decay.minimum", code: "decay-minimum", message });
  }
}

function checkLanguages(languages: Definition["languages"] = [], report: Report): void {
  for (const [index, language] of languages.entries()) {
    const same = languages.findIndex((each) => each.toLowerCase() === language.toLowerCase());
    if (same === index) continue;
    report({ path: `languages.${index}`, code: "duplicate-id", message: `"${language}" is given twice` });
  }
}

/** Whether their addresses may be called is the engine's to say (src/hooks/address.ts). */
function checkWebhooks({ webhooks }: Definition, report: Report): void {
  const named = webhooks.map(({ id = ONLY_WEBHOOK }) => ({ id }));
  for (const [index, { id }] of webhooks.entries()) {
    if (id === undefined && webhooks.length > 1) {
      const message = "with several webhooks each has an id, by which its secret and deliveries are found";
      report({ path: `webhooks.${index}.id`, code: "webhook-id-missing", message });
    }
    if (id === REGISTRATIONS) {
      const message = `"${REGISTRATIONS}" names the secret of sign-up feeds`;
      report({ path: `webhooks.${index}.id`, code: "webhook-id-taken", message });
    }
  }
  if (webhooks.every(({ id }) => id !== undefined)) checkUnique(named, "webhooks", report);
}

/** Pages that imprint and privacy name must be there. */
function checkLegal({ legal = {}, pages }: Definition, report: Report): void {
  for (const [key, address] of Object.entries(legal)) {
    const [, page] = /^page:(.*)$/.exec(address ?? "") ?? [];
    if (page === undefined || pages.some(({ id }) => id === page)) continue;
    report({ path: `legal.${key}`, code: "no-such-page", message: `there is no page "${page}"` });
  }
}

/** What a clue says of its own points. */
function checkWorth({ points, speed, decay }: ClueDefinition, path: string, report: Report): void {
  if (speed && decay) {
    const message = "points fall with time or with solves, not with both";
    report({ path: `${path}.decay`, code: "speed-with-decay", message });
  }
  if (speed && speed.none <= speed.full) {
    report({ path: `${path}.speed.none`, code: "times-order", message: "none must be longer than full" });
  }
  for (const [key, minimum] of [
    ["speed", speed?.minimum ?? 0],
    ["decay", decay && decay.kind !== "none" ? decay.minimum : 0],
  ] as const) {
    if (minimum <= points) continue;
    const message = `the clue is worth ${points}: nothing could fall to ${minimum}`;
    report({ path: `${path}.${key}.minimum`, code: "decay-minimum", message });
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
      message: `${prize.codes.length} ${prize.codes.length === 1 ? "code" : "codes"} for a stock of ${prize.stock}`,
    });
  }
  const seen = new Set<string>();
  for (const [index, code] of prize.codes.entries()) {
    if (seen.has(code))
      report({ path: `${path}.codes.${index}`, code: "duplicate-code", message: "this code is given twice" });
    seen.add(code);
  }
}

function compileClue(
  clue: ClueDefinition,
  codeKey: string | undefined,
  definition: Definition,
  options: CompileOptions,
): CompiledClue {
  return {
    id: clue.id,
    ...(clue.round === undefined ? {} : { round: clue.round }),
    title: clue.title,
    body: clue.body,
    ...(clue.solution === undefined || clue.solution === "" ? {} : { solution: clue.solution }),
    ...(clue.tags.length === 0 ? {} : { tags: [...new Set(clue.tags)] }),
    ...(clue.attachments.length === 0 ? {} : { attachments: [...new Set(clue.attachments)] }),
    kind: clue.kind,
    points: clue.points,
    meta: clue.meta,
    // Format 1 stores the keys from here to `choices` of every clue; its kind sets those that it uses.
    compare: "exact",
    digests: [],
    ...(codeKey === undefined ? {} : { codeDigest: options.digest("code", codeKey) }),
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
    ...(clue.closes === undefined ? {} : { closes: clue.closes }),
    ...(clue.speed === undefined ? {} : { speed: clue.speed }),
    ...(clue.decay === undefined ? {} : { decay: clue.decay }),
    ...(clue.firstSolves === undefined ? {} : { firstSolves: clue.firstSolves }),
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
  const {
    title,
    description,
    opens,
    closes,
    freeze,
    results,
    guesses,
    help,
    retention,
    look,
    teams,
    brackets,
    players,
  } = definition;
  return {
    format: 1 as const,
    hunt,
    title,
    ...(description === undefined ? {} : { description }),
    ...(opens === undefined ? {} : { opens }),
    ...(closes === undefined ? {} : { closes }),
    ...(freeze === undefined ? {} : { freeze }),
    ...(results === "manual" ? { results } : {}),
    ...(guesses === "hidden" ? { guesses } : {}),
    ...(help === undefined
      ? {}
      : {
          help: {
            perTeam: help.perTeam,
            about: help.about,
            ...(help.from === undefined ? {} : { from: help.from }),
          },
        }),
    ...(retention === undefined ? {} : { retention }),
    ...(look === undefined || Object.keys(look).length === 0 ? {} : { look: look as Look }),
    teams,
    brackets,
    players: {
      require: players.require,
      whenOriginDown: players.whenOriginDown,
      ...(players.require !== "anyone" ? { once: players.once ?? true } : {}),
    },
  };
}

function secretHalf(definition: Definition) {
  const { ranking, finish, decay, firstSolves, penalty } = definition.scoring;
  return {
    attempts: definition.attempts,
    scoring: {
      ranking,
      ...(finish === undefined ? {} : { finish }),
      decay,
      firstSolves,
      ...(penalty === undefined ? {} : { penalty }),
    },
    rounds: definition.rounds.map(compileRound),
    prizes: definition.prizes.map((prize) => compilePrize(prize, definition)),
    webhooks: definition.webhooks.map(({ id = ONLY_WEBHOOK, url, as, on }) => ({
      id,
      url,
      as,
      on: [...new Set(on)],
    })),
    ...(definition.pages.length === 0
      ? {}
      : { pages: definition.pages.map(({ id, title }) => ({ id, title })) }),
  };
}

/** The modes in which the edge must digest answers. */
function modesInUse(clues: readonly CompiledClue[]): PublicHunt["modes"] {
  const answered = clues.filter((clue) => kindOf(clue).event.type === "answer");
  return [...new Set(answered.map(({ compare }) => compare))].sort();
}
