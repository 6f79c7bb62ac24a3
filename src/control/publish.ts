/** The versions of a hunt's definition: checked, compiled, stored as they were written. */
import { type Issue, type Refusal, refuse } from "../errors.ts";
import { targetOf } from "../hooks/address.ts";
import { type AssetRefs, assetUses, refsOf } from "../hunt/asset-references.ts";
import { codesOf, GENERATED_DIGITS, grouped } from "../hunt/codes.ts";
import { compile, issuesOf } from "../hunt/compile.ts";
import type { CompiledHunt, WithdrawnClue } from "../hunt/compiled.ts";
import { type Definition, type ParsedDefinition, parseDefinition } from "../hunt/definition.ts";
import { INITIAL_PHASE, republish } from "../hunt/phase.ts";
import { fixedIssues } from "../hunt/prize-changes.ts";
import { RULES_VERSION } from "../hunt/rules-version.ts";
import { notIn, withdrawnSince } from "../hunt/withdrawn.ts";
import type { PublishOptions, PublishResult, RehearsalMade, Rehearsed } from "../objects/control.ts";
import { scopeOf } from "../objects/incarnation.ts";
import type { Beginning } from "../objects/names.ts";
import { currentKey, digester, type Key, keyById, type Secrets, scanCode, scanDigits } from "../secrets.ts";
import { assertKnownForm } from "../stored-form.ts";
import type { StoredText } from "../stored-text.ts";
import { type Compiled, livesOf } from "./configs.ts";
import type { HuntState, RehearsalState, StateStore } from "./state.ts";

const KEY = "definition";

/** What versions dropped, beside the definition, and its form. */
const WITHDRAWN = "withdrawn";
const WITHDRAWN_FORM = 1;

/** Codes that a hunt brought along when it was restored, and their form. */
const CODES = "codes";
const CODES_FORM = 1;

const NO_CODE_KEY =
  "the key that made this hunt's printed codes is no longer in CODE_KEYS: put it back, or give the clue a code";

/** Bytes of a draw's seed: guessing it is as hard as inverting its hash. */
const SEED_BYTES = 32;

export function newSeed(): string {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(SEED_BYTES))).toString("hex");
}

/** What a hunt that is published for the first time begins with (`HuntState.begun`). */
const BEGUN = 2;

/** By what a hunt's generated codes are made. */
interface CodesMade {
  codeKey: string;
  begun?: HuntState["begun"] | undefined;
  incarnation?: number | undefined;
  rehearsal?: RehearsalState | undefined;
}

/** What a backup has of the definition. */
export interface RestoredDefinition {
  source: string;
  format: "json" | "yaml";
  /** Codes that an engine made for clues. */
  codes: Record<string, string>;
  /** As it is stored; absent: versions dropped nothing. */
  withdrawn?: string | undefined;
}

/** The code of a clue whose author gave none. It never changes: it is printed. A rehearsal has those of its hunt. */
function generatedCode(
  key: Key,
  own: string,
  clue: string,
  { rehearsal, ...made }: Omit<CodesMade, "codeKey">,
): string {
  const hunt = rehearsal?.of ?? own;
  const { begun, incarnation } = rehearsal ?? made;
  return begun === undefined
    ? scanCode(key, hunt, clue)
    : grouped(scanDigits(key, scopeOf(hunt, incarnation), clue, GENERATED_DIGITS));
}

/** An id may be the name of a member that every object has. */
const codeIn = (codes: Record<string, string>, clue: string): string | undefined =>
  Object.hasOwn(codes, clue) ? codes[clue] : undefined;

type PublishRefusal = Refusal & { issues: Issue[] };

/** A hunt that was published: its state, and its definition as it is in use. */
export interface Published {
  state: NonNullable<StateStore["current"]>;
  compiled: Compiled;
}

interface PublisherDeps {
  hunt: string;
  texts: Pick<StoredText, "read" | "write">;
  state: StateStore;
  secrets: Secrets;
  now(): number;
  /** Active shards per region of a new hunt. */
  shardsPerRegion: number;
  /** Hosts that webhooks may call whatever their addresses are (WEBHOOK_ALLOW). */
  allowedHosts: ReadonlySet<string>;
  /** The hunt's files. */
  assets(): AssetRefs;
}

