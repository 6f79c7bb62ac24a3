/** What a shard keeps beside its log and pages: its configuration, and what of its log need not be shipped. */

import type { ShardConfig } from "../objects/shard.ts";
import type { Range } from "../protocol.ts";
import { StoredText } from "../stored-text.ts";
import type { Sql } from "./counted-sql.ts";

export class ShardStore {
  readonly #texts: StoredText;

  constructor(sql: Sql) {
    this.#texts = new StoredText(sql);
  }

  /** The configuration as last saved, with the compiled hunt. */
  config(): ShardConfig | undefined {
    const head = this.#texts.read("config");
    const compiled = this.#texts.read("compiled");
    if (head === undefined || compiled === undefined) return undefined;
    return { ...JSON.parse(head), compiled: JSON.parse(compiled) };
  }

  /** Saves the configuration; the compiled hunt only when it is a new one, because it is large. */
  saveConfig(config: ShardConfig, withCompiled: boolean): void {
    const { compiled, ...head } = config;
    this.#texts.write("config", JSON.stringify(head));
    if (withCompiled) this.#texts.write("compiled", JSON.stringify(compiled));
  }

  /** Named as it was when nothing but the origin settled a fact. */
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
