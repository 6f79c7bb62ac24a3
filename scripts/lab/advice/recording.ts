/** A run that was recorded: what advice could have read at each moment, and when the first player noticed. */
import type { Limits, Reading } from "../../../src/control/advice/judge.ts";

export interface Recording {
  scenario: string;
  /** What went wrong. */
  what: string;
  /** Parameters that were set for the run. */
  vars: Record<string, string>;
  limits: Limits;
  /** Of the run, s: since when it was wrong; absent: nothing was. */
  wrongFrom?: number;
  /** The first request of a player that was refused or failed, s; absent: none was. */
  noticed?: { at: number; what: string };
  /** Requests of players in all. */
  requests: number;
  samples: { at: number; reading: Reading }[];
}
