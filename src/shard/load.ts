/** How busy the shard is, as it tells with its reports: new teams are placed by it. */
import type { ReportedLoad } from "../protocol.ts";

export interface LoadTellerDeps {
  totals(): { teams: number; events: number };
  /** The database is as large as it may be. */
  isFull(): boolean;
  /** Reports soon, also without facts: others should know that teams are refused. */
  report(): void;
}

export class LoadTeller {
  readonly #deps: LoadTellerDeps;
  #isBusy = false;

  constructor(deps: LoadTellerDeps) {
    this.#deps = deps;
  }

  /** Somebody was refused because there is no room for anyone. */
  refused(): void {
    // A full shard that refused is no busy one.
    this.#isBusy = !this.#deps.isFull();
    this.#deps.report();
  }

  /** For a report; it says once that somebody was refused. */
  take(): ReportedLoad {
    const load = this.present();
    this.#isBusy = false;
    return load;
  }

  present(): ReportedLoad {
    const { teams, events } = this.#deps.totals();
    const refuses = this.#deps.isFull() ? "full" : this.#isBusy ? "busy" : undefined;
    return { teams, events, ...(refuses === undefined ? {} : { refuses }) };
  }
}
