/**
 * `decide`: one player's command against a team's state → the facts it makes
 * and what the player is told. PURE: the clock, earlier facts and the
 * standings come in as arguments; live traffic, import and simulation run this
 * same function. This file holds what is the same for all events; the
 * rest is in `kinds/`, `hint.ts` and `claim.ts`.
 */
import type { Command, PlayFact, RecordedOutcome, Result, UnrecordedOutcome } from "../protocol.ts";
import { claim } from "./claim.ts";
import { effectiveTime } from "./client-time.ts";
import type { CompiledClue } from "./compiled.ts";
import type { Context } from "./context.ts";
import { decideHint, shownAgain } from "./hint.ts";
import { eventOf, kindOf } from "./kinds/all.ts";
import { decideStart, isBeforeStart, ownEndOf } from "./own-clock.ts";
import { isOver } from "./phase.ts";
import { carriedEvent, decideCarried, decideRepeated } from "./repeat.ts";
import type { Team } from "./team.ts";
import { asSeen, newlyReached, reachedFacts, scoreOf, worthOf } from "./team-score.ts";
import { type Decision, draftOf, type Turn } from "./turn.ts";
import { closesAt, openingsOf, opensAt, progressOf } from "./unlock.ts";

/**
 * Decides `command` of `player` at `now` (epoch ms). `recorded` is the fact an
 * earlier command of the team with this id made, if any.
 */
export function decide(
  context: Context,
  team: Team,
  player: string,
  command: Command,
  recorded: PlayFact | undefined,
  now: number,
): Decision {
  const turn = new PlayedTurn(context, team, player, command, now);
  if (recorded) return decideRepeated(context, turn, command, recorded);
  const carried = carriedEvent(team, player, command.id);
  if (carried) return decideCarried(context, turn, command, carried);
  if (context.phase === "draft") return turn.tell("not_open");
  if (isOver(context.phase)) return turn.tell("ended");
  if (team.banned) return turn.tell("banned");
  if (context.phase === "paused") return turn.tell("paused");

  if (command.type === "start") return decideStart(context, turn, command.id);
  if (context.hunt.compiled.teams.clock !== undefined) {
    const about = "clue" in command ? { clue: command.clue } : {};
    if (isBeforeStart(context.hunt, team)) return turn.tell("not_started", about);
    // What was earned in time can still be claimed.
    if (command.type !== "claim" && now >= ownEndOf(context.hunt, team)) return turn.tell("time_up", about);
  }
  if (command.type === "claim") return claim(context, turn, command.prize);
  if (command.type === "hint") {
    const clue = turn.open(command.clue);
    if (!clue) {
      const again = shownAgain(context, turn, command.id, command.clue, command.hint);
      return again ?? turn.tell("locked", { clue: command.clue });
    }
    if (context.hunt.closed.has(clue.id)) return turn.tell("closed", { clue: clue.id });
    return decideHint(context, turn, command.id, clue, turn.openedAt, command.hint);
  }

  const event = eventOf(command.type);
  const found = event.find(turn, command);
  if (typeof found !== "string") return found;
  const clue = turn.open(found);
  // An event that did not name the clue is not told which one is locked.
  if (!clue) return turn.tell("locked", "clue" in command ? { clue: command.clue } : undefined);
  if (team.solves.has(clue.id)) return turn.tell("already_solved", { clue: clue.id });
  const isShut = clue.closes !== undefined && closesAt(clue, turn.openedAt) <= now;
  if (isShut || context.hunt.closed.has(clue.id)) return turn.tell("closed", { clue: clue.id });
  const judge = context.hunt.judges.get(clue.id);
  if (!judge || kindOf(clue).event !== event) {
    const message = `${clue.id} is not solved by ${event.called}`;
    return turn.tell("invalid", { clue: clue.id, message });
  }
  return judge.judge(turn, command);
}

class PlayedTurn implements Turn {
  readonly #context: Context;
  readonly #command: Command;
  readonly team: Team;
  readonly player: string;
  readonly now: number;
  /** When the turn's clue opened for the team, epoch ms. */
  openedAt = Number.POSITIVE_INFINITY;
  #clue: CompiledClue | undefined;

  constructor(context: Context, team: Team, player: string, command: Command, now: number) {
    this.#context = context;
    this.#command = command;
    this.team = team;
    this.player = player;
    this.now = now;
  }

  get heldUntil(): number | undefined {
    return this.#context.budgets?.heldUntil(this.team, this.player, this.#command, this.now);
  }

  get effectiveAt(): number | undefined {
    const { clientAt } = this.#command;
    return clientAt === undefined ? undefined : effectiveTime(this.team, this.player, clientAt, this.now);
  }

  get limits() {
    return this.#context.hunt.compiled.attempts;
  }

  get codes() {
    return this.#context.hunt.codes;
  }

  /** Makes `id` the turn's clue; undefined: there is none, or it is locked for the team. */
  open(id: string): CompiledClue | undefined {
    const { hunt, openedAt } = this.#context;
    // Before the id is looked up: a locked clue and one that does not exist take the same time.
    const openings = openingsOf(hunt, this.team, openedAt, this.now);
    const place = hunt.places.get(id) ?? -1;
    const at = openings[place] ?? Number.POSITIVE_INFINITY;
    if (at > this.now) return undefined;
    this.openedAt = at;
    this.#clue = hunt.compiled.clues[place];
    return this.#clue;
  }

  tell(outcome: UnrecordedOutcome, more?: Partial<Result>): Decision {
    return { result: { id: this.#command.id, outcome, ...more } };
  }

  repeated(about: Partial<Result>): Decision {
    return { result: { id: this.#command.id, outcome: "incorrect", repeated: true, ...about } };
  }

  record(outcome: RecordedOutcome, more: Partial<PlayFact>): Decision {
    return { facts: [draftOf(this.team, this.player, this.#command, outcome, more, this.now)] };
  }

  solve(how: Partial<PlayFact>): Decision {
    const context = this.#context;
    const { hunt, openedAt } = context;
    const { team, now } = this;
    const clue = this.#clue;
    if (!clue) throw new Error("a turn solves the clue that it opened");
    const seen = asSeen(context);
    const worth = worthOf(seen, team, clue, this.openedAt, now);
    const { points } = worth;
    const score = scoreOf(seen, team) + points;
    const live = seen === context ? worth : worthOf(context, team, clue, this.openedAt, now);
    const reached = newlyReached(context, team, scoreOf(context, team) + live.points);
    const before = openingsOf(hunt, team, openedAt, now);
    const after = progressOf(hunt, team, openedAt, now, { clue: clue.id, at: now, points, reached });
    const unlocked = (hunt.dependents.get(clue.id) ?? [])
      .filter((other) => !team.solves.has(other.id) && other.id !== clue.id)
      .filter((other) => (before[hunt.places.get(other.id) ?? -1] ?? now) > now)
      .filter((other) => opensAt(hunt, other, team, after) <= now)
      .slice(0, UNLOCKED_TOLD_MAX)
      .map((other) => other.id);
    const solved = { ...how, ...worth, score, unlocked };
    return {
      facts: [
        draftOf(team, this.player, this.#command, "correct", solved, now),
        ...reachedFacts(team.id, reached, now),
      ],
    };
  }
}

/**
 * Unlocked clues told of one solve at most: with ids of 63 characters that keeps
 * the fact within a queue message of 128 KB. All of them are in `/me`.
 */
export const UNLOCKED_TOLD_MAX = 1_000;
