/**
 * The fan-out tree: the leaderboard's children, `LiveBoard` objects that hold
 * the spectators it has no room for. One call per child at a time; pages
 * and frames that come meanwhile go with the next one, of the pages only the last.
 */

import type { LivePage, Showing } from "../objects/leaderboard.ts";

/** Frames (announcements, phases) that wait for a child; the oldest go first. */
const FRAMES_MAX = 32;

/** Attempts at one call; after the last its page and frames go with the next call. */
const ATTEMPTS = 3;

export interface ChildrenDeps {
  /** False: nobody watches there, and the child will ask again before it shows anything. */
  show(child: string, showing: Showing): Promise<boolean>;
  phase(): string;
  /** Stores them for the next instance of the leaderboard. */
  save(children: string[]): void;
}

interface Child {
  busy: boolean;
  page: LivePage | undefined;
  frames: object[];
}

export class Children {
  readonly #deps: ChildrenDeps;
  readonly #children: Map<string, Child>;

  constructor(deps: ChildrenDeps, names: readonly string[]) {
    this.#deps = deps;
    this.#children = new Map(names.map((name) => [name, { busy: false, page: undefined, frames: [] }]));
  }

  get any(): boolean {
    return this.#children.size > 0;
  }

  /** A child asks to be shown what comes. */
  add(name: string): void {
    const before = this.#children.get(name);
    // Always a new record: a late "nobody watches" to the old one must not remove it.
    this.#children.set(name, { busy: false, page: before?.page, frames: before?.frames ?? [] });
    if (!before) this.#save();
  }

  show(page: LivePage): void {
    for (const [name, child] of this.#children) {
      child.page = page;
      this.#run(name, child);
    }
  }

  tell(frame: object): void {
    for (const [name, child] of this.#children) {
      child.frames.push(frame);
      if (child.frames.length > FRAMES_MAX) child.frames.shift();
      this.#run(name, child);
    }
  }

  #run(name: string, child: Child): void {
    if (child.busy) return;
    child.busy = true;
    this.#showAll(name, child)
      .catch((error: unknown) => {
        console.warn({
          message: "a child of the leaderboard could not be shown the standings",
          error: String(error),
        });
      })
      .finally(() => {
        child.busy = false;
      });
  }

  async #showAll(name: string, child: Child): Promise<void> {
    while (this.#children.get(name) === child && (child.page || child.frames.length > 0)) {
      const { page, frames } = child;
      child.page = undefined;
      child.frames = [];
      const showing = { ...(page ? { page } : {}), phase: this.#deps.phase(), words: frames };
      let watched: boolean;
      try {
        watched = await this.#attempt(name, showing);
      } catch (error) {
        // The child may have asked anew meanwhile: then it has a newer page, but not these frames.
        const latest = this.#children.get(name);
        if (latest) latest.frames = [...frames, ...latest.frames].slice(-FRAMES_MAX);
        child.page ??= page;
        throw error;
      }
      if (watched || this.#children.get(name) !== child) continue;
      this.#children.delete(name);
      this.#save();
    }
  }

  /** A page shown twice changes nothing; a frame sent twice does no harm. */
  async #attempt(name: string, showing: Showing): Promise<boolean> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#deps.show(name, showing);
      } catch (error) {
        if (attempt === ATTEMPTS) throw error;
      }
    }
  }

  #save(): void {
    this.#deps.save([...this.#children.keys()]);
  }
}
