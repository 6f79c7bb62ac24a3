/** Reads the log from its newest fact down: what happened, and what a team tried at a clue. Looks at a bounded part in one call. */
import { type Refusal, refuse } from "../errors.ts";
import { seenOf } from "../hunt/seen.ts";
import { personOf, type Team } from "../hunt/team.ts";
import { ordinalOf } from "../objects/ids.ts";
import type { FactsPage, FactsWanted, GuessesPage, GuessMade, Viewing } from "../objects/shard.ts";
import type { Exported } from "../people/personal.ts";
import { FORGOTTEN_NAME } from "../protocol.ts";
import type { Secrets } from "../secrets.ts";
import type { CurrentHunt } from "./current-hunt.ts";
import type { Journal } from "./journal.ts";
import type { Players } from "./players.ts";
import { BROKEN } from "./read-only.ts";
import { rightNow } from "./right-now.ts";
import type { ShardTime } from "./time.ts";
import { viewedTeam } from "./viewed.ts";

/** Facts of the log that one call looks for texts in; and how many of them it reads, about. */
const SOUGHT_MAX = 200_000;
const READ_MAX = 10_000;

/** Facts sought at a time: few at first, because the newest are asked for most. */
const SLICE = { first: 500, last: 40_000 };

export interface PastDeps {
  current: CurrentHunt;
  journal: Journal;
  time: ShardTime;
  players: Pick<Players, "memberOf">;
  secrets: Pick<Secrets, "ANSWER_PEPPERS">;
}

export class Past {
  readonly #deps: PastDeps;

  constructor(deps: PastDeps) {
    this.#deps = deps;
  }

  /** See `ShardObject.facts`. */
  async facts(wanted: FactsWanted, below: number | undefined, limit: number): Promise<FactsPage | Refusal> {
    const { current, journal } = this.#deps;
    const refused = await current.ready();
    if (refused) return refused;
    await journal.committed();
    const { team } = wanted;
    if (team !== undefined && !journal.teams.get(team)) {
      return journal.teams.isMissing(ordinalOf(team)) ? BROKEN : refuse("not_found", "no such team");
    }
    const { found, next } = this.#down(textsOf(wanted), below, limit, (fact) => isWanted(fact, wanted));
    const teams = [...new Set(found.map(({ team }) => team))].map((id) => ({
      id,
      name: journal.teams.get(id)?.name ?? "",
    }));
    const isRight = rightNow(current, this.#deps.secrets);
    const right = found.filter(
      (fact) => fact.type === "answer" && fact.outcome !== "correct" && isRight(fact),
    );
    return {
      facts: found,
      teams,
      ...(right.length === 0 ? {} : { right: right.map(({ seq }) => seq) }),
      ...(next === undefined ? {} : { next }),
    };
  }

  /** See `ShardObject.guesses`. */
  async guesses(
    teamId: string,
    seat: { player: string; gen?: number | undefined } | Viewing,
    clue: string,
    below: number | undefined,
    limit: number,
  ): Promise<GuessesPage | Refusal> {
    const { current, journal, time, players } = this.#deps;
    const refused = await current.ready();
    if (refused) return refused;
    const member =
      "player" in seat
        ? players.memberOf(teamId, seat.player, seat.gen)
        : viewedTeam(current, journal, teamId, seat);
    if ("refused" in member) return member;
    await journal.committed();
    const now = time.now();
    const context = current.context(now);
    if (context.hunt.compiled.guesses === "hidden") {
      return refuse("forbidden", "in this hunt teams do not read what they have tried");
    }
    const team = journal.teams.get(teamId) ?? member;
    if (!seenOf(context, team, now).some(({ id }) => id === clue)) return refuse("not_found", "no such clue");
    return this.#guessesOf(team, clue, below, limit);
  }

  /** See `ShardObject.triedAt`. */
  async triedAt(teamId: string, clue: string, limit: number): Promise<GuessesPage | Refusal> {
    const { current, journal } = this.#deps;
    const refused = await current.ready();
    if (refused) return refused;
    await journal.committed();
    const team = journal.teams.get(teamId);
    return team ? this.#guessesOf(team, clue, undefined, limit) : refuse("not_found", "no such team");
  }

  #guessesOf(team: Team, clue: string, below: number | undefined, limit: number): GuessesPage {
    const texts = [`"team":${JSON.stringify(team.id)}`, `"clue":${JSON.stringify(clue)}`];
    const isGuess = (fact: Exported): boolean => fact.team === team.id && isGuessAt(fact, clue);
    const { found, next } = this.#down(texts, below, limit, isGuess, team.joinSeq);
    return { guesses: found.map((fact) => guessOf(team, fact)), ...(next === undefined ? {} : { next }) };
  }

