/**
 * A team merged into another one, step by step, as control drives it (src/control/merges.ts): a step sent again gives
 * what it gave before. What goes with the players goes as with one that is moved alone (moves.ts); all that the team
 * had is read from its facts, up to those of the merge.
 */
import { type Refusal, refuse } from "../errors.ts";
import { LegacyReading } from "../hunt/legacy.ts";
import { giveUpSeats, handOver, keepSeats, type Merge, moveOf, takeOver } from "../hunt/merge.ts";
import { isEmptied, type Team } from "../hunt/team.ts";
import { ordinalOf } from "../objects/ids.ts";
import type { Win } from "../objects/prizes.ts";
import type { HandedOver, Merging, TeamChanged } from "../objects/shard.ts";
import type { Fact, Leaving, Legacy, NewFact } from "../protocol.ts";
import type { CurrentHunt } from "./current-hunt.ts";
import type { Journal } from "./journal.ts";
import type { Moves } from "./moves.ts";
import type { Players } from "./players.ts";
import { BROKEN } from "./read-only.ts";
import type { ShardTime } from "./time.ts";
import type { Wins } from "./wins.ts";

/** Looks at the claims of a team's players, before it is said to come back later. */
const CLAIMS_LOOKS = 5;

const NO_TEAM = refuse("not_found", "no such team");

const CLAIMING = refuse("unavailable", "players of the team are claiming prizes at this moment");

export interface MergesDeps {
  current: CurrentHunt;
  journal: Journal;
  time: ShardTime;
  players: Players;
  moves: Moves;
  wins: Wins;
}

export class Merges {
  readonly #deps: MergesDeps;

  constructor(deps: MergesDeps) {
    this.#deps = deps;
  }

  /** See `ShardObject.mergingOf`. */
  async mergingOf(id: string): Promise<Merging | Refusal> {
    const team = await this.#team(id);
    if ("refused" in team) return team;
    await this.#deps.journal.committed();
    if (team.merged) return { players: [], into: team.merged.into };
    return (
      this.#deps.journal.teams.readOnly(team) ?? { players: team.members.map(({ id: player }) => player) }
    );
  }

  /** See `ShardObject.keepSeats`. */
  keepSeats(merge: Merge): Promise<TeamChanged | Refusal> {
    return this.#change(merge.into, (team, now) =>
      keepSeats(this.#deps.current.context(now).hunt.compiled, team, merge, now),
    );
  }

  /** See `ShardObject.giveUpSeats`. */
  giveUpSeats(merge: Merge): Promise<TeamChanged | Refusal> {
    return this.#change(merge.into, (team, now) => giveUpSeats(team, merge, now));
  }

  /** See `ShardObject.handOver`. */
  async handOver(merge: Merge): Promise<HandedOver | Refusal> {
    const { current, journal, moves, wins } = this.#deps;
    const { from, players } = merge;
    for (let look = 1; look <= CLAIMS_LOOKS; look += 1) {
      await Promise.all(players.map((player) => wins.claimsOf(player)));
      const won = new Map<string, Win[]>();
      for (const player of players) {
        const own = await moves.recordedWins(moveOf(merge, player));
        if ("refused" in own) return own;
        won.set(player, own);
      }
      let legacy: Legacy | undefined;
      const changed = await this.#change(from, (team, now) => {
        if (players.some((player) => wins.isClaiming(player))) return CLAIMING;
        legacy = this.#legacyOf(team, players);
        const isKnown = players.every((player) => moves.isKnown(team, player));
        if (!isKnown || !legacy) return BROKEN;
        return handOver(current.context(now), team, merge, now, journal.log.head);
      });
      if (changed === CLAIMING) continue;
      if ("refused" in changed) return changed;
      const team = journal.teams.get(from);
      const leavings: [string, Leaving][] = [];
      for (const player of players) {
        const leaving = team && moves.leavingOf(team, moveOf(merge, player), won.get(player) ?? []);
        // This step was made before, and the player was forgotten since.
        if (!leaving && team?.former?.some(({ id, forgotten }) => id === player && forgotten)) continue;
        if (!leaving) return BROKEN;
        leavings.push([player, leaving]);
      }
      if (!legacy) return BROKEN;
      return { leavings, legacy, ...(changed.freed ? { freed: changed.freed } : {}) };
    }
    return CLAIMING;
  }

  /** See `ShardObject.takeOver`. */
  takeOver(merge: Merge, { leavings, legacy }: HandedOver): Promise<TeamChanged | Refusal> {
    return this.#change(merge.into, (team, now) =>
      takeOver(this.#deps.current.context(now), team, merge, { leavings: new Map(leavings), legacy }, now),
    );
  }

  /** See `ShardObject.leadsTo`. */
  async leadsTo(by: { code: string } | { team: string }): Promise<{ team?: string }> {
    const { players, journal } = this.#deps;
    const merged = ("code" in by ? players.teamOf(by.code) : journal.teams.get(by.team))?.merged;
    await this.#deps.journal.committed();
    return merged ? { team: merged.into } : {};
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
    // All of them, or none: they are in one commit.
    for (const draft of decided.facts) journal.append(draft);
    await journal.committed();
    const after = journal.teams.get(id) ?? team;
    return { team: players.toldOf(after), ...(isEmptied(after) && before ? { freed: before } : {}) };
  }

  /** All that the team had before it was merged, or has, beside its players; undefined: its log has a gap. */
  #legacyOf({ id, joinSeq, merged }: Team, players: readonly string[]): Legacy | undefined {
    const { log, teams } = this.#deps.journal;
    const upto = merged?.after ?? log.head;
    const reading = new LegacyReading(players);
    const read = (facts: readonly Fact[]): void => {
      for (const fact of facts) if (fact.team === id && fact.seq <= upto) reading.add(fact);
    };
    for (const part of log.parts(joinSeq - 1)) {
      if (part.first > upto) break;
      if ("body" in part) {
        if (part.body.includes(id)) read(log.factsOf(part));
      } else if (teams.namedBy(part)?.has(id) ?? true) return undefined;
    }
    read(log.gathering);
    return reading.legacy;
  }
}
