/**
 * The language of each player of a hunt in several: the one that it asked for last, else the one that it joined
 * with. A row a player, in memory once it was asked for; nothing of the game depends on it, so that a table that cannot be
 * read counts as empty.
 */
import { BoundedMap } from "../bounded-map.ts";
import type { Context } from "../hunt/context.ts";
import { inLanguage } from "../hunt/indexed.ts";
import { chosen } from "../hunt/languages.ts";
import type { Sql } from "../lazy-sql.ts";

const SCHEMA = `CREATE TABLE IF NOT EXISTS language (
  player TEXT PRIMARY KEY,
  locale TEXT,  -- as it joined with
  asked TEXT    -- the language of the hunt that it asked for last
) WITHOUT ROWID`;

/** Players in memory. */
const PLAYERS_MAX = 50_000;

interface Known {
  locale: string | null;
  asked: string | null;
}

const NOTHING: Known = { locale: null, asked: null };

export class Languages {
  readonly #sql: Sql;
  readonly #known = new BoundedMap<string, Known>(PLAYERS_MAX);
  #isBroken = false;

  constructor(sql: Sql) {
    this.#sql = sql;
    sql.exec(SCHEMA);
  }

  /** The player joined with this locale. */
  joined(player: string, locale: string): void {
    this.#set(player, { ...this.#of(player), locale });
  }

  /** The player asks for this language of the hunt. */
  asked(player: string, asked: string): void {
    const known = this.#of(player);
    if (known.asked !== asked) this.#set(player, { ...known, asked });
  }

  /** Of those that the hunt has, the one that the player's locale asks for; undefined: it has none, or none such. */
  localeOf(languages: readonly string[], player: string): string | undefined {
    const { locale } = this.#of(player);
    return locale === null ? undefined : chosen(languages, [locale]);
  }

  /** What the player is spoken to in; undefined: nobody knows. */
  of(languages: readonly string[], player: string): string | undefined {
    const { asked } = this.#of(player);
    if (asked !== null && languages.includes(asked)) return asked;
    return this.localeOf(languages, player);
  }

  forget(player: string): void {
    this.#known.delete(player);
    this.#exec("DELETE FROM language WHERE player = ?", player);
  }

  #of(player: string): Known {
    const known = this.#known.get(player);
    if (known) return known;
    const [row] = this.#exec("SELECT locale, asked FROM language WHERE player = ?", player);
    return this.#known.set(player, row ? { locale: row.locale, asked: row.asked } : NOTHING);
  }

  #set(player: string, known: Known): void {
    this.#known.set(player, known);
    this.#exec(
      "INSERT OR REPLACE INTO language (player, locale, asked) VALUES (?, ?, ?)",
      player,
      known.locale,
      known.asked,
    );
  }

  #exec(query: string, ...bindings: (string | null)[]): (Known & Record<string, SqlStorageValue>)[] {
    if (this.#isBroken) return [];
    try {
      return this.#sql.exec<Known & Record<string, SqlStorageValue>>(query, ...bindings).toArray();
    } catch (error) {
      this.#isBroken = true;
      console.error({
        message: "languages of players cannot be read; they speak as they ask",
        error: String(error),
      });
      return [];
    }
  }
}

/** The context in the player's language, where its hunt has several. */
export function speaking(context: Context, player: string, known: Pick<Languages, "of">): Context {
  const { languages, translations } = context.hunt.compiled;
  if (!languages || !translations) return context;
  const hunt = inLanguage(context.hunt, known.of(languages, player));
  return hunt === context.hunt ? context : { ...context, hunt };
}
