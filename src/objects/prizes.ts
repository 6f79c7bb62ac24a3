/**
 * `PrizeVault` as others may ask it (class: src/prizes/object.ts): hands out the
 * limited prizes of one hunt, named by the hunt's id. The same claim (team,
 * prize, event) gets the same unit however often it comes.
 */
// By name: tests and scripts, which have Node's types only, read this interface too.
import type { Rpc } from "@cloudflare/workers-types";
import type { Refusal } from "../errors.ts";
import type { VaultDecision } from "../hunt/claim.ts";
import type { PrizeRules } from "../hunt/prize-changes.ts";
import type { Claim } from "../protocol.ts";
import type { Rehearsal } from "./rehearsal.ts";

/** Claims of a shard. `revision`: the configuration it decided by. */
export interface ClaimRequest {
  shard: string;
  revision: number;
  claims: Claim[];
}

export interface ClaimResponse {
  /** One per claim, in order. */
  answers: VaultDecision[];
  /** The configuration that these answers follow. */
  revision: number;
  /** Units left, of each prize that was asked for. */
  left: Record<string, number>;
  /**
   * No win of this shard waits to be recorded, other than those in `answers`:
   * then a prize with nothing left has nothing for any claim of this shard.
   */
  settled: boolean;
}

export interface PrizeStock {
  prize: string;
  stock: number;
  won: number;
  left: number;
}

/** Wins in one call to a shard, or one result for an organiser. */
export const WINS_MAX = 500;

/** Claims in one call at most. */
export const CLAIMS_MAX = 500;

export interface VaultConfig {
  revision: number;
  rehearsal?: Rehearsal;
  /** Of the draws; secret until the hunt has ended. */
  seed: string;
  prizes: PrizeRules[];
}

/** A unit given to a team. `n` counts the team's wins of this prize, from 0. */
export interface Win {
  prize: string;
  team: string;
  n: number;
  unit: number;
  player: string;
  event: string;
  /** When the vault gave it, epoch ms. */
  at: number;
  revoked: boolean;
}

export interface PrizeVaultObject extends Rpc.DurableObjectBranded {
  /** Takes a new configuration; an older one changes nothing. */
  configure(config: VaultConfig): void;
  /** Decides claims of one shard, in order, at most `CLAIMS_MAX`. A win in the result is durable. */
  claim(request: ClaimRequest): Promise<ClaimResponse | Refusal>;
  stock(): Promise<PrizeStock[] | Refusal>;
  /** Wins in the order of teams, those after `after.team`'s `after.n`-th. */
  winners(prize: string, after: { team: string; n: number }, limit: number): Promise<Win[] | Refusal>;
  /** Wins behind this one, by prize, team and number, at most `WINS_MAX`. */
  allWins(after: Pick<Win, "prize" | "team" | "n">): Promise<Win[] | Refusal>;
  /** Takes wins of a hunt that is being restored. `confirmed`: the team's shard has them in its log. Safe to repeat. */
  restore(wins: readonly (Win & { confirmed: boolean })[]): void;
  /** All wins of a player, whatever team it was in. */
  winsOf(player: string): Promise<Win[] | Refusal>;
  /** The win of one unit. */
  winner(prize: string, unit: number): Promise<Win | Refusal>;
  /** The team's shard has the revocation in its log. Safe to repeat. */
  revoked(prize: string, unit: number): void;
  /** The hunt is deleted: erases what is stored. Safe to repeat. */
  erase(): Promise<void>;
}
