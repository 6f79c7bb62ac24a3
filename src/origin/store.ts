/** The origin database as the engine sees it: one small interface, a driver each. */
import type { FactMessage } from "../protocol.ts";

/** Sums over what the origin holds of one shard, for comparison with its log. */
export interface OriginSums {
  /** Distinct facts archived, by seq. */
  facts: number;
  teams: number;
  players: number;
  solves: number;
  /** Σ of the teams' recorded scores. */
  score: number;
}

export interface OriginStore {
  /**
   * Applies a message: archives its facts and updates the rows derived from
   * them, in one transaction. Applying again, or in another order, changes nothing.
   */
  apply(message: FactMessage): Promise<void>;
  sums(hunt: string, shard: string): Promise<OriginSums>;
}
