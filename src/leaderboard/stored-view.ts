/**
 * The standings in the object's storage: written in pieces with others let in
 * between, so under a new number each time; the old one counts until the new
 * one is complete.
 */

import { type Checksums, checksumOf, Damaged, tellDropped, withChecksums } from "../checksum.ts";
import type { StandingsRules } from "../hunt/score.ts";
import type { Sql } from "../lazy-sql.ts";
import { PersonKeys } from "../people/keys.ts";
import { sealBytes, unsealBytes } from "../people/seal.ts";
import { beginAnewIfBroken } from "../put-aside.ts";
import { isKnownForm } from "../stored-form.ts";
import type { StoredText } from "../stored-text.ts";
import { Standings } from "./standings/standings.ts";
import { type StandingStill, View } from "./standings/view.ts";

/** The text that says which snapshot counts, and its form. One of a newer engine is left aside. */
const NAME = "marks";
/** In form 2 the parts are sealed. */
const FORM = 2;

/** Where the key of a snapshot stands: the key of the one before goes when it does, and all that is left of it is noise. */
const slotOf = (number: number): number => number % 2;

interface Complete {
  v?: number;
  number: number;
  /** From when on the standings stand still, epoch ms. */
  freeze: number | null;
  /** See `StandingStill`. */
  marksUntil?: number;
  /** See `Earlier`; absent in the first snapshots. */
  latest?: { fact: number; mark: number };
  marks: [string, number][];
}

const SCHEMA = `CREATE TABLE IF NOT EXISTS snapshot (
  view TEXT NOT NULL,     -- 'all', or 'frozen': as of the freeze; then '/' and the snapshot's number
  part INTEGER NOT NULL,  -- from 0
  body BLOB NOT NULL,
  sum TEXT NOT NULL DEFAULT '-', -- of the others
  PRIMARY KEY (view, part)
) WITHOUT ROWID`;

export class StoredView {
  readonly #sql: Sql;
  readonly #checks: Checksums;
  readonly #texts: StoredText;
  /** Names of players who play alone are in snapshots. */
  readonly #keys: PersonKeys;
  /** How often `drop` was called. */
  #drops = 0;

  constructor(sql: Sql, texts: StoredText) {
    this.#sql = sql;
    this.#texts = texts;
    for (const table of ["snapshot", "person_key"]) beginAnewIfBroken(sql, table);
    this.#checks = withChecksums(sql, "snapshot", SCHEMA);
    this.#keys = new PersonKeys(sql);
  }

  /** Writes a view, which must not change meanwhile, with its watermarks; `breathe` after each piece. */
  async write(view: View, marks: ReadonlyMap<string, number>, breathe: () => Promise<void>): Promise<void> {
    const drops = this.#drops;
    const last = this.#complete()?.number ?? 0;
    await this.#deleteAllBut(last, breathe);
    const { still, latest } = view;
    const complete: Complete = {
      v: FORM,
      number: last + 1,
      freeze: still?.from ?? null,
      ...(still?.marksUntil === undefined ? {} : { marksUntil: still.marksUntil }),
      // Not known, it is no number that JSON has.
      ...(Number.isFinite(latest.fact) ? { latest: { ...latest } } : {}),
      marks: [...marks],
    };
    const key = this.#keys.renew(slotOf(complete.number)).slice();
    for (const [name, standings] of view.parts()) {
      let part = 0;
      for (const plain of standings.snapshot()) {
        const body = sealBytes(key, plain);
        this.#sql.exec(
          "INSERT INTO snapshot (view, part, body, sum) VALUES (?, ?, ?, ?)",
          `${name}/${complete.number}`,
          part,
          body,
          checksumOf(`${name}/${complete.number}`, part, body),
        );
        part += 1;
        await breathe();
      }
    }
    // Dropped while it was written: it holds what was to be forgotten.
    if (this.#drops > drops) return;
    this.#texts.write(NAME, JSON.stringify(complete));
    this.#keys.delete([slotOf(last)]);
    await this.#deleteAllBut(complete.number, breathe);
  }

  /** No snapshot counts any more, nor does one that is being written. */
  drop(): void {
    this.#drops += 1;
    this.#texts.write(NAME, "{}");
  }

  /** The last complete snapshot, settled; undefined: there is none as it was written, or these rules need the logs. */
  read(
    rules: StandingsRules,
    still: StandingStill | undefined,
  ): { view: View; marks: [string, number][] } | undefined {
    try {
      return this.#read(rules, still);
    } catch (error) {
      if (!(error instanceof Damaged)) throw error;
      tellDropped("a snapshot of the standings");
      return undefined;
    }
  }

  #read(
    rules: StandingsRules,
    still: StandingStill | undefined,
  ): { view: View; marks: [string, number][] } | undefined {
    const complete = this.#complete();
    if (!complete) return undefined;
    const isSealed = (complete.v ?? 1) >= 2;
    const key = isSealed ? this.#keys.at(slotOf(complete.number)) : undefined;
    if (key === "deleted" || (isSealed && !key)) return undefined;
    const all = this.#standings(rules, `all/${complete.number}`, key);
    if (all === undefined) return undefined;
    const frozen = this.#standings(rules, `frozen/${complete.number}`, key);
    if (frozen === undefined && this.#part(`frozen/${complete.number}`, 0)) return undefined;
    const view = new View(rules, stillIn(complete), { all, frozen, latest: complete.latest });
    return view.stand(still) ? { view, marks: complete.marks } : undefined;
  }

  #complete(): Complete | undefined {
    const text = this.#texts.readDerived(NAME);
    const complete = text === undefined ? undefined : (JSON.parse(text) as Partial<Complete>);
    // The first versions gave no number; their snapshots cannot be read anyhow.
    if (complete?.number === undefined || !isKnownForm(complete, FORM)) return undefined;
    return complete as Complete;
  }

  #standings(rules: StandingsRules, name: string, key: Uint8Array | undefined): Standings | undefined {
    return this.#part(name, 0) && Standings.restore(rules, this.#parts(name, key));
  }

  /** One part at a time: there is no room for all of them beside the standings. */
  *#parts(name: string, key: Uint8Array | undefined): Generator<Uint8Array, void> {
    for (let part = 0; ; part += 1) {
      const body = this.#part(name, part);
      if (!body) return;
      const plain = key ? unsealBytes(key, body) : body;
      if (!plain) throw new Damaged("a snapshot of the standings");
      yield plain;
    }
  }

  #part(name: string, part: number): Uint8Array | undefined {
    const [row] = this.#sql
      .exec<{ body: ArrayBuffer; sum: string | null }>(
        "SELECT body, sum FROM snapshot WHERE view = ? AND part = ?",
        name,
        part,
      )
      .toArray();
    if (row && !this.#checks.isIntactBlob(row.sum, name, part, row.body))
      throw new Damaged("a snapshot of the standings");
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

function stillIn({ freeze, marksUntil }: Complete): StandingStill | undefined {
  if (freeze === null) return undefined;
  return { from: freeze, ...(marksUntil === undefined ? {} : { marksUntil }) };
}
