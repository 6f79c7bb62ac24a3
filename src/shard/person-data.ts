/** Everything that a shard keeps of a player, for the player. Reads the log in slices: it has no order by players. */
import { type Refusal, refuse } from "../errors.ts";
import type { FormerMember, Member, Team } from "../hunt/team.ts";
import type { PersonalData } from "../objects/shard.ts";
import type { Fact } from "../protocol.ts";
import type { CurrentHunt } from "./current-hunt.ts";
import type { Help } from "./help.ts";
import type { Journal } from "./journal.ts";
import type { Players } from "./players.ts";
import type { Push } from "./push.ts";

/** Facts of the log looked at in one call. */
const SLICE_FACTS = 20_000;

/** Facts of the player in one result, about. */
const FACTS_MAX = 1_000;

export interface PersonDataDeps {
  current: CurrentHunt;
  journal: Journal;
  players: Players;
  help: Pick<Help, "messagesOf">;
  push: Pick<Push, "devicesOf">;
}

export class PersonData {
  readonly #deps: PersonDataDeps;

  constructor(deps: PersonDataDeps) {
    this.#deps = deps;
  }

  /** See `ShardObject.personalData`. */
  async read(
    teamId: string,
    player: string,
    seat: { gen?: number | undefined } | "earlier",
    after: number,
  ): Promise<PersonalData | Refusal> {
    const { current, journal, players } = this.#deps;
    const refused = await current.ready();
    if (refused) return refused;
    await journal.committed();
    const team = seat === "earlier" ? journal.teams.get(teamId) : players.memberOf(teamId, player, seat.gen);
    if (team && "refused" in team) return team;
    const entries = entriesOf(team, player);
    const [person] = entries;
    if (!team || !person) return refuse("not_found", "the team has no such player");
    const { log } = journal;
    const came = entries.map(({ joinSeq }) => (joinSeq === undefined ? undefined : log.at(joinSeq)));
    const earlier = came.flatMap((fact) => (fact?.type === "arrive" ? [fact.from] : []));
    // It may have been in other teams of this shard before.
    const begin = earlier.length > 0 ? 0 : (person.joinSeq ?? 1) - 1;
    const from = Math.max(after, begin);
    const upto = Math.min(log.durable, from + SLICE_FACTS);
    const facts: Fact[] = [];
    let read = from;
    for (const segment of log.segmentsWith(`"${player}"`, from, upto)) {
      for (const fact of log.factsOf(segment)) if (fact.seq > from && isAbout(fact, player)) facts.push(fact);
      read = segment.last;
      if (facts.length >= FACTS_MAX) break;
    }
    if (facts.length < FACTS_MAX) read = Math.max(read, upto);
    return {
      ...headOf(team, person, came[0]),
      earlier,
      devices: this.#deps.push.devicesOf(teamId, player),
      messages: after > begin ? [] : this.#deps.help.messagesOf(teamId, player),
      facts,
      ...(read < log.durable ? { next: read } : {}),
    };
  }
}

type Person = Member | FormerMember;

/** The member first. */
const entriesOf = (team: Team | undefined, player: string): Person[] =>
  [...(team?.members ?? []), ...(team?.former ?? []).toReversed()].filter(({ id }) => id === player);

/** Whether the fact names the player. */
const isAbout = (fact: Fact, player: string): boolean =>
  ("player" in fact && fact.player === player) ||
  ("by" in fact && fact.by === player) ||
  (fact.type === "void" && fact.member === player);

function headOf(
  team: Team,
  person: Person,
  came: Fact | undefined,
): Omit<PersonalData, "facts" | "next" | "earlier" | "messages" | "devices"> {
  const { id, name, bracket } = team;
  const { lastCheckin } = person as Member;
  const wins = [
    ...((person as Member).won ?? []),
    ...(team.wins ?? []).filter((win) => win.player === person.id),
  ];
  return {
    player: { id: person.id, name: person.name, joinedAt: person.joinedAt },
    team: { id, name, ...(bracket === undefined ? {} : { bracket }) },
    ...(person.externalId === undefined ? {} : { externalId: person.externalId }),
    ...(came?.type === "join" || came?.type === "arrive" ? { joining: came } : {}),
    ...(lastCheckin === undefined ? {} : { lastCheckin }),
    wins: wins.map(({ prize, at, revoked }) => ({ prize, at, ...(revoked ? { revoked } : {}) })),
  };
}
