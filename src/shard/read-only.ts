/** Why a team of the shard is read, not written. */
import { refuse } from "../errors.ts";

/** A team with facts of newer code: what this version decided could contradict them. */
export const NEWER = refuse(
  "unavailable",
  "this team has data that this version of the engine cannot fold; it can play again when a version that can is there",
);

/** A team with facts in a segment that does not check. */
export const BROKEN = refuse(
  "unavailable",
  "a part of this team's record is not as it was written; the team can play again when an organiser has repaired the hunt",
);

/** Every team of a log whose newest facts may be lost. */
export const BROKEN_END = refuse(
  "unavailable",
  "the newest part of this team's record is not as it was written; the team can play again when an organiser has repaired the hunt",
);

/** A player whose key cannot be overwritten: to say that it is forgotten would be untrue. */
export const NO_KEY = refuse(
  "unavailable",
  "the key of this player's data is not as it was written, and cannot be deleted; the player is not forgotten",
);
