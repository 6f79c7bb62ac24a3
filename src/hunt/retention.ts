/** How long a hunt keeps what tells who its players are. PURE. */
import { parseDuration } from "./moment.ts";
import { endsAt, type HuntTimes, type PhaseState } from "./phase.ts";

/** When all players are forgotten by themselves, epoch ms; undefined: never, or nobody knows yet. `setting`: RETENTION. */
export function forgetsAt(
  phase: PhaseState,
  hunt: HuntTimes & { retention?: number },
  setting: string,
): number | undefined {
  const kept = hunt.retention ?? parseDuration(setting);
  const end = endsAt(phase, hunt);
  // A draft whose whole time was past was never played, and does not end.
  return kept === undefined || !Number.isFinite(end) || phase.missed ? undefined : end + kept;
}
