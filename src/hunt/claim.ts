/**
 * The decision on a claim of a prize, in two steps: `claim` refuses what the
 * team's shard can refuse by itself, the vault decides the rest, and
 * `decideClaim` records what it said.
 */
import type { Command, NewFact, PlayFact, Result } from "../protocol.ts";
import { isEmpty, tokensLeft } from "./attempts.ts";
import type { CompiledPrize } from "./compiled.ts";
import type { Context, PrizeState } from "./context.ts";
import { iso } from "./moment.ts";
import type { Attempts, Team, Win } from "./team.ts";
import { cooldown, type Decision, draftOf, type Turn } from "./turn.ts";
import { holdsAt, progressOf } from "./unlock.ts";

/** A refusal, or the claim that the vault must decide. */
export function claim(context: Context, turn: Turn, id: string): Decision {
  const { hunt, prizes } = context;
  const { team, player, now } = turn;
  const about = { prize: { id } };
  const prize = hunt.prizes.get(id);
  if (!prize) return turn.tell("not_eligible", about);
  if (!prizes)
    return turn.tell("invalid", { ...about, message: "prizes are handed out in the live hunt only" });
  if (!isEligible(context, prize, team, now)) {
    const from = prize.window?.from ?? now;
    return turn.tell("not_eligible", { ...about, ...(from > now ? { retryAt: iso(from) } : {}) });
  }
  if (hasEnough(team, prize, player)) return turn.tell("already_won", about);
  if (prizes.drained(id)) return turn.tell("sold_out", about);
  const limits = hunt.compiled.attempts;
  const bucket = triesOf(team, id);
  if (isEmpty(limits, bucket, now)) return cooldown(turn, limits, bucket, about);
  const asked = prizes.asked(team.id, id);
  return mayDependOn(asked, context, turn, prize) ? { claim: id, waits: true } : { claim: id };
}

/**
 * Whether a claim could be refused, depending on what the vault says of those
 * that were asked before it: each may take an attempt, or count for the limits.
 */
function mayDependOn(
  asked: readonly string[],
  { hunt }: Context,
  { team, player, now }: Turn,
  prize: CompiledPrize,
): boolean {
  if (asked.length === 0) return false;
  const byPlayer = asked.filter((claimant) => claimant === player).length;
  if (hasEnough(team, prize, player, { byTeam: asked.length, byPlayer })) return true;
  const bucket = triesOf(team, prize.id);
  return prize.mode !== "first-come" && isEmpty(hunt.compiled.attempts, bucket, now, asked.length);
}

/** The vault's decision on a claim. `at`: when, epoch ms. */
export type VaultDecision =
  | { outcome: "won"; unit: number; at: number }
  | { outcome: "missed"; at: number }
  | { outcome: "sold_out" | "already_won" | "not_eligible" };

/**
 * The decision on a claim that `decide` left to the vault. A win is recorded
 * whatever became of the hunt or the team meanwhile: the vault gave the unit.
 */
export function decideClaim(
  context: Context,
  team: Team,
  player: string,
  command: Command & { type: "claim" },
  decided: VaultDecision,
  now: number,
): { result: Result } | { facts: NewFact[] } {
  const { id, prize } = command;
  switch (decided.outcome) {
    case "won": {
      const how = { prize, unit: decided.unit, drawnAt: decided.at };
      return { facts: [draftOf(team, player, command, "won", how, now)] };
    }
    case "missed": {
      // A new version may have made the bucket smaller while the vault decided.
      const tokens = Math.max(0, tokensLeft(context.hunt.compiled.attempts, triesOf(team, prize), now));
      const how = { prize, drawnAt: decided.at, attemptsLeft: tokens };
      return { facts: [draftOf(team, player, command, "missed", how, now)] };
    }
    default:
      return { result: { id, outcome: decided.outcome, prize: { id: prize } } };
  }
}

/** Adds the prize to the result of a claim's fact. Only the player who claimed it is shown its code. */
export function claimResult(
  prizes: PrizeState | undefined,
  fact: PlayFact,
  player: string,
  result: Result,
): void {
  if (fact.prize === undefined) return;
  const isOwn = fact.unit !== undefined && fact.player === player;
  const code = isOwn ? prizes?.codeOf(fact.prize, fact.unit ?? -1) : undefined;
  result.prize = { id: fact.prize, ...(code === undefined ? {} : { code }) };
}

/** The team's wins of one prize, revoked ones too: they count for its limits. */
const winsOf = (team: Team, prize: string): Win[] => (team.wins ?? []).filter((win) => win.prize === prize);

/** Units of the prize that were won in other teams, and count for the limits: by members of this one, and by the player. */
export function carriedOf(
  { members, inherited }: Team,
  prize: string,
  player: string,
): { byTeam: number; byPlayer: number } {
  const carried = { byTeam: inherited?.filter((win) => win.prize === prize).length ?? 0, byPlayer: 0 };
  for (const { id, won } of members) {
    const units = won?.filter((win) => win.prize === prize).length ?? 0;
    carried.byTeam += units;
    if (id === player) carried.byPlayer += units;
  }
  return carried;
}

/** Whether the prize's limits leave nothing to this player of the team. `more`: wins that may yet come. */
export function hasEnough(
  team: Team,
  { id, perTeam, perPlayer }: CompiledPrize,
  player: string,
  more = { byTeam: 0, byPlayer: 0 },
): boolean {
  const own = winsOf(team, id);
  const carried = carriedOf(team, id, player);
  const byPlayer = own.filter((win) => win.player === player).length + carried.byPlayer + more.byPlayer;
  return (
    own.length + carried.byTeam + more.byTeam >= perTeam ||
    byPlayer >= (perPlayer ?? Number.POSITIVE_INFINITY)
  );
}

const triesOf = (team: Team, prize: string): Attempts | undefined =>
  team.tries?.find((tried) => tried.prize === prize)?.bucket;

/** Whether the team may claim this prize now, as far as its limits and the stock are not concerned. */
export function isEligible(context: Context, prize: CompiledPrize, team: Team, now: number): boolean {
  const { hunt, prizes, openedAt } = context;
  if (prizes?.withdrawn(prize.id)) return false;
  if (prize.window && (now < prize.window.from || now > prize.window.to)) return false;
  if (!prize.requires) return true;
  return holdsAt(hunt, prize.requires, progressOf(hunt, team, openedAt, now)) <= now;
}
