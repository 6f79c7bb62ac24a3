/** The origin database as the engine sees it: one small interface, a driver each. */

import type { Persons } from "../people/personal.ts";
import type { FactMessage, GivenField, OriginSums, OriginTeam, Registration } from "../protocol.ts";

export type { Registration };

/** A registration with the keyed digest of its external id, by which one that was taken back is known; absent: none was. */
export interface RegistrationToStore extends Registration {
  digest?: string;
}

/** Whose registration is taken back. */
export interface RegistrationToTakeBack {
  externalId: string;
  digest: string;
}

/** Most registrations in one call of `register` or `unregister`. */
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

/** A message and the names that its facts only commit to, for the rows of players and their teams. They stand in no row of facts. */
export interface NamedMessage extends FactMessage {
  persons?: Persons;
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
  apply(message: NamedMessage, signal?: AbortSignal): Promise<void>;
  sums(hunt: string, shard: string, signal?: AbortSignal): Promise<OriginSums>;
  /**
   * The facts `first` to `last` of a shard's log as the origin holds them: texts of lists, each list
   * consecutive; they may overlap, and leave some out.
   */
  facts(hunt: string, shard: string, first: number, last: number, signal?: AbortSignal): Promise<string[]>;
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
  /** What the sign-up feed of the hunt said of the player's fields; nothing, if there is no such sign-up. */
  signUp(hunt: string, externalId: string, signal?: AbortSignal): Promise<GivenField[]>;
  /** Up to `limit` registrations that came by the hunt's feed, by external id, those after `after` ("" from the start). */
  signUps(hunt: string, after: string, limit: number, signal?: AbortSignal): Promise<Registration[]>;
  /** Adds registrations or replaces them, `REGISTRATIONS_MAX` at most, in one transaction. */
  register(registrations: readonly RegistrationToStore[], signal?: AbortSignal): Promise<void>;
  /** Deletes registrations, and passes over those told up to `at` (epoch ms) that come later. */
  unregister(
    registrations: readonly RegistrationToTakeBack[],
    at: number,
    signal?: AbortSignal,
  ): Promise<void>;
  /**
   * Deletes rows of a hunt, a bounded number of them; true: none are left. Again, it changes nothing.
   * Registrations are of no hunt; that they came by its feed goes, with the fields.
   */
  eraseHunt(hunt: string, signal?: AbortSignal): Promise<boolean>;
  /** Gives the driver's connections back. */
  close(): Promise<void>;
}
