/** The origin database as the engine sees it: one small interface, a driver each. */

import type { FactMessage, OriginSums, OriginTeam, Registration } from "../protocol.ts";

export type { Registration };

/** Most registrations in one call of `register`. */
export const REGISTRATIONS_MAX = 500;

/**
 * The origin understood the call and refuses its content (a constraint, a
 * malformed value): sending it again changes nothing, and the origin is well.
 */
export class OriginRejected extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "OriginRejected";
  }
}

/**
 * Every method rejects with `OriginRejected` when the origin refuses the
 * content, and with any other error when the origin is not well. `signal`
 * aborted: the call is given up, its connection is not used again.
 */
export interface OriginStore {
  readonly driver: "d1" | "postgres";
  /**
   * Applies a message: archives its facts and updates the rows derived from
   * them, in one transaction. Applying again, or in another order, changes nothing.
   */
  apply(message: FactMessage, signal?: AbortSignal): Promise<void>;
  sums(hunt: string, shard: string, signal?: AbortSignal): Promise<OriginSums>;
  /** Up to `limit` teams of a shard by id, those after `after` ("" from the start). */
  teams(
    hunt: string,
    shard: string,
    after: string,
    limit: number,
    signal?: AbortSignal,
  ): Promise<OriginTeam[]>;
  /** The registered player of this external id. */
  registration(externalId: string, signal?: AbortSignal): Promise<Registration | undefined>;
  /** Adds registrations or replaces them, `REGISTRATIONS_MAX` at most, in one transaction. */
  register(registrations: readonly Registration[], signal?: AbortSignal): Promise<void>;
  /** Gives the driver's connections back. */
  close(): Promise<void>;
}
