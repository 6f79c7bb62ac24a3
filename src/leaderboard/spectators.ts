/**
 * Everybody who watches a hunt's standings: the sockets of the leaderboard's
 * own object and those of its children. Tells them what changed, at most once
 * a `pushDelay`, announcements, and phases, also those that come by their time.
 */

import type { Clock } from "../clock.ts";
import { Delayed } from "../delayed.ts";
import { type Refusal, refuse } from "../errors.ts";
import { nextOf, phaseAt } from "../hunt/phase.ts";
import type { BoardConfig, LivePage } from "../objects/leaderboard.ts";
import {
  announcementFrame,
  newAnnouncements,
  newlyTakenBack,
  takenBackFrame,
} from "../sockets/announcements.ts";
import { Children, type ChildrenDeps } from "./children.ts";
import type { BoardSockets } from "./live.ts";

export interface SpectatorsDeps extends Pick<ChildrenDeps, "show" | "save"> {
  sockets: BoardSockets;
  config(): BoardConfig | undefined;
  clock: Clock;
  /** The standings as everybody may see them; undefined: not now, they are being rebuilt. */
  page(): Promise<LivePage | undefined>;
  /** Has `timePassed` called at this time, epoch ms. */
  callAt(time: number): void;
  /** ms. */
  pushDelay: number;
}

export class Spectators {
  readonly #deps: SpectatorsDeps;
  readonly #children: Children;
  readonly #pushing: Delayed;
  /** The phase that this instance announced last. */
  #phase: string | undefined;

  /** `children`: those that an earlier instance of the object had. */
  constructor(deps: SpectatorsDeps, children: readonly string[]) {
    this.#deps = deps;
    this.#children = new Children({ ...deps, phase: () => this.#phaseNow() ?? "draft" }, children);
    this.#pushing = new Delayed({
      clock: deps.clock,
      delay: deps.pushDelay,
      work: () => this.#push(),
      failed: (error) => {
        console.warn({ message: "spectators could not be shown the standings", error: String(error) });
      },
    });
  }

  #isWatched(): boolean {
    return this.#deps.sockets.isWatched() || this.#children.any;
  }

  async accept(since: string | null): Promise<Response | Refusal> {
    if (this.#phaseNow() === undefined) return refuse("not_found", "no such hunt");
    const accepted = await this.#deps.sockets.accept(() => ({ phase: this.#phaseNow() }), since);
    this.#armForTimes();
    return accepted;
  }

  /** A child has its first spectator: from now on it is shown every page and every frame for all. */
  watch(child: string): { phase: string } | undefined {
    const phase = this.#phaseNow();
    if (phase === undefined) return undefined;
    this.#children.add(child);
    this.#armForTimes();
    return { phase };
  }

  /** There may be something new to show. */
  changed(): void {
    if (this.#isWatched()) this.#pushing.ask();
  }

  async #push(): Promise<void> {
    const page = await this.#deps.page();
    if (!page) {
      this.changed();
      return;
    }
    this.#deps.sockets.push(page);
    this.#children.show(page);
  }

  /** A new configuration: announcements and another phase. */
  news(before: BoardConfig | undefined, config: BoardConfig): void {
    if (!before || !this.#isWatched()) return;
    for (const announcement of newAnnouncements(before, config)) {
      this.#tellAll(announcementFrame(announcement));
    }
    for (const id of newlyTakenBack(before, config)) this.#tellAll(takenBackFrame(id));
    this.#tellPhase();
    this.#armForTimes();
  }

  /** A phase may have come, or a freeze have begun or ended. */
  timePassed(): void {
    if (!this.#isWatched()) return;
    this.#tellPhase();
    this.changed();
    this.#armForTimes();
  }

  #tellPhase(): void {
    const phase = this.#phaseNow();
    if (phase === undefined || phase === this.#phase) return;
    this.#phase = phase;
    this.#tellAll({ phase });
  }

  #tellAll(frame: object): void {
    this.#deps.sockets.tellAll(frame);
    this.#children.tell(frame);
  }

  #phaseNow(): string | undefined {
    const config = this.#deps.config();
    return config && phaseAt(config.phase, config, this.#deps.clock.now());
  }

  /** Without spectators there is nothing to wait for: a newcomer is sent the phase at once. */
  #armForTimes(): void {
    if (!this.#isWatched()) return;
    const { opens, closes, freeze } = this.#deps.config() ?? {};
    const next = nextOf([opens, closes, freeze], this.#deps.clock.now());
    if (next !== undefined) this.#deps.callAt(next);
  }
}