/** The webhooks whose addresses are never called. */
function barredIn(webhooks: CompiledHunt["webhooks"], allowed: ReadonlySet<string>): Issue[] {
  return webhooks.flatMap(({ url }, index) => {
    const target = targetOf(url, allowed);
    return "code" in target ? [{ path: `webhooks.${index}.url`, ...target }] : [];
  });
}

type Format = "json" | "yaml";

export class Publisher {
  readonly #deps: PublisherDeps;
  #compiled: Compiled | undefined;

  constructor(deps: PublisherDeps) {
    this.#deps = deps;
  }

  /** Makes a definition the next version, or only checks it. `beginning`: of a hunt that there is not yet; `checked` gets what can be published. */
  publish(
    source: string,
    format: Format,
    { dryRun, ifMatch, endNow = false }: PublishOptions,
    beginning: Beginning = {},
    checked?: (candidate: Compiled) => void,
  ): PublishResult {
    const { state, secrets, texts, shardsPerRegion } = this.#deps;
    const before = state.current;
    const version = before?.version ?? 0;
    if (ifMatch !== undefined && ifMatch !== version) {
      return refuse("precondition_failed", `the published version is ${version}`);
    }
    const codeKey = before?.codeKey ?? currentKey("CODE_KEYS", secrets.CODE_KEYS).id;
    const { begun, incarnation } = before ?? { begun: BEGUN, ...beginning };
    const compiled = this.#compile(source, format, {
      codeKey,
      begun,
      incarnation,
      rehearsal: before?.rehearsal,
    });
    if (compiled.issues) return refusalOf(compiled, format);
    const now = this.#deps.now();
    const old = this.#before();
    const times = { before: old?.compiled.hunt, after: compiled.hunt, endNow };
    const changed = republish(before?.phase ?? INITIAL_PHASE, times, now);
    if (old && changed.from !== "draft") {
      const issues = fixedIssues(old.compiled.hunt.prizes, compiled.hunt.prizes);
      if (issues.length > 0) {
        return { ...refuse("invalid", "the prizes of a running hunt are fixed"), issues };
      }
    }
    if (changed.issues.length > 0) {
      return { ...refuse("invalid", "the hunt is running"), issues: changed.issues };
    }
    // Addresses that other engines permit may be in a definition that is in use.
    const barred = barredIn(compiled.hunt.webhooks, this.#deps.allowedHosts);
    if (barred.length > 0) {
      return { ...refuse("invalid", "the definition has errors"), issues: barred };
    }
    const webhooks = livesOf(before?.webhooks ?? [], compiled.hunt.webhooks, now);
    const created = !before;
    const warnings = [...changed.warnings, ...compiled.warnings];
    checked?.(compiled);
    if (dryRun) return { version, created, warnings };
    texts.write(KEY, source);
    // Who took a hint can read it for good. Without a shard there is nobody who could have taken one.
    if (old && old.state.shards.length > 0) this.#withdraw(withdrawnSince(old.compiled.hunt, compiled.hunt));
    this.#compiled = this.#complete(compiled);
    if (before) {
      state.change({
        version: version + 1,
        phase: changed.phase,
        // Of a hunt whose time was past the seed may have been told.
        drawSeed: before.phase.missed ? newSeed() : (before.drawSeed ?? newSeed()),
        format,
        rules: RULES_VERSION,
        ...(webhooks.length === 0 && !before.webhooks ? {} : { webhooks }),
      });
    } else {
      state.create({
        version: 1,
        phase: changed.phase,
        announcements: [],
        shards: [],
        shardsPerRegion,
        codeKey,
        begun: BEGUN,
        drawSeed: newSeed(),
        format,
        rules: RULES_VERSION,
        ...(webhooks.length === 0 ? {} : { webhooks }),
        ...beginning,
      });
    }
    return { version: version + 1, created, warnings };
  }

  /** Takes the definition of a backup, if it is one of this hunt: it is in use with the state that comes next. */
  restore(
    restored: RestoredDefinition,
    made: CodesMade,
  ): { webhooks: CompiledHunt["webhooks"] } | PublishRefusal {
    const { texts } = this.#deps;
    const { source, format, codes, withdrawn } = restored;
    const compiled = this.#compile(source, format, made, true, codes);
    if (compiled.issues) return refusalOf(compiled, format);
    texts.write(KEY, source);
    texts.write(CODES, JSON.stringify({ v: CODES_FORM, codes }));
    if (withdrawn !== undefined || texts.read(WITHDRAWN) !== undefined) {
      texts.write(WITHDRAWN, withdrawn ?? JSON.stringify({ v: WITHDRAWN_FORM, clues: [] }));
    }
    this.#compiled = this.#complete(compiled);
    return { webhooks: compiled.hunt.webhooks };
  }

  /** What a backup has of the definition; refuses when its codes cannot be made. */
  backup(): RestoredDefinition | Refusal {
    const definition = this.definition();
    const codes = this.#generated();
    if ("refused" in definition) return definition;
    if ("refused" in codes) return codes as Refusal;
    const { source, format } = definition;
    return { source, format, codes, withdrawn: this.#deps.texts.read(WITHDRAWN) };
  }

  /** By clue, the codes that the engine made, or brought along. */
  #generated(): Record<string, string> | Refusal {
    const generated: Record<string, string> = {};
    const codes = this.#codes((clue, code) => {
      generated[clue] = code;
    });
    return "refused" in codes ? codes : generated;
  }

  /** The codes that the hunt brought along when it was restored; empty: it was not. */
  get broughtCodes(): Record<string, string> {
    const text = this.#deps.texts.read(CODES);
    if (text === undefined) return {};
    const { v, codes } = JSON.parse(text) as { v: number; codes: Record<string, string> };
    assertKnownForm("the codes of a restored hunt", { v }, CODES_FORM);
    return codes;
  }

  /** Why the definition cannot be rehearsed; undefined: it can. `published`: it is a copy of the one in use. */
  check(source: string, format: Format, published: boolean): (Refusal & { issues?: Issue[] }) | undefined {
    const state = this.#deps.state.current;
    if (!state) return refuse("not_found", "no such hunt");
    return refusalOf(this.#compile(source, format, state, published), format);
  }

  /** A definition as it would be in use, and as it was written; a hunt that was never published has one as well. */
  candidate(
    source: string,
    format: Format,
  ): { compiled: Compiled; definition: Definition; issues?: never } | (Refusal & { issues: Issue[] }) {
    const { state, secrets } = this.#deps;
    const codeKey = currentKey("CODE_KEYS", secrets.CODE_KEYS).id;
    const compiled = this.#compile(source, format, state.current ?? { codeKey, begun: BEGUN });
    if (compiled.issues) return refusalOf(compiled, format);
    return { compiled, definition: compiled.definition };
  }

  /** Begins as a rehearsal: a first version, by the codes of the hunt that it rehearses. */
  rehearse(made: RehearsalMade, beginning: Beginning): Rehearsed {
    const { state, texts, now, shardsPerRegion } = this.#deps;
    const { source, format, isPublished, codeKey, of, ahead, codes } = made;
    const rehearsal: RehearsalState = {
      of,
      ahead,
      ...(made.begun === undefined ? {} : { begun: made.begun }),
      ...(made.incarnation === undefined ? {} : { incarnation: made.incarnation }),
    };
    const compiled = this.#compile(source, format, { codeKey, rehearsal }, isPublished, codes);
    if (compiled.issues) return refusalOf(compiled, format);
    const times = { before: undefined, after: compiled.hunt, endNow: false };
    const { phase } = republish(INITIAL_PHASE, times, now() + ahead);
    texts.write(KEY, source);
    if (codes) texts.write(CODES, JSON.stringify({ v: CODES_FORM, codes }));
    this.#compiled = this.#complete(compiled);
    state.create({
      version: 1,
      phase,
      announcements: [],
      shards: [],
      shardsPerRegion,
      codeKey,
      begun: BEGUN,
      drawSeed: newSeed(),
      format,
      rules: RULES_VERSION,
      rehearsal,
      ...beginning,
    });
    return { version: 1 };
  }

  /** The hunt in use; undefined: never published. After a start it is compiled again from its definition. */
  published(): Published | undefined {
    const state = this.#deps.state.current;
    const source = this.#deps.texts.read(KEY);
    if (!state || source === undefined) return undefined;
    if (!this.#compiled) {
      const compiled = this.#compile(source, state.format, state, true);
      if (compiled.issues)
        throw new Error(`the published definition no longer compiles: ${compiled.issues[0]?.message}`);
      this.#compiled = this.#complete(compiled);
    }
    return { state, compiled: this.#compiled };
  }

  /** The hunt in use; refuses when there is none, and when it cannot be compiled any more. */
  hunt(): Published | Refusal {
    try {
      return this.published() ?? refuse("not_found", "no such hunt");
    } catch (error) {
      console.error({ message: "a published hunt cannot be used", error: String(error) });
      return refuse("unavailable", error instanceof Error ? error.message : String(error));
    }
  }

  /** The hunt in use, if it can still be compiled: one that cannot must not keep its correction out. */
  #before(): Published | undefined {
    try {
      return this.published();
    } catch (error) {
      console.warn({ message: "the version before is not compared with", error: String(error) });
      return undefined;
    }
  }

  /** A file has another content. */
  assetsChanged(): void {
    if (this.#compiled) this.#compiled = this.#complete(this.#compiled);
  }

  /** The files that the published version names. */
  assetsNamed(): ReadonlySet<string> {
    const published = this.#before();
    if (!published) return new Set();
    const { withdrawn: _, assets: __, ...hunt } = published.compiled.hunt;
    return new Set([...assetUses(hunt), ...assetUses(published.compiled.public)].map(({ name }) => name));
  }

  /** The published definition, to be read. */
  source(): { version: number; read(): unknown } | undefined {
    const definition = this.definition();
    if ("refused" in definition) return undefined;
    const { version, source, format } = definition;
    return { version, read: () => parseDefinition(source, format).definition };
  }

  /** Adds what the definition does not say: what earlier versions had, and the contents of files. */
  #complete(compiled: Compiled): Compiled {
    const { hunt, public: half, tolerated } = this.#withDropped(compiled);
    const all = this.#deps.assets();
    const named = refsOf(hunt, all);
    const shown = refsOf(half, all);
    return {
      hunt: named ? { ...hunt, assets: named } : hunt,
      public: shown ? { ...half, assets: shown } : half,
      tolerated,
    };
  }

  #withDropped({ hunt, public: half, tolerated }: Compiled): Compiled {
    const text = this.#deps.texts.read(WITHDRAWN);
    if (text === undefined) return { hunt, public: half, tolerated };
    const { v, clues } = JSON.parse(text) as { v: number; clues: WithdrawnClue[] };
    assertKnownForm("the dropped clues", { v }, WITHDRAWN_FORM);
    // Some may be back.
    const withdrawn = notIn(hunt, clues);
    return { hunt: withdrawn.length === 0 ? hunt : { ...hunt, withdrawn }, public: half, tolerated };
  }

  #withdraw(clues: WithdrawnClue[]): void {
    const { texts } = this.#deps;
    if (clues.length === 0 && texts.read(WITHDRAWN) === undefined) return;
    texts.write(WITHDRAWN, JSON.stringify({ v: WITHDRAWN_FORM, clues }));
  }

  /** The definition as it was written. */
  definition(): { version: number; format: Format; source: string } | Refusal {
    const state = this.#deps.state.current;
    const source = this.#deps.texts.read(KEY);
    if (!state || source === undefined) return refuse("not_found", "no such hunt");
    return { version: state.version, format: state.format, source };
  }

  /** The codes to print, one a clue that a code solves. */
  codes(): { clue: string; title: string; code: string }[] | Refusal {
    return this.#codes();
  }

  /** `made`: hears of those that no author gave. */
  #codes(
    made: (clue: string, code: string) => void = () => undefined,
  ): { clue: string; title: string; code: string }[] | Refusal {
    const definition = this.definition();
    const state = this.#deps.state.current;
    if ("refused" in definition || !state) return refuse("not_found", "no such hunt");
    const parsed = parseDefinition(definition.source, definition.format);
    const key = keyById("CODE_KEYS", this.#deps.secrets.CODE_KEYS, state.codeKey);
    if ("issues" in parsed) return refuse("unavailable", "the codes cannot be made");
    const brought = this.broughtCodes;
    const codes = codesOf(parsed.definition, (clue) => {
      const own = codeIn(brought, clue) ?? (key ? generatedCode(key, this.#deps.hunt, clue, state) : "");
      made(clue, own);
      return own;
    });
    if (codes.some(({ code }) => code === "")) return refuse("unavailable", NO_CODE_KEY);
    return codes.map(({ clue, code }) => ({ clue: clue.id, title: clue.title, code }));
  }

  /** `published`: it was accepted once, and a newer engine may be stricter. */
  #compile(
    source: string,
    format: Format,
    { codeKey, ...made }: CodesMade,
    published = false,
    brought = this.broughtCodes,
  ) {
    const { hunt: own, secrets } = this.#deps;
    const { rehearsal } = made;
    const parsed = rehearsal ? asRehearsed(parseDefinition(source, format)) : parseDefinition(source, format);
    // A copy says the id of the hunt that it rehearses, if any.
    const hunt = rehearsal && parsed.definition?.hunt !== own ? rehearsal.of : own;
    const pepper = currentKey("ANSWER_PEPPERS", secrets.ANSWER_PEPPERS);
    const key = keyById("CODE_KEYS", secrets.CODE_KEYS, codeKey);
    if (parsed.issues) {
      const codeFor = (clue: string) =>
        codeIn(brought, clue) ?? (key ? generatedCode(key, own, clue, made) : clue);
      const assets = this.#deps.assets();
      return { issues: issuesOf(parsed, { hunt, codeFor, assets }), unreadable: parsed.unreadable };
    }
    // Without the key, clues are in use whose authors gave codes of their own; another key would make other codes.
    const unmade: Issue[] = [];
    const compiled = compile(parsed.definition, {
      hunt,
      digest: digester(pepper, own),
      codeFor: (clue) => {
        const known = codeIn(brought, clue);
        if (known !== undefined) return known;
        if (key) return generatedCode(key, own, clue, made);
        const index = parsed.definition.clues.findIndex(({ id }) => id === clue);
        unmade.push({ path: `clues.${index}.code`, code: "code-key-missing", message: NO_CODE_KEY });
        return clue;
      },
      pepper: pepper.id,
      published,
      assets: this.#deps.assets(),
    });
    if (compiled.issues) return { issues: compiled.issues, unreadable: false };
    if (unmade.length > 0) return { issues: unmade, unreadable: false };
    return {
      ...compiled,
      definition: parsed.definition,
      hunt: { ...compiled.hunt, hunt: own },
      public: { ...compiled.public, hunt: own },
    };
  }
}

/** What a rehearsal hands out is play money: codes that an author gave are worth something. And it tells nobody outside. */
function asRehearsed(parsed: ParsedDefinition): ParsedDefinition {
  const { definition } = parsed;
  if (!definition) return parsed;
  const prizes = definition.prizes.map(({ codes: _, ...prize }) => prize);
  return { definition: { ...definition, prizes, webhooks: [] } };
}

/** Why a definition is not published; undefined: nothing stands against it. */
function refusalOf(
  compiled: { issues: Issue[]; unreadable: boolean },
  format: Format,
): Refusal & { issues: Issue[] };
function refusalOf(
  compiled: { issues?: Issue[] | undefined; unreadable?: boolean },
  format: Format,
): (Refusal & { issues: Issue[] }) | undefined;
function refusalOf(
  { issues, unreadable }: { issues?: Issue[] | undefined; unreadable?: boolean },
  format: Format,
): (Refusal & { issues: Issue[] }) | undefined {
  if (!issues) return undefined;
  if (unreadable)
    return { ...refuse("bad_request", `the body is not valid ${format.toUpperCase()}`), issues };
  return { ...refuse("invalid", "the definition has errors"), issues };
}
