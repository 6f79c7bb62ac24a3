/** The deletion of a hunt, as the directory tells it (src/control/deletions.ts). */
export interface Deletion {
  job: string;
  hunt: string;
  state: "running" | "done" | "failed";
  /** Steps that are done, and in all. */
  done: number;
  of: number;
  /** When it was asked for, epoch ms. */
  begunAt: number;
  /** When nothing of the hunt was left, epoch ms. */
  endedAt?: number;
  /** Why the last try of a step was in vain; it is tried again while the job is `running`. */
  waitsFor?: string;
}
