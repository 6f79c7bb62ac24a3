/**
 * Prizes in the shard: claims on their way to the vault, wins that the vault
 * gave and the log must have, and what an organiser is shown of winners.
 */
import { type Refusal, refuse } from "../errors.ts";
import { decideClaim } from "../hunt/claim.ts";
import { resultOf } from "../hunt/repeat.ts";
import { WINS_MAX, type Win } from "../objects/prizes.ts";
import type { WinnerRow } from "../objects/shard.ts";
import type { Command, Result } from "../protocol.ts";
import { type ClaimDesk, type Claimed, ClaimsUnderWay } from "./claims.ts";
import { type CurrentHunt, READ_ONLY } from "./current-hunt.ts";
import type { Journal } from "./journal.ts";
import { eventKey } from "./teams.ts";
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

  constructor(deps: WinsDeps) {
    this.#deps = deps;
  }

  /** What a command gets whose id is that of a claim under way; undefined: none is. */
  share(key: string, player: string, command: Command): Result | { claim: Claimed } | undefined {
    return this.#underWay.share(key, player, command);
  }

  /** The vault decides, the shard records. A refusal: it could not be asked, and the claim may be sent again. */
  claim(teamId: string, player: string, command: Command & { type: "claim" }): Claimed {
    const key = eventKey(teamId, command.id);
    return this.#underWay.add(key, player, command.prize, this.#claim(teamId, player, command));
  }

  async #claim(teamId: string, player: string, command: Command & { type: "claim" }): Claimed {
    const { current, journal, time, desk } = this.#deps;
    const { id: event, prize } = command;
    const decided = await desk.ask({ prize, team: teamId, player, event });
    if ("refused" in decided) return decided;
    const now = time.now();
    const context = current.context(now);
    const team = journal.teams.get(teamId);
    if (!team) throw new Error("a team vanished while its claim was decided");
    // The vault's alarm may have been here before its response.
    const recorded = journal.teams.recorded(eventKey(teamId, event));
    if (recorded && "outcome" in recorded) return resultOf(context, recorded, player);
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
      if (team.wins?.some((win) => win.prize === prize && win.unit === unit)) continue;
      if (team.newerFrom !== undefined) {
        refused = READ_ONLY;
        continue;
      }
      // A client that lost its result may have used the id for something else meanwhile; no client's id has a dot.
      const used = journal.teams.recorded(eventKey(id, event)) !== undefined;
      journal.append({
        at: time.now(),
        team: id,
        type: "claim",
        outcome: "won",
        player,
        event: used ? `${event}.${prize}` : event,
        prize,
        unit,
        drawnAt: at,
      });
    }
    await journal.committed();
    return refused;
  }

  /** Names and codes of winners; null where the shard's log has no such win. */
  async winners(
    wins: readonly Pick<Win, "prize" | "unit" | "team" | "player">[],
  ): Promise<WinnerRow[] | Refusal> {
    const { current, journal } = this.#deps;
    const refused = await current.ready();
    if (refused) return refused;
    return wins.slice(0, WINS_MAX).map(({ prize, unit, team: id, player }) => {
      const team = journal.teams.get(id);
      const win = team?.wins?.find(
        (own) => own.prize === prize && own.unit === unit && own.player === player,
      );
      if (!team || !win) return null;
      const code = current.codeOf(prize, unit);
      return {
        name: team.name,
        player: team.members.find((member) => member.id === player)?.name ?? "",
        ...(code === undefined ? {} : { code }),
        revoked: win.revoked === true,
      };
    });
  }
}
