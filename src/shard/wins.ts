/**
 * Prizes in the shard: claims on their way to the vault, wins that the vault
 * gave and the log must have, and what an organiser is shown of winners.
 */
import { type Refusal, refuse } from "../errors.ts";
import { decideClaim } from "../hunt/claim.ts";
import { hasWon } from "../hunt/evolve.ts";
import { resultOf } from "../hunt/repeat.ts";
import { WINS_MAX, type Win } from "../objects/prizes.ts";
import type { WinnerRow } from "../objects/shard.ts";
import type { Claim, Command, Result } from "../protocol.ts";
import {
  type Again,
  type ClaimDecision,
  type ClaimDesk,
  type Claimed,
  ClaimLines,
  ClaimsUnderWay,
} from "./claims.ts";
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
  readonly #lines = new ClaimLines();

  constructor(deps: WinsDeps) {
    this.#deps = deps;
  }

  /** What a command gets whose id is that of a claim under way; undefined: none is. */
  share(key: string, player: string, command: Command): Result | { claim: Claimed } | undefined {
    return this.#underWay.share(key, player, command);
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
    const decided = await desk.ask(claim);
    if ("refused" in decided) return decided;
    const now = time.now();
    const context = current.context(now);
    const team = journal.teams.get(teamId);
    if (!team) throw new Error("a team vanished while its claim was decided");
    if (team.newerFrom !== undefined) return READ_ONLY;
    // The vault's alarm may have been here before its response.
    const recorded = journal.teams.recorded(eventKey(teamId, event));
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
      if (team.newerFrom !== undefined) {
        refused = READ_ONLY;
        continue;
      }
      // A client that lost its result may have used the id for something else meanwhile; no client's id has a dot.
      const ids = [event, `${event}.${prize}`];
      const free = ids.find((own) => journal.teams.recorded(eventKey(id, own)) === undefined);
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
