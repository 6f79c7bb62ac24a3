/** What a simulated team is drawn to be, and how its work goes on in time. PURE. */
import { exp, ln } from "./arithmetic.ts";
import type { Draws } from "./chance.ts";
import type { Model } from "./model.ts";

export interface Character {
  plays: boolean;
  /** Its speed as a power of e. */
  skill: number;
  /** Milliseconds of work without a solve after which it leaves. */
  patience: number;
  /** Clues that it works on at a time. */
  hands: number;
}

/** `size`: how many players a team may have; `pace`: in ms. */
export function characterOf(draws: Draws, model: Model, size: number, pace: number): Character {
  const plays = draws.uniform() < model.began;
  const talent = draws.normal();
  const stamina = draws.normal() * model.patienceSpread + talent * model.patienceBySkill;
  return {
    plays,
    skill: talent * model.skill,
    patience: model.patience * pace * exp(stamina),
    hands: Math.max(1, model.hands * size),
  };
}

/** Work that a team has done `after` ms of playing, ms: in full strength at first, ever less. */
export const workAfter = (model: Model, after: number): number => model.tires * ln(1 + after / model.tires);

/** When so much work is done: ms of playing. */
export const timeOf = (model: Model, work: number): number => model.tires * (exp(work / model.tires) - 1);
