/**
 * Players on their way to another team, step by step, as control drives them (src/control/moves.ts): a step sent
 * again gives what it gave before. What tells who the player is goes from shard to shard by the hand of control,
 * which keeps none of it.
 */
import { type Refusal, refuse } from "../errors.ts";
import { arrive, depart, giveUpSeat, keepSeat, type Move } from "../hunt/move.ts";
import { isEmptied, type Member, type Team, wentTo } from "../hunt/team.ts";
import { ordinalOf } from "../objects/ids.ts";
import type { Win } from "../objects/prizes.ts";
import type { Departed, TeamChanged, Whereabouts } from "../objects/shard.ts";
import { whole } from "../people/personal.ts";
import type { CarriedEvent, CarriedWin, Fact, JoinFact, Leaving, NewFact, PlayFact } from "../protocol.ts";
import type { CurrentHunt } from "./current-hunt.ts";
import { joiningsOf } from "./joinings.ts";
import type { Journal } from "./journal.ts";
import type { Players } from "./players.ts";
import { BROKEN } from "./read-only.ts";
import type { ShardTime } from "./time.ts";
import type { Wins } from "./wins.ts";

/** Events that go with a player, so that one sent again is known: those whose responses may have been lost. */
const EVENTS_CARRIED = 30;

/** Facts looked through for them. */
const EVENTS_LOOKED = 20_000;

/** Wins that go with a player: with the events they fit into one fact, which must fit a message of the queue. */
const WINS_CARRIED = 100;

/** Looks at the claims of who departs, before it is said to come back later. */
const CLAIMS_LOOKS = 5;

const NO_TEAM = refuse("not_found", "no such team");

export interface MovesDeps {
  current: CurrentHunt;
  journal: Journal;
  time: ShardTime;
  players: Players;
  wins: Wins;
  /** The vault's wins of a player, in whatever team. */
  winsOf(player: string): Promise<Win[] | Refusal>;
}

export class Moves {
  readonly #deps: MovesDeps;

  constructor(deps: MovesDeps) {
    this.#deps = deps;
  }

  /** See `ShardObject.whereIs`. */
  async whereIs(teamId: string, player: string, gen?: number): Promise<Whereabouts | Refusal> {
    const { current, journal, players } = this.#deps;
    const team = await this.#team(teamId);
    if (team === NO_TEAM) return {};
    if ("refused" in team) return team;
    const member = team.members.find(({ id }) => id === player);
    const isHere = member && (gen === undefined || current.generationOf(member) === gen);
    await journal.committed();
    if (isHere) return { joined: players.joinedOf(team, member) };
    const went = wentTo(team, player, gen === undefined ? undefined : current.inLog(gen));
    if (went && (gen !== undefined || !member)) {
      return { moved: { team: went.to, player, gen: current.generationOf({ gen: went.gen + 1 }) } };
    }
    if (!member && team.seats?.some((seat) => seat.player === player)) return ON_ITS_WAY;
    return journal.teams.readOnly(team) ?? {};
  }

  /** See `ShardObject.keepSeat`. */
  async keepSeat(move: Move): Promise<TeamChanged | Refusal> {
    return this.#change(move.to, (team, now) =>
      keepSeat(this.#deps.current.context(now).hunt.compiled, team, move, now),
    );
  }

  /** See `ShardObject.giveUpSeat`. */
  async giveUpSeat(move: Move): Promise<TeamChanged | Refusal> {
    return this.#change(move.to, (team, now) => giveUpSeat(team, move, now));
  }

  /** See `ShardObject.arrive`. */
  async arrive(move: Move, leaving: Leaving): Promise<TeamChanged | Refusal> {
    return this.#change(move.to, (team, now) => arrive(team, move, leaving, now));
  }

