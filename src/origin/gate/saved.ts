/** The gate as it is written down: the little that must survive a restart. It changes at openings and closings only. */
import { isKnownForm } from "../../stored-form.ts";

/** The form of `StoredGate`. */
const FORM = 1;

/** A half-open gate is one whose pause is over. `since`, `until`: epoch ms. */
export type SavedGate =
  | { state: "closed"; epoch: number; since: number }
  | { state: "open"; epoch: number; since: number; until: number; pauses: number };

export type StoredGate = SavedGate & { v?: number };

export const toStored = (saved: SavedGate): StoredGate => ({ v: FORM, ...saved });

/**
 * Reads a stored gate. One of a newer engine counts as just closed: whether the
 * origin is well is learnt again. Its epoch goes on, because isolates take a
 * view of an earlier epoch than theirs for an overtaken one.
 */
export function readStored(stored: StoredGate, now: number): SavedGate {
  if (isKnownForm(stored, FORM)) {
    const { v: _, ...saved } = stored;
    return saved;
  }
  if (!Number.isSafeInteger(stored.epoch)) {
    throw new Error(`the gate's stored state is of form ${stored.v}, and without an epoch to go on from`);
  }
  return { state: "closed", epoch: stored.epoch + 1, since: now };
}
