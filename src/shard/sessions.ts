/**
 * Coming back: who a token or a return code stands for, and voids. A void raises
 * a member's generation in the log: whatever is of an earlier one is good no more,
 * everywhere, because whoever acts for a player is judged here.
 */
import { type Refusal, refuse } from "../errors.ts";
import { generationOf, type Member, type Team } from "../hunt/team.ts";
import { isReturnCodeOf } from "../objects/check-part.ts";
import type { JoinCode } from "../objects/ids.ts";
import type { Joined, Seat } from "../objects/shard.ts";
import type { Secrets } from "../secrets.ts";
import type { ShardBudgets } from "./budgets.ts";
import type { CurrentHunt } from "./current-hunt.ts";
import type { Journal } from "./journal.ts";
import type { Players } from "./players.ts";
import { BROKEN } from "./read-only.ts";
import type { ShardTime } from "./time.ts";

export interface SessionsDeps {
  secrets: Pick<Secrets, "CODE_KEYS">;
  current: CurrentHunt;
  journal: Journal;
  time: ShardTime;
  players: Players;
  budgets: Pick<ShardBudgets, "spend">;
}

interface Found {
  team: Team;
  member: Member;
}

const UNKNOWN = refuse("not_found", "no such return code");
const NO_MEMBER = refuse("not_found", "no such player in this team");

export class Sessions {
  readonly #deps: SessionsDeps;

  constructor(deps: SessionsDeps) {
    this.#deps = deps;
  }

  /** Who plays by this token. */
  async seated(seat: Seat): Promise<Joined | Refusal> {
    const refused = await this.#deps.current.ready();
    if (refused) return refused;
    const found = this.#seatOf(seat);
    if ("refused" in found) return found;
    await this.#deps.journal.committed();
    return this.#joinedOf(found);
  }

  /** Who comes back by this return code. */
  async comeBack({ code, ordinal }: JoinCode): Promise<Joined | Refusal> {
    const { current, journal, secrets } = this.#deps;
    const refused = await current.ready();
    if (refused) return refused;
    const { hunt } = current.hunt.compiled;
    const team = journal.teams.atOrdinal(ordinal);
    if (!team) return journal.teams.isMissing(ordinal) ? BROKEN : UNKNOWN;
    const member = team.members.find((each) =>
      isReturnCodeOf(secrets, code, {
        hunt,
        team: team.id,
        player: each.id,
        gen: current.generationOf(each),
      }),
    );
    // The joining, or a void, may be what lacks.
    if (!member) return journal.teams.readOnly(team) ?? UNKNOWN;
    // A void that is not durable yet says nothing so far; nor does a joining.
    await journal.committed();
    return this.#joinedOf({ team, member });
  }

  /** Voids all that the player signed in with before. */
  async end(seat: Seat, key: string): Promise<Joined | Refusal> {
    const { current } = this.#deps;
    const refused = await current.ready();
    if (refused) return refused;
    const before = this.#deps.journal.teams.get(seat.team)?.members.find(({ id }) => id === seat.player);
    // The request is sent again, with the token that it voided.
    const isRepeat = before?.voidedBy === key && current.generationOf(before) === (seat.gen ?? 0) + 1;
    const found = this.#seatOf(isRepeat ? { ...seat, gen: current.generationOf(before) } : seat);
    if ("refused" in found) return found;
    if (isRepeat) return await this.#told(found);
    const { budgets, journal, time } = this.#deps;
    // Whoever signs out again and again must not fill the log.
    const spent = budgets.spend(
      found.team.id,
      time.now(),
      () => journal.log.appended,
      () => ({ told: this.#void(found, { key }) }),
    );
    return "refused" in spent ? spent : await spent.told;
  }

  /** Voids all that the member signed in with before, whoever has it now. */
  async returnMember(teamId: string, player: string, reason: string): Promise<Joined | Refusal> {
    const { current, journal } = this.#deps;
    const refused = await current.ready();
    if (refused) return refused;
    const team = journal.teams.get(teamId);
    const member = team?.members.find(({ id }) => id === player);
    if (team && member) return await this.#void({ team, member }, { reason });
    return (team && journal.teams.readOnly(team)) ?? NO_MEMBER;
  }

  async #void({ team, member }: Found, why: { key: string } | { reason: string }): Promise<Joined | Refusal> {
    const { journal, time } = this.#deps;
    const readOnly = journal.teams.readOnly(team);
    if (readOnly) return readOnly;
    const gen = generationOf(member) + 1;
    journal.append({ at: time.now(), team: team.id, type: "void", member: member.id, gen, ...why });
    return await this.#told({ team, member });
  }

  async #told(found: Found): Promise<Joined> {
    const told = this.#joinedOf(found);
    await this.#deps.journal.committed();
    return told;
  }

  #seatOf({ team: teamId, player, gen }: Seat): Found | Refusal {
    const team = this.#deps.players.memberOf(teamId, player, gen);
    if ("refused" in team) return team;
    const member = team.members.find(({ id }) => id === player);
    return member ? { team, member } : NO_MEMBER;
  }

  #joinedOf({ team, member }: Found): Joined {
    return this.#deps.players.joinedOf(team, member);
  }
}