  /**
   * Durable facts below `below`, the newest first, that the texts lead to and `isOne` takes. `next`: where to go on;
   * absent: that was all down to `begin`, the first that can be one.
   */
  #down(
    texts: readonly string[],
    below: number | undefined,
    limit: number,
    isOne: (fact: Exported) => boolean,
    begin = 1,
  ): { found: Exported[]; next?: number } {
    const { log } = this.#deps.journal;
    const found: Exported[] = [];
    let upto = Math.min(log.durable, (below ?? Number.MAX_SAFE_INTEGER) - 1);
    let sought = 0;
    let read = 0;
    for (let slice = SLICE.first; upto >= begin; slice = Math.min(2 * slice, SLICE.last)) {
      const after = Math.max(begin - 1, upto - slice);
      for (const segment of log.segmentsDown(texts, after, upto)) {
        for (const fact of log.exportedOf(segment).reverse()) {
          if (fact.seq > upto || fact.seq <= after) continue;
          read += 1;
          if (!isOne(fact)) continue;
          found.push(fact);
          if (found.length >= limit) return fact.seq > begin ? { found, next: fact.seq } : { found };
        }
        if (read >= READ_MAX && segment.first > begin) return { found, next: segment.first };
      }
      upto = after;
      sought += slice;
      if (sought >= SOUGHT_MAX && upto >= begin) return { found, next: upto + 1 };
    }
    return { found };
  }
}

/** What stands in the text of every such fact. */
function textsOf(wanted: FactsWanted): string[] {
  const texts = (["team", "clue", "type", "outcome"] as const).flatMap((name) =>
    wanted[name] === undefined ? [] : [`"${name}":${JSON.stringify(wanted[name])}`],
  );
  return wanted.player === undefined ? texts : [...texts, JSON.stringify(wanted.player)];
}

function isWanted(fact: Exported, { team, clue, player, type, outcome }: FactsWanted): boolean {
  const has = fact as Partial<Record<"clue" | "outcome" | "player" | "by" | "member", unknown>>;
  return (
    (team === undefined || fact.team === team) &&
    (type === undefined || fact.type === type) &&
    (clue === undefined || has.clue === clue) &&
    (outcome === undefined || has.outcome === outcome) &&
    (player === undefined || has.player === player || has.by === player || has.member === player)
  );
}

/** Whether it is a try at the clue, or an organiser's hand. A solve that a regrade made, or that only counts from another time, is none. */
function isGuessAt(fact: Exported, clue: string): boolean {
  if (fact.type === "solve") {
    return fact.clue === clue && fact.instead === undefined && fact.regrade === undefined;
  }
  return (fact.type === "answer" || fact.type === "scan" || fact.type === "checkin") && fact.clue === clue;
}

function guessOf(team: Team, fact: Exported): GuessMade {
  const { seq, at } = fact;
  if (fact.type === "solve")
    return { seq, at: fact.solvedAt, type: "solve", outcome: "correct", ...byOf(team, fact.player) };
  if (fact.type !== "answer" && fact.type !== "scan" && fact.type !== "checkin") {
    throw new Error(`fact ${seq} is no guess`);
  }
  const { type, outcome, answer, message, player } = fact;
  return {
    seq,
    at,
    type,
    outcome,
    ...byOf(team, player),
    ...(answer === undefined ? {} : { answer }),
    ...(message === undefined ? {} : { message }),
  };
}

function byOf(team: Team, id: string | undefined): Pick<GuessMade, "player"> {
  if (id === undefined) return {};
  return { player: { id, name: personOf(team, id)?.name ?? FORGOTTEN_NAME } };
}
