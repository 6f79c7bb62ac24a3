/**
 * Prizes in the shard: claims on their way to the vault, wins that the vault
 * gave and the log must have, and what an organiser is shown of winners.
 */
import { type Refusal, refuse } from "../errors.ts";
import { carriedOf, decideClaim } from "../hunt/claim.ts";
import { hasWon } from "../hunt/evolve.ts";
import { resultOf } from "../hunt/repeat.ts";
import type { FormerMember, Member } from "../hunt/team.ts";
import { WINS_MAX, type Win } from "../objects/prizes.ts";
import type { WinnerRow } from "../objects/shard.ts";
import type { Claim, Command, GivenField, Result } from "../protocol.ts";
import {
  type Again,
  type ClaimDecision,
  type ClaimDesk,
  type Claimed,
  ClaimLines,
  ClaimsUnderWay,
} from "./claims.ts";
import type { CurrentHunt } from "./current-hunt.ts";
import { joiningsOf } from "./joinings.ts";
import type { Journal } from "./journal.ts";
import { eventKey } from "./recorded-ids.ts";
import type { ShardTime } from "./time.ts";

export interface WinsDeps {
  current: CurrentHunt;
  journal: Journal;
  time: ShardTime;
  desk: ClaimDesk;
}

export class Wins {
  readonly #deps: WinsDeps;
  readonly #underWay = new ClaimsUnderWay();
  readonly #lines = new ClaimLines();

  constructor(deps: WinsDeps) {
    this.#deps = deps;
  }

  /** What a command gets whose id is that of a claim under way; undefined: none is. */
  share(key: string, player: string, command: Command): Result | { claim: Claimed } | undefined {
    return this.#underWay.share(key, player, command);
  }

  /** Whether a claim of the player is under way. */
  isClaiming(player: string): boolean {
    return this.#underWay.of(player).length > 0;
  }

  /** Resolves when the claims of the player that are under way now have settled. */
  async claimsOf(player: string): Promise<void> {
    await Promise.allSettled(this.#underWay.of(player));
  }

  /** See `PrizeState.asked`. */
  asked(team: string, prize: string): readonly string[] {
    return this.#lines.asked(team, prize);
  }

  /**
   * The vault decides, the shard records. A refusal: it could not be asked, and the claim may be
   * sent again. `first` and `again`: see `ClaimLines`.
   */
  claim(
    team: string,
    player: string,
    command: Command & { type: "claim" },
    first: ClaimDecision,
    again: Again,
  ): Claimed {
    const { id: event, prize } = command;
    const claim = { prize, team, player, event };
    const claimed = this.#lines.take(claim, first, again, () => this.#ask(claim, command));
    return this.#underWay.add(eventKey(team, event), player, prize, claimed);
  }

  async #ask(claim: Claim, command: Command & { type: "claim" }): Claimed {
    const { current, journal, time, desk } = this.#deps;
    const { team: teamId, prize, player, event } = claim;
    const before = journal.teams.get(teamId);
    const carried = before && carriedOf(before, prize, player);
    const decided = await desk.ask(carried?.byTeam ? { ...claim, carried } : claim);
    if ("refused" in decided) return decided;
    const now = time.now();
    const context = current.context(now);
    const team = journal.teams.get(teamId);
    if (!team) throw new Error("a team vanished while its claim was decided");
    const readOnly = journal.teams.readOnly(team);
    if (readOnly) return readOnly;
    // The vault's alarm may have been here before its response.
    const recorded = journal.teams.ids.recorded(eventKey(teamId, event));
    if (recorded && "outcome" in recorded) return resultOf(context, recorded, player);
    // It has recorded the unit under another id: this one's was used for something else.
    if (decided.outcome === "won" && hasWon(team, prize, decided.unit))
      return { id: event, outcome: "conflict" };
    return journal.conclude(context, decideClaim(context, team, player, command, decided, now), player);
  }

  /**
   * Records wins that the vault gave and the log may not have, whatever
   * became of the hunt or the team meanwhile. Resolves when all are in the log.
   * A refusal: those of read-only and of unknown teams are not, the others are.
   */
  async record(wins: readonly Win[]): Promise<Refusal | undefined> {
    const { current, journal, time } = this.#deps;
    let refused = await current.ready();
    if (refused) return refused;
    for (const { prize, team: id, unit, player, event, at } of wins.slice(0, WINS_MAX)) {
      const team = journal.teams.get(id);
      if (!team) {
        refused = refuse("not_found", "a win names a team that this shard does not have");
        continue;
      }
      if (hasWon(team, prize, unit)) continue;
      const readOnly = journal.teams.readOnly(team);
      if (readOnly) {
        refused = readOnly;
        continue;
      }
      // A client that lost its result may have used the id for something else meanwhile; no client's id has a dot.
      const ids = [event, `${event}.${prize}`];
      const free = ids.find((own) => !journal.teams.ids.isUsed(eventKey(id, own)));
      journal.append({
        at: time.now(),
        team: id,
        type: "claim",
        outcome: "won",
        player,
        event: free ?? `${event}.${prize}.${unit}`,
        prize,
        unit,
        drawnAt: at,
      });
    }
    await journal.committed();
    return refused;
  }

  /**
   * Names and codes of winners; null where the shard's log has no such win. `contact`: fields of which what
   * they gave is told, but of revoked wins.
   */
  async winners(
    wins: readonly Pick<Win, "prize" | "unit" | "team" | "player">[],
    contact: readonly string[],
  ): Promise<WinnerRow[] | Refusal> {
    const { current, journal } = this.#deps;
    const refused = await current.ready();
    if (refused) return refused;
    const found = wins.slice(0, WINS_MAX).map(({ prize, unit, team: id, player }) => {
      const team = journal.teams.get(id);
      const win = team?.wins?.find(
        (own) => own.prize === prize && own.unit === unit && own.player === player,
      );
      if (!team || !win) return null;
      const member = [...team.members, ...(team.former ?? [])].find(({ id }) => id === player);
      return { team, member, code: current.codeOf(prize, unit), revoked: win.revoked === true };
    });
    const reached = found.map((each) => (each?.revoked ? undefined : each?.member));
    const contacts = this.#contactsOf(reached, new Set(contact));
    return found.map((each) => {
      if (!each) return null;
      const { team, member, code, revoked } = each;
      const given = revoked || !member ? undefined : contacts.get(member.id);
      return {
        name: team.name,
        player: member?.name ?? "",
        ...(code === undefined ? {} : { code }),
        ...(given === undefined ? {} : { contact: given }),
        revoked,
      };
    });
  }

  /** What these players gave in the fields, by player. */
  #contactsOf(
    members: readonly (Member | FormerMember | undefined)[],
    asked: ReadonlySet<string>,
  ): Map<string, GivenField[]> {
    const { journal } = this.#deps;
    const contacts = new Map<string, GivenField[]>();
    if (asked.size === 0) return contacts;
    const winners = new Map(members.flatMap((member) => (member ? [[member.id, member] as const] : [])));
    for (const [id, { person }] of joiningsOf(journal.log, [...winners.values()])) {
      const given = person?.fields?.filter((field) => asked.has(field.id)) ?? [];
      if (given.length > 0) contacts.set(id, given);
    }
    return contacts;
  }
}
