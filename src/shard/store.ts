/**
 * What a shard stores beside its log and pages: its configuration, which control
 * tells again, and what of its log need not be shipped. Rows without a form (`v`) are of form 1; a row
 * of a later form is an error, because a shard that ran on half of it could
 * decide wrongly.
 */
import type { CompiledHunt } from "../hunt/compiled.ts";
import type { Sql } from "../lazy-sql.ts";
import type { Rehearsal } from "../objects/rehearsal.ts";
import type { Lease, ShardConfig } from "../objects/shard.ts";
import type { Range } from "../protocol.ts";
import { assertKnownForm } from "../stored-form.ts";
import { StoredText } from "../stored-text.ts";

/**
 * Of the configuration without the compiled hunt, which has its own `format`. In form 2 that has `rules`. Form 3 is of
 * a rehearsal: an engine that does not know that must not send its facts to the origin. Form 4 is of a hunt that was or is
 * being restored from a backup: one that does not know that would play half a hunt, or show winners other codes.
 */
const CONFIG_FORM = 4;
const REHEARSAL_FORM = 3;
const USUAL_FORM = 2;

/** Of the compiled hunt: `format` in it. */
const COMPILED_FORMAT = 1;

/** Ranges of imported facts that are told apart. */
const IMPORTS_MAX = 1_000;

export class ShardStore {
  readonly #texts: StoredText;
  #imported: readonly Range[] | undefined;

  constructor(sql: Sql) {
    this.#texts = new StoredText(sql);
  }

  /** The configuration as last saved, with the compiled hunt. */
  config(): ShardConfig | undefined {
    const config = this.#head();
    const text = this.#texts.readDerived("compiled");
    if (config === undefined || text === undefined) return undefined;
    const compiled = JSON.parse(text) as CompiledHunt;
    assertKnownForm("the shard's compiled hunt", { v: compiled.format }, COMPILED_FORMAT);
    return { ...config, compiled };
  }

  /** Of the configuration; it is needed before all else, because the clock goes by it. */
  rehearsal(): Rehearsal | undefined {
    return this.#head()?.rehearsal;
  }

  #head(): Omit<ShardConfig, "compiled"> | undefined {
    const text = this.#texts.readDerived("config");
    if (text === undefined) return undefined;
    const { v, ...head } = JSON.parse(text) as Omit<ShardConfig, "compiled"> & { v?: number };
    assertKnownForm("the shard's configuration", v === undefined ? {} : { v }, CONFIG_FORM);
    return head;
  }

  /** Saves the configuration; the compiled hunt only when it is a new one, because it is large. */
  saveConfig(config: ShardConfig, withCompiled: boolean): void {
    const { compiled, ...head } = config;
    const v = formOf(head);
    this.#texts.write("config", JSON.stringify({ v, ...head }));
    if (withCompiled) this.#texts.write("compiled", JSON.stringify(compiled));
  }

  /** Stored under the old key `archived`: since then dead letters settle facts as well. */
  settled(): number {
    return Number(this.#texts.readDerived("archived") ?? 0);
  }

  saveSettled(seq: number): void {
    this.#texts.write("archived", String(seq));
  }

  /** The newest fact that the log had, as others told when its end was lost; 0: its end is its own. */
  end(): number {
    return Number(this.#texts.readDerived("end") ?? 0);
  }

  /** Whether newest facts may be lost of which nobody told yet. */
  isEndUnsure(): boolean {
    return this.#texts.readDerived("unsure") === "true";
  }

  saveUnsure(): void {
    this.#texts.write("unsure", "true");
  }

  saveEnd(seq: number): void {
    this.#texts.write("end", String(Math.max(seq, this.end())));
    this.#texts.write("unsure", "false");
  }

  /** See `ToldTo`. */
  toldTo(): Record<string, string> {
    return JSON.parse(this.#texts.readDerived("told-to") ?? "{}");
  }

  saveToldTo(told: Record<string, string>): void {
    this.#texts.write("told-to", JSON.stringify(told));
  }

  /** Facts that imports made, which webhooks are not told of. */
  imported(): readonly Range[] {
    this.#imported ??= JSON.parse(this.#texts.readDerived("imported") ?? "[]") as Range[];
    return this.#imported;
  }

  /** Another import follows; where nothing stands between them, it is one. */
  saveImported(range: Range): void {
    if (range.last < range.first) return;
    const ranges = [...this.imported()];
    const before = ranges.at(-1);
    // So many that live joinings stand between them: what is between the first ones counts as imported.
    if (before && (before.last + 1 >= range.first || ranges.length >= IMPORTS_MAX)) {
      ranges[ranges.length - 1] = { first: before.first, last: range.last };
    } else ranges.push(range);
    this.#imported = ranges;
    this.#texts.write("imported", JSON.stringify(ranges));
  }

  /** Until when clues opened that players with push messages were told of, epoch ms; undefined: nobody was yet. */
  pushedUntil(): number | undefined {
    const text = this.#texts.readDerived("pushed-until");
    return text === undefined ? undefined : Number(text);
  }

  savePushedUntil(until: number): void {
    this.#texts.write("pushed-until", String(until));
  }

  /** Who of the judges has which submission. */
  leases(): Record<string, Lease> {
    return JSON.parse(this.#texts.readDerived("leases") ?? "{}");
  }

  saveLeases(leases: Record<string, Lease>): void {
    this.#texts.write("leases", JSON.stringify(leases));
  }

  buried(): Range[] {
    return JSON.parse(this.#texts.readDerived("buried") ?? "[]");
  }

  saveBuried(ranges: readonly Range[]): void {
    this.#texts.write("buried", JSON.stringify(ranges));
  }
}

function formOf({ rehearsal, restoring, restored }: Omit<ShardConfig, "compiled">): number {
  if (restoring !== undefined || restored) return CONFIG_FORM;
  return rehearsal === undefined ? USUAL_FORM : REHEARSAL_FORM;
}
