/** Playing: a player's commands are decided in order by the rules and recorded; their results come when they are durable. */
import type { Refusal } from "../errors.ts";
import type { Context } from "../hunt/context.ts";
import { decide } from "../hunt/decide.ts";
import type { Command, Result } from "../protocol.ts";
import type { Secrets } from "../secrets.ts";
import type { Claimed } from "./claims.ts";
import { type CurrentHunt, READ_ONLY } from "./current-hunt.ts";
import type { Journal } from "./journal.ts";
import type { ShardMeter } from "./meter.ts";
import type { Players } from "./players.ts";
import { redigest } from "./redigest.ts";
import { eventKey } from "./teams.ts";
import type { ShardTime } from "./time.ts";
import type { Waiting } from "./waiting.ts";
import type { Wins } from "./wins.ts";

export interface PlayDeps {
  secrets: Secrets;
  current: CurrentHunt;
  journal: Journal;
  time: ShardTime;
  waiting: Waiting;
  players: Players;
  wins: Wins;
  meter: ShardMeter;
}

/** What commands came to. `asOf`: how fresh the scores in it are, epoch ms. */
export interface Played {
  results: Result[];
  asOf: number;
}

export class Play {
  readonly #deps: PlayDeps;

  constructor(deps: PlayDeps) {
    this.#deps = deps;
  }

  /** Decides commands in order; resolves when what they recorded is durable. */
  async play(teamId: string, player: string, commands: readonly Command[]): Promise<Played | Refusal> {
    const { current, waiting } = this.#deps;
    if (!current.isReady) {
      const refused = await current.ready();
      if (refused) return refused;
    }
    const overloaded = waiting.enter(commands.length);
    if (overloaded) return overloaded;
    try {
      return await this.#decideAll(teamId, player, commands);
    } finally {
      waiting.leave(commands.length);
    }
  }

  async #decideAll(teamId: string, player: string, commands: readonly Command[]): Promise<Played | Refusal> {
    const { current, journal, time, players, meter } = this.#deps;
    const team = players.memberOf(teamId, player);
    if ("refused" in team) return team;
    if (team.newerFrom !== undefined) return READ_ONLY;
    let now = time.now();
    let context = current.context(now);
    journal.noteReached(context, team, now);
    const results: Result[] = [];
    let refused: Refusal | undefined;
    for (const command of commands) {
      const decided = this.decide(context, teamId, player, command, now);
      if (!("claim" in decided)) {
        results.push(decided);
        continue;
      }
      const claimed = await decided.claim;
      if ("refused" in claimed) {
        // Sent again, what was decided before it comes back as duplicates.
        refused = claimed;
        break;
      }
      results.push(claimed);
      // The hunt went on meanwhile.
      now = time.now();
      context = current.context(now);
    }
    meter.decided(commands, results);
    await journal.committed();
    return refused ?? { results, asOf: context.hunt.dynamic ? (current.scoresAsOf ?? now) : now };
  }

  /** The result of one command, or for a claim that only the vault can decide, the promise of it. */
  decide(
    context: Context,
    teamId: string,
    player: string,
    command: Command,
    now: number,
  ): Result | { claim: Claimed } {
    const { journal, wins, secrets } = this.#deps;
    const team = journal.teams.get(teamId);
    if (!team) throw new Error("a team vanished while its commands were decided");
    const key = eventKey(teamId, command.id);
    const shared = wins.share(key, player, command);
    if (shared) return shared;
    const earlier = journal.teams.recorded(key);
    const recorded = earlier && "outcome" in earlier ? earlier : undefined;
    const current = redigest(context.hunt, command, secrets);
    const decision = decide(context, team, player, current, recorded, now);
    if ("claim" in decision) {
      return { claim: wins.claim(teamId, player, command as Command & { type: "claim" }) };
    }
    return journal.conclude(context, decision, player);
  }
}