  /** See `ShardObject.depart`. */
  async depart(move: Move): Promise<Departed | Refusal> {
    const { journal, wins } = this.#deps;
    for (let look = 1; look <= CLAIMS_LOOKS; look += 1) {
      await wins.claimsOf(move.player);
      const won = await this.recordedWins(move);
      if ("refused" in won) return won;
      const changed = await this.#change(move.from, (team, now) => {
        if (wins.isClaiming(move.player)) return CLAIMING;
        return this.isKnown(team, move.player) ? depart(team, move, now) : BROKEN;
      });
      if (changed === CLAIMING) continue;
      if ("refused" in changed) return changed;
      const team = journal.teams.get(move.from);
      const leaving = team && this.leavingOf(team, move, won);
      return leaving ? { leaving, ...(changed.freed ? { freed: changed.freed } : {}) } : BROKEN;
    }
    return CLAIMING;
  }

  /** Not where the log has a gap in which the player came: nobody knows what was given then. */
  isKnown(team: Team, player: string): boolean {
    const member = team.members.find(({ id }) => id === player);
    return member === undefined || this.#cameBy(member) !== undefined;
  }

  async #team(id: string): Promise<Team | Refusal> {
    const { current, journal } = this.#deps;
    const refused = await current.ready();
    if (refused) return refused;
    return journal.teams.get(id) ?? (journal.teams.isMissing(ordinalOf(id)) ? BROKEN : NO_TEAM);
  }

  async #change(
    id: string,
    decide: (team: Team, now: number) => { facts: NewFact[] } | Refusal,
  ): Promise<TeamChanged | Refusal> {
    const { journal, players, time } = this.#deps;
    const team = await this.#team(id);
    if ("refused" in team) return team;
    const readOnly = journal.teams.readOnly(team);
    if (readOnly) return readOnly;
    const before = players.reservedName(team);
    const decided = decide(team, time.now());
    if ("refused" in decided) return decided;
    for (const draft of decided.facts) journal.append(draft);
    await journal.committed();
    const after = journal.teams.get(id) ?? team;
    return { team: players.toldOf(after), ...(isEmptied(after) && before ? { freed: before } : {}) };
  }

  /** The player's wins, those of this team also in its log: the vault may have given one of which nobody heard. */
  async recordedWins({ from, player }: Move): Promise<Win[] | Refusal> {
    const { current, wins, winsOf } = this.#deps;
    const team = await this.#team(from);
    if ("refused" in team) return team;
    if (current.hunt.compiled.prizes.length === 0) return [];
    const won = await winsOf(player);
    if ("refused" in won) return won;
    const own = won.filter((win) => win.team === from);
    return (own.length > 0 ? await wins.record(own) : undefined) ?? won;
  }

  /** What goes with the player who departed by this move; undefined: the fact it came by is not to be had. */
  leavingOf(team: Team, { move, player, to }: Move, won: readonly Win[]): Leaving | undefined {
    const gone = team.former?.find(({ moved }) => moved?.move === move);
    if (!gone?.moved) return undefined;
    const { gen, provisional, effectiveAt = gone.joinedAt, lastReached } = gone.moved;
    const came = this.#cameBy(gone);
    if (!came) return undefined;
    const events = this.#eventsOf(team.id, player, came);
    const wins = won.filter((win) => win.team !== to).map(carriedWin);
    const { at, effectiveAt: reachedAt, ...position } = lastReached ?? { at: undefined };
    return {
      gen: gen + 1,
      ...(provisional ? { provisional } : {}),
      name: gone.name,
      ...(gone.externalId === undefined ? {} : { externalId: gone.externalId }),
      ...(came.fields === undefined ? {} : { fields: came.fields }),
      ...(came.consents === undefined ? {} : { consents: came.consents }),
      effectiveAt,
      ...(at === undefined
        ? {}
        : {
            position: position as Leaving["position"] & object,
            reached: { at, ...(reachedAt === undefined ? {} : { effectiveAt: reachedAt }) },
          }),
      ...(wins.length > 0 ? { wins: wins.slice(-WINS_CARRIED) } : {}),
      ...(events.length > 0 ? { events } : {}),
    };
  }

  /** The fact by which the player came into the team; what it gave then is kept beside that one alone. */
  #cameBy({ id, joinedAt }: Pick<Member, "id" | "joinedAt">): CameBy | undefined {
    const found = joiningsOf(this.#deps.journal.log, [{ id, joinedAt }]).get(id);
    if (!found) return undefined;
    const { person, ...logged } = found;
    return whole(logged as Fact, person) as CameBy;
  }

  /** The player's last events, here and in the teams before, the oldest first. */
  #eventsOf(team: string, player: string, came: CameBy): CarriedEvent[] {
    const events: CarriedEvent[] = [];
    let looked = 0;
    for (const fact of this.#deps.journal.log.downFrom(Number.POSITIVE_INFINITY)) {
      looked += 1;
      if (fact.seq <= came.seq || looked > EVENTS_LOOKED || events.length === EVENTS_CARRIED) break;
      if ("outcome" in fact && fact.team === team && fact.player === player) events.push(carriedEvent(fact));
    }
    const earlier = came.type === "arrive" ? (came.events ?? []) : [];
    return [...earlier, ...events.reverse()].slice(-EVENTS_CARRIED);
  }
}

type CameBy = JoinFact | (Fact & { type: "arrive" });

const CLAIMING = refuse("unavailable", "the player is claiming prizes at this moment");

/** Asked while the player has left the old team and has not come yet. */
const ON_ITS_WAY = refuse("unavailable", "the player is on the way to this team");

const carriedWin = ({ prize, unit, team, event, at, revoked }: Win): CarriedWin => ({
  prize,
  unit,
  team,
  event,
  at,
  ...(revoked ? { revoked } : {}),
});

const carriedEvent = ({ type, event, outcome, clue, hint, prize, unit }: PlayFact): CarriedEvent => ({
  type,
  event,
  outcome,
  ...(clue === undefined ? {} : { clue }),
  ...(hint === undefined ? {} : { hint }),
  ...(prize === undefined ? {} : { prize }),
  ...(unit === undefined ? {} : { unit }),
});
