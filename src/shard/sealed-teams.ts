/**
 * Stored teams without what tells who their players are: that stands in each
 * member's `sealed`, under the member's key, and an empty value in its place, so
 * that a team that is opened again has its members in the same order.
 */
import { isAlone, type Member, type StoredTeam, type Team } from "../hunt/team.ts";
import type { PersonKeys } from "../people/keys.ts";
import { seal, unseal } from "../people/seal.ts";
import { FORGOTTEN_NAME } from "../protocol.ts";

/** What is personal of a member, and of one who left. */
const PERSONAL = ["name", "externalId", "lastCheckin", "lastReached"] as const;

interface Person {
  id: string;
  name: string;
  slot?: number;
  sealed?: string;
  moved?: object & { lastReached?: unknown };
}

/** `team`: the name of the team that is called like its only player. `reached`: of who went to another one. */
type Closed = Partial<Record<(typeof PERSONAL)[number], unknown>> & { team?: string; reached?: unknown };

export class SealedTeams {
  readonly #keys: PersonKeys;
  /** What was sealed last of members in memory: most are as they were when their page is written again. */
  readonly #known = new WeakMap<object, { text: string; sealed: string }>();

  constructor(keys: PersonKeys) {
    this.#keys = keys;
  }

  close(team: StoredTeam): StoredTeam {
    const namesake = namesakeOf(team);
    const close = <Of extends Person>(person: Of): Of =>
      this.#close(person, person === namesake ? team.name : undefined);
    return {
      ...team,
      ...(namesake ? { name: "" } : {}),
      members: team.members.map(close),
      ...(team.former ? { former: team.former.map(close) } : {}),
    };
  }

  #close<Of extends Person>(person: Of, team: string | undefined): Of {
    // Nothing of it is personal.
    if (person.slot === undefined) return person;
    const key = this.#keys.at(person.slot);
    const closed: Closed = {};
    const open = { ...person } as unknown as Record<string, unknown>;
    for (const name of PERSONAL) {
      if (!(name in open)) continue;
      closed[name] = open[name];
      open[name] = "";
    }
    if (team !== undefined) closed.team = team;
    if (person.moved?.lastReached !== undefined) {
      closed.reached = person.moved.lastReached;
      open.moved = { ...person.moved, lastReached: "" };
    }
    const text = JSON.stringify(closed);
    const known = this.#known.get(person);
    const sealed = known?.text === text ? known.sealed : typeof key === "object" ? seal(key, text) : "";
    if (known?.sealed !== sealed) this.#known.set(person, { text, sealed });
    return { ...open, sealed } as unknown as Of;
  }

  /** Undefined: what is sealed is not as it was written. */
  open(team: StoredTeam): StoredTeam | undefined {
    const opened: StoredTeam = { ...team };
    const lists = [opened.members, opened.former ?? []] as Person[][];
    for (const people of lists) {
      for (const [index, person] of people.entries()) {
        if (person.sealed === undefined) continue;
        const closed = this.#open(person);
        if (closed === undefined) return undefined;
        const { team: name, reached, ...personal } = closed;
        const own = { ...person, ...personal } as Person & Closed;
        delete own.sealed;
        if (own.moved?.lastReached === "") {
          own.moved = { ...own.moved, lastReached: reached };
          if (reached === undefined) delete own.moved.lastReached;
        }
        for (const each of PERSONAL) if (!(each in personal)) delete own[each];
        people[index] = own;
        if (name !== undefined) opened.name = name;
      }
    }
    if (opened.name === "") opened.name = FORGOTTEN_NAME;
    return opened;
  }

  /** Of who was forgotten since the page was written, neutral words. */
  #open({ slot = -1, sealed = "" }: Person): Closed | undefined {
    const key = this.#keys.at(slot);
    if (key === "deleted" || sealed === "") return { name: FORGOTTEN_NAME };
    const text = key && unseal(key, sealed);
    return text === undefined ? undefined : (JSON.parse(text) as Closed);
  }
}

/** The player whose name the team has, among those who have a key. */
function namesakeOf(team: StoredTeam): Person | undefined {
  if (!isAlone(team)) return undefined;
  return [...team.members, ...(team.former ?? [])].find(({ slot }) => slot !== undefined);
}

/** Where the key of a player of a team stands, and its joining. */
export type KeyPlace = Pick<Member, "joinSeq"> & { slot: number };

export type KeyOf = (team: string, player: string, joinedAt: number) => KeyPlace | undefined;

/** What a member has from its joining or arrival on; the fold puts its key behind them. */
const FIRST: readonly string[] = [
  "id",
  "name",
  "joinedAt",
  "externalId",
  "provisional",
  "from",
  "won",
  "before",
];

/**
 * Teams of an earlier engine, each player with its key in the place where the fold puts it; undefined: a player
 * has none, because what the log had beside it is not as it was written.
 */
export function withSlots(
  teams: readonly (Team | undefined)[],
  keyOf: KeyOf,
): (Team | undefined)[] | undefined {
  const all = teams.map((team) => {
    if (!team) return undefined;
    const members = team.members.map((member): Member => {
      const entries = Object.entries(member);
      const behind = entries.findLastIndex(([key]) => FIRST.includes(key)) + 1;
      const place = keyOf(team.id, member.id, member.joinedAt) ?? {};
      return Object.fromEntries(entries.toSpliced(behind, 0, ...Object.entries(place))) as unknown as Member;
    });
    const former = team.former?.map(({ moved, ...each }) => ({
      ...each,
      ...keyOf(team.id, each.id, each.joinedAt),
      ...(moved === undefined ? {} : { moved }),
    }));
    return { ...team, members, ...(former ? { former } : {}) };
  });
  const people = all.flatMap((team) => [...(team?.members ?? []), ...(team?.former ?? [])]);
  return people.every(({ slot }) => slot !== undefined) ? all : undefined;
}
