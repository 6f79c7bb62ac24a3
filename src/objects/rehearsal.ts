/**
 * A hunt that rehearses another one: a copy with a clock of its own, of which nothing leaves the engine. Each
 * object of it is told so with its configuration; facts, phases and all times that people see are by its clock, and
 * tokens, tickets, KV and alarms by the engine's.
 */
export interface Rehearsal {
  /** The hunt that it rehearses. */
  of: string;
  /** By how much its clock is ahead of the engine's, ms; below 0: behind it. */
  ahead: number;
}

/** What an object of a hunt may know of that. */
interface Rehearsed {
  rehearsal?: Rehearsal | undefined;
}

/** By how much the hunt's clock is ahead of the engine's, ms. */
export const aheadOf = (of: Rehearsed | undefined): number => of?.rehearsal?.ahead ?? 0;
