/** Playing: a player's commands are decided in order by the rules and recorded; their results come when they are durable. */
import type { Refusal } from "../errors.ts";
import type { Context } from "../hunt/context.ts";
import { decide } from "../hunt/decide.ts";
import type { Team } from "../hunt/team.ts";
import type { Seat } from "../objects/shard.ts";
import type { Command, Fact, RecordedOutcome, Result } from "../protocol.ts";
import type { Secrets } from "../secrets.ts";
import type { Allowance, ShardBudgets } from "./budgets.ts";
import type { ClaimDecision, Claimed } from "./claims.ts";
import type { CurrentHunt } from "./current-hunt.ts";
import type { Journal } from "./journal.ts";
import { type Languages, speaking } from "./languages.ts";
import type { ShardMeter } from "./meter.ts";
import type { Players } from "./players.ts";
import { eventKey, IdRefused } from "./recorded-ids.ts";
import { redigest } from "./redigest.ts";
import type { Texts } from "./texts.ts";
import type { ShardTime } from "./time.ts";
import type { Waiting } from "./waiting.ts";
import type { Wins } from "./wins.ts";

export interface PlayDeps {
  secrets: Secrets;
  texts: Texts;
  current: CurrentHunt;
  languages: Languages;
  journal: Journal;
  time: ShardTime;
  waiting: Waiting;
  players: Players;
  wins: Wins;
  budgets: ShardBudgets;
  meter: ShardMeter;
}

/** Bytes of a claim's fact, about: others' facts may be appended while the vault decides. */
const CLAIM_BYTES = 300;

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
  async play({ team: teamId, player, gen }: Seat, commands: readonly Command[]): Promise<Played | Refusal> {
    const { current, waiting, budgets, time, meter } = this.#deps;
    if (!current.isReady) {
      const refused = await current.ready();
      if (refused) return refused;
    }
    const unjudged = current.unjudged(commands);
    if (unjudged) return unjudged;
    const overloaded = waiting.enter(commands.length, teamId);
    if (overloaded) return overloaded;
    try {
      const allowance = budgets.admit(teamId, commands.length, time.now());
      if (allowance && "refused" in allowance) {
        meter.limited();
        return allowance;
      }
      return await this.#decideAll({ team: teamId, player, gen }, commands, allowance);
    } finally {
      waiting.leave(commands.length, teamId);
    }
  }

  async #decideAll(
    { team: teamId, player, gen }: Seat,
    commands: readonly Command[],
    allowance: Allowance | undefined,
  ): Promise<Played | Refusal> {
    const { current, journal, time, players, budgets, meter, languages } = this.#deps;
    const team = players.memberOf(teamId, player, gen);
    if ("refused" in team) return team;
    const readOnly = journal.teams.readOnly(team);
    if (readOnly) return readOnly;
    let now = time.now();
    let context = speaking(current.context(now), player, languages);
    journal.noteReached(context, team, now);
    const results: Result[] = [];
    let refused: Refusal | undefined;
    for (const command of commands) {
      refused = allowance && budgets.outOfBytes(allowance);
      if (refused) {
        meter.limited();
        break;
      }
      const before = journal.log.appended;
      const decided = this.decide(context, teamId, player, command, now);
      if (allowance) allowance.bytes -= journal.log.appended - before;
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
      // It may have left, or signed out, meanwhile.
      const gone = players.memberOf(teamId, player, gen);
      if ("refused" in gone) {
        refused = gone;
        break;
      }
      if (allowance && claimed.seq !== undefined && !claimed.duplicate) allowance.bytes -= CLAIM_BYTES;
      // The hunt went on meanwhile.
      now = time.now();
      context = speaking(current.context(now), player, languages);
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
    const { current, time, wins } = this.#deps;
    const team = this.#team(teamId);
    const key = eventKey(teamId, command.id);
    const shared = wins.share(key, player, command);
    if (shared) return shared;
    const decided = this.#decideNow(context, team, player, command, now);
    if (!("claim" in decided)) return this.#told(context, decided);
    const again = (): Result | ClaimDecision => {
      const later = time.now();
      return this.#decideNow(current.context(later), this.#team(teamId), player, command, later);
    };
    return { claim: wins.claim(teamId, player, command as Command & { type: "claim" }, decided, again) };
  }

  #decideNow(
    context: Context,
    team: Team,
    player: string,
    command: Command,
    now: number,
  ): Result | ClaimDecision {
    const { journal, secrets, budgets } = this.#deps;
    let earlier: Fact | undefined;
    try {
      earlier = journal.teams.ids.recorded(eventKey(team.id, command.id));
    } catch (error) {
      if (!(error instanceof IdRefused)) throw error;
      return { id: command.id, outcome: "conflict" };
    }
    const recorded = earlier && "outcome" in earlier ? earlier : undefined;
    const current = redigest(context.hunt, command, secrets);
    const decided = decide(context, team, player, current, recorded, now);
    // An import is held to no budget.
    const decision = context.budgets ? budgets.withinRoom(decided, team, player, command, now) : decided;
    if ("claim" in decision) return decision;
    const result = journal.conclude(context, decision, player);
    if (context.budgets && "facts" in decision) {
      budgets.recorded(player, command, result.outcome as RecordedOutcome, now);
    }
    return result;
  }

  /** A hint's text with addresses of the files that it names. */
  #told({ hunt }: Context, result: Result): Result {
    const { hint } = result;
    const addresses = hint && this.#deps.texts.addresses(hunt);
    return hint && addresses ? { ...result, hint: { ...hint, text: addresses.of(hint.text) } } : result;
  }

  #team(id: string): Team {
    const team = this.#deps.journal.teams.get(id);
    if (!team) throw new Error("a team vanished while its commands were decided");
    return team;
  }
}
