/** Moves of players that are under way. */
import type { Move } from "../hunt/move.ts";
import type { Sql } from "../lazy-sql.ts";
import { StepStore } from "./steps.ts";

/** The next step of a move: one that may have been made is made again. */
export type Step = "seat" | "depart" | "arrive" | "unseat";

export interface Moving extends Move {
  step: Step;
  /** The line of the audit. */
  line: number;
}

export type MovingStore = StepStore<"move", Moving & Record<"move", string>>;

export const movingStore = (sql: Sql): MovingStore =>
  new StepStore(sql, {
    table: "moving",
    key: "move",
    called: "a player's move to another team",
    list: "the list of moves",
  });
