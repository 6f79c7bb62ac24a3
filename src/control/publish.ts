/** The versions of a hunt's definition: checked, compiled, stored as they were written. */
import { type Refusal, refuse } from "../errors.ts";
import { codesOf } from "../hunt/codes.ts";
import { compile } from "../hunt/compile.ts";
import { parseDefinition } from "../hunt/definition.ts";
import { INITIAL_PHASE, phaseAt, settlePhase } from "../hunt/phase.ts";
import { fixedIssues } from "../hunt/prize-changes.ts";
import type { PublishResult } from "../objects/control.ts";
import { currentKey, digester, keyById, type Secrets, scanCode } from "../secrets.ts";
import type { StoredText } from "../stored-text.ts";
import type { Compiled } from "./configs.ts";
import type { StateStore } from "./state.ts";

const KEY = "definition";

/** Bytes of a draw's seed: guessing it is as hard as inverting its hash. */
const SEED_BYTES = 32;

export function newSeed(): string {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(SEED_BYTES))).toString("hex");
}

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
}

type Format = "json" | "yaml";

export class Publisher {
  readonly #deps: PublisherDeps;
  #compiled: Compiled | undefined;

  constructor(deps: PublisherDeps) {
    this.#deps = deps;
  }

  /** Makes a definition the next version, or only checks it. `ifMatch`: the version it replaces. */
  publish(
    source: string,
    format: Format,
    { dryRun, ifMatch }: { dryRun: boolean; ifMatch?: number },
  ): PublishResult {
    const { state, secrets, texts, shardsPerRegion } = this.#deps;
    const before = state.current;
    const version = before?.version ?? 0;
    if (ifMatch !== undefined && ifMatch !== version) {
      return refuse("precondition_failed", `the published version is ${version}`);
    }
    const codeKey = before?.codeKey ?? currentKey("CODE_KEYS", secrets.CODE_KEYS).id;
    const compiled = this.#compile(source, format, codeKey);
    if ("issues" in compiled) {
      return { ...refuse("invalid", "the definition has errors"), issues: compiled.issues };
    }
    const now = this.#deps.now();
    const old = this.published();
    if (old && phaseAt(old.state.phase, old.compiled.hunt, now) !== "draft") {
      const issues = fixedIssues(old.compiled.hunt.prizes, compiled.hunt.prizes);
      if (issues.length > 0) {
        return { ...refuse("invalid", "the prizes of a running hunt are fixed"), issues };
      }
    }
    const created = !before;
    const { warnings } = compiled;
    if (dryRun) return { version, created, warnings };
    texts.write(KEY, source);
    this.#compiled = { hunt: compiled.hunt, public: compiled.public };
    if (before) {
      state.change({
        version: version + 1,
        phase: old ? settlePhase(before.phase, old.compiled.hunt, now) : before.phase,
        drawSeed: before.drawSeed ?? newSeed(),
        format,
      });
    } else {
      state.create({
        version: 1,
        phase: INITIAL_PHASE,
        announcements: [],
        shards: [],
        shardsPerRegion,
        codeKey,
        drawSeed: newSeed(),
        format,
      });
    }
    return { version: version + 1, created, warnings };
  }

  /** The hunt in use; undefined: never published. After a start it is compiled again from its definition. */
  published(): Published | undefined {
    const state = this.#deps.state.current;
    const source = this.#deps.texts.read(KEY);
    if (!state || source === undefined) return undefined;
    if (!this.#compiled) {
      const compiled = this.#compile(source, state.format, state.codeKey);
      // Published definitions were accepted; a newer engine may be stricter.
      if ("issues" in compiled)
        throw new Error(`the published definition no longer compiles: ${compiled.issues[0]?.message}`);
      this.#compiled = { hunt: compiled.hunt, public: compiled.public };
    }
    return { state, compiled: this.#compiled };
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
    const definition = this.definition();
    const state = this.#deps.state.current;
    if ("refused" in definition || !state) return refuse("not_found", "no such hunt");
    const parsed = parseDefinition(definition.source, definition.format);
    const key = keyById("CODE_KEYS", this.#deps.secrets.CODE_KEYS, state.codeKey);
    if ("issues" in parsed || !key) return refuse("unavailable", "the codes cannot be made");
    const generate = (clue: string): string => scanCode(key, this.#deps.hunt, clue);
    return codesOf(parsed.definition, generate).map(({ clue, code }) => ({
      clue: clue.id,
      title: clue.title,
      code,
    }));
  }

  #compile(source: string, format: Format, codeKey: string) {
    const { hunt, secrets } = this.#deps;
    const parsed = parseDefinition(source, format);
    if ("issues" in parsed) return { issues: parsed.issues };
    const pepper = currentKey("ANSWER_PEPPERS", secrets.ANSWER_PEPPERS);
    const key = keyById("CODE_KEYS", secrets.CODE_KEYS, codeKey);
    if (!key) throw new Error("the key of this hunt's printed codes is no longer in CODE_KEYS");
    return compile(parsed.definition, {
      hunt,
      digest: digester(pepper, hunt),
      codeFor: (clue) => scanCode(key, hunt, clue),
      pepper: pepper.id,
    });
  }
}
