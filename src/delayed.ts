/** Work done once for all who ask for it within a time: publishing, pushing, saving. */
import type { Clock } from "./clock.ts";

export interface DelayedDeps {
  clock: Pick<Clock, "after">;
  /** How long to gather, ms. */
  delay: number;
  work(): Promise<void> | void;
  /** The work threw or rejected; whoever asks next starts it again. */
  failed(error: unknown): void;
}

export class Delayed {
  readonly #deps: DelayedDeps;
  #isWaiting = false;

  constructor(deps: DelayedDeps) {
    this.#deps = deps;
  }

  /** The work begins within the delay; what is asked for while it waits is done with it. */
  ask(): void {
    if (this.#isWaiting) return;
    this.#isWaiting = true;
    this.#run().catch((error: unknown) => this.#deps.failed(error));
  }

  async #run(): Promise<void> {
    await this.#deps.clock.after(this.#deps.delay);
    this.#isWaiting = false;
    await this.#deps.work();
  }
}
