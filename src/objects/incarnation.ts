/**
 * Hunts that had one id one after the other are told apart by their incarnation: 0 of the first, one more
 * with each deletion. What is made for a hunt and could outlive it (tokens, codes, copies in KV, messages on
 * their way) is of one incarnation. Absent: 0, as in all that was made before hunts could be deleted.
 */

/** Voids of one player at most, and more than a log can hold: generations of incarnations do not overlap. */
const GENERATIONS = 2 ** 30;

/** The first generation of players' tokens (`Seat.gen`) in an incarnation. */
export const firstGeneration = (incarnation = 0): number => incarnation * GENERATIONS;

/** Names a hunt's incarnation wherever the hunt's id named it before; no hunt's id has a `~`. */
export const scopeOf = (hunt: string, incarnation = 0): string =>
  incarnation === 0 ? hunt : `${hunt}~${incarnation}`;
