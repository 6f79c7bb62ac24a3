/**
 * What a shard stores beside its log and pages: its configuration, and what of
 * its log need not be shipped. Rows without a form (`v`) are of form 1; a row
 * of a later form is an error, because a shard that ran on half of it could
 * decide wrongly.
 */
import type { CompiledHunt } from "../hunt/compiled.ts";
import type { Sql } from "../lazy-sql.ts";
import type { ShardConfig } from "../objects/shard.ts";
import type { Range } from "../protocol.ts";
import { assertKnownForm } from "../stored-form.ts";
import { StoredText } from "../stored-text.ts";

/** Of the configuration without the compiled hunt, which has its own `format`. */
const CONFIG_FORM = 1;

/** Of the compiled hunt: `format` in it. */
const COMPILED_FORMAT = 1;

export class ShardStore {
  readonly #texts: StoredText;

  constructor(sql: Sql) {
    this.#texts = new StoredText(sql);
  }

  /** The configuration as last saved, with the compiled hunt. */
  config(): ShardConfig | undefined {
    const head = this.#texts.read("config");
    const text = this.#texts.read("compiled");
    if (head === undefined || text === undefined) return undefined;
    const { v, ...config } = JSON.parse(head) as Omit<ShardConfig, "compiled"> & { v?: number };
    assertKnownForm("the shard's configuration", v === undefined ? {} : { v }, CONFIG_FORM);
    const compiled = JSON.parse(text) as CompiledHunt;
    assertKnownForm("the shard's compiled hunt", { v: compiled.format }, COMPILED_FORMAT);
    return { ...config, compiled };
  }

  /** Saves the configuration; the compiled hunt only when it is a new one, because it is large. */
  saveConfig(config: ShardConfig, withCompiled: boolean): void {
    const { compiled, ...head } = config;
    this.#texts.write("config", JSON.stringify({ v: CONFIG_FORM, ...head }));
    if (withCompiled) this.#texts.write("compiled", JSON.stringify(compiled));
  }

  /** Stored under the old key `archived`: since then dead letters settle facts as well. */
  settled(): number {
    return Number(this.#texts.read("archived") ?? 0);
  }

  saveSettled(seq: number): void {
    this.#texts.write("archived", String(seq));
  }

  buried(): Range[] {
    return JSON.parse(this.#texts.read("buried") ?? "[]");
  }

  saveBuried(ranges: readonly Range[]): void {
    this.#texts.write("buried", JSON.stringify(ranges));
  }
}
