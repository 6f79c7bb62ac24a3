/**
 * Logs of earlier engines, beside which what is personal stood in clear, and
 * whose stored teams had names in clear. A start seals both, once, in one
 * transaction with whatever the start writes. What stood there is overwritten
 * first: a row that keeps its size is, where it stands.
 */
import type { Sql } from "../lazy-sql.ts";
import type { PersonKeys } from "../people/keys.ts";
import { commitmentTo } from "../people/personal.ts";
import type { Fact } from "../protocol.ts";
import { factsIn } from "./gaps.ts";
import { type Beside, type Sealed, sealed } from "./log-persons.ts";
import type { KeyPlace } from "./sealed-teams.ts";
import type { SegmentRow, SegmentRows } from "./segment-rows.ts";
import { StoredPages } from "./stored-pages.ts";

/** A player's time in a team. `joinedAt`: absent where its joining is lost. */
interface Membership extends KeyPlace {
  joinedAt?: number;
}

export function sealLog(sql: Sql, rows: SegmentRows, keys: PersonKeys): void {
  const memberships = new Memberships(keys);
  let after = -1;
  for (let row = rows.nextInClear(after); row; row = rows.nextInClear(after)) {
    after = row.first;
    rows.blank(row.first);
    rows.setPersons(row.first, sealedText(row, keys, memberships));
  }
  new StoredPages(sql, keys).sealAll((team, player, joinedAt) => memberships.of(team, player, joinedAt));
}

/** A key for each, as the log gives them to those who join now. */
class Memberships {
  readonly #keys: PersonKeys;
  readonly #known = new Map<string, Membership[]>();
  /** Newest one by player, for facts that are not as they were written. */
  readonly #newest = new Map<string, Membership>();

  constructor(keys: PersonKeys) {
    this.#keys = keys;
  }

  /** Where the key stands for what is personal of the fact. `fact`: undefined where it is lost. */
  slotFor(fact: Fact | undefined, player: string): number {
    const place = `${fact?.team} ${player}`;
    const own = this.#known.get(place) ?? [];
    let last = fact ? own.at(-1) : this.#newest.get(player);
    if (fact?.type === "join" || fact?.type === "arrive")
      last = { slot: this.#keys.give(), joinSeq: fact.seq, joinedAt: fact.at };
    last ??= { slot: this.#keys.give() };
    if (fact && last !== own.at(-1)) this.#known.set(place, [...own, last]);
    this.#newest.set(player, last);
    return last.slot;
  }

  of(team: string, player: string, joinedAt: number): KeyPlace | undefined {
    const own = this.#known.get(`${team} ${player}`) ?? [];
    const found = own.find((each) => each.joinedAt === joinedAt) ?? own.at(-1);
    return found && { slot: found.slot, ...(found.joinSeq === undefined ? {} : { joinSeq: found.joinSeq }) };
  }
}

/** Stands for what is not as it was written: it may not stay as it is, and is told as lost. */
const LOST: Sealed = [-1, "", ""];

function sealedText({ body, persons }: SegmentRow, keys: PersonKeys, memberships: Memberships): string {
  try {
    const beside = JSON.parse(persons ?? "") as Beside;
    // Undefined: the facts cannot be read, and may be brought back.
    const logged = factsIn(body);
    const facts = new Map(logged?.map((fact) => [fact.seq, fact]));
    for (const [key, entry] of Object.entries(beside)) {
      if (Array.isArray(entry)) continue;
      const seq = Number(key);
      const fact = facts.get(seq);
      const isAsWritten = !logged || fact?.personal === commitmentTo(entry);
      const closed = isAsWritten
        ? sealed(keys, seq, memberships.slotFor(fact, entry.player), entry)
        : undefined;
      beside[key] = closed ?? LOST;
    }
    return JSON.stringify(beside);
  } catch {
    // Nobody can say whose it was.
    return "";
  }
}
