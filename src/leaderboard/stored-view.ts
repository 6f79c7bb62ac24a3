/**
 * The standings in the object's storage: written in pieces with others let in
 * between, so under a new number each time; the old one counts until the new
 * one is complete.
 */

import type { StandingsRules } from "../hunt/score.ts";
import type { Sql } from "../lazy-sql.ts";
import { isKnownForm } from "../stored-form.ts";
import type { StoredText } from "../stored-text.ts";
import { Standings } from "./standings/standings.ts";
import { View } from "./standings/view.ts";

/** The text that says which snapshot counts, and its form. One of a newer engine is left aside. */
const NAME = "marks";
const FORM = 1;

interface Complete {
  v?: number;
  number: number;
  freeze: number | null;
  marks: [string, number][];
}

const SCHEMA = `CREATE TABLE IF NOT EXISTS snapshot (
  view TEXT NOT NULL,     -- 'all', or 'frozen': as of the freeze; then '/' and the snapshot's number
  part INTEGER NOT NULL,  -- from 0
  body BLOB NOT NULL,
  PRIMARY KEY (view, part)
) WITHOUT ROWID`;

export class StoredView {
  readonly #sql: Sql;
  readonly #texts: StoredText;

  constructor(sql: Sql, texts: StoredText) {
    this.#sql = sql;
    this.#texts = texts;
    sql.exec(SCHEMA);
  }

  /** Writes a view, which must not change meanwhile, with its watermarks; `breathe` after each piece. */
  async write(view: View, marks: ReadonlyMap<string, number>, breathe: () => Promise<void>): Promise<void> {
    const last = this.#complete()?.number ?? 0;
    await this.#deleteAllBut(last, breathe);
    const complete: Complete = { v: FORM, number: last + 1, freeze: view.freeze ?? null, marks: [...marks] };
    for (const [name, standings] of view.parts()) {
      let part = 0;
      for (const body of standings.snapshot()) {
        this.#sql.exec(
          "INSERT INTO snapshot (view, part, body) VALUES (?, ?, ?)",
          `${name}/${complete.number}`,
          part,
          body.buffer,
        );
        part += 1;
        await breathe();
      }
    }
    this.#texts.write(NAME, JSON.stringify(complete));
    await this.#deleteAllBut(complete.number, breathe);
  }

  /** The last complete snapshot, settled; undefined: there is none, or these rules need the logs. */
  read(
    rules: StandingsRules,
    freeze: number | undefined,
  ): { view: View; marks: [string, number][] } | undefined {
    const complete = this.#complete();
    // The freeze was another one: what came before and after the new one cannot be told apart.
    if (!complete || (freeze ?? null) !== complete.freeze) return undefined;
    const all = this.#standings(rules, `all/${complete.number}`);
    if (all === undefined) return undefined;
    const frozen = this.#standings(rules, `frozen/${complete.number}`);
    if (frozen === undefined && this.#part(`frozen/${complete.number}`, 0)) return undefined;
    return { view: new View(rules, freeze, all, frozen), marks: complete.marks };
  }

  #complete(): Complete | undefined {
    const text = this.#texts.read(NAME);
    const complete = text === undefined ? undefined : (JSON.parse(text) as Partial<Complete>);
    // The first versions gave no number; their snapshots cannot be read anyhow.
    if (complete?.number === undefined || !isKnownForm(complete, FORM)) return undefined;
    return complete as Complete;
  }

  #standings(rules: StandingsRules, name: string): Standings | undefined {
    return this.#part(name, 0) && Standings.restore(rules, this.#parts(name));
  }

  /** One part at a time: there is no room for all of them beside the standings. */
  *#parts(name: string): Generator<Uint8Array, void> {
    for (let part = 0; ; part += 1) {
      const body = this.#part(name, part);
      if (!body) return;
      yield body;
    }
  }

  #part(name: string, part: number): Uint8Array | undefined {
    const [row] = this.#sql
      .exec<{ body: ArrayBuffer }>("SELECT body FROM snapshot WHERE view = ? AND part = ?", name, part)
      .toArray();
    return row && new Uint8Array(row.body);
  }

  /** Row by row: freeing the pages of a large one takes milliseconds. */
  async #deleteAllBut(number: number, breathe: () => Promise<void>): Promise<void> {
    const others = this.#sql
      .exec<{ view: string; part: number }>(
        "SELECT view, part FROM snapshot WHERE view NOT IN (?, ?)",
        `all/${number}`,
        `frozen/${number}`,
      )
      .toArray();
    for (const { view, part } of others) {
      this.#sql.exec("DELETE FROM snapshot WHERE view = ? AND part = ?", view, part);
      await breathe();
    }
  }
}
