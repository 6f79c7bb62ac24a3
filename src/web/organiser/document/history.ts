/** What a form changed, to be undone and done again: the texts before and after. PURE. */

/** Steps back; and characters of all texts together, so that a large hunt does not fill the tab. */
const STEPS_MAX = 300;
const CHARACTERS_MAX = 30_000_000;

/** Changes of one field within this are one step, ms. */
const TOGETHER = 2_000;

export class History {
  readonly #past: string[] = [];
  #future: string[] = [];
  #last: { about: string; at: number } | undefined;

  get canUndo(): boolean {
    return this.#past.length > 0;
  }

  get canRedo(): boolean {
    return this.#future.length > 0;
  }

  /** `text` is about to change; `about`: what changes it, so that keys typed after each other are one step. */
  record(text: string, about: string, now: number): void {
    const isMore =
      this.#last !== undefined &&
      this.#last.about === about &&
      now - this.#last.at < TOGETHER &&
      about !== "";
    this.#last = { about, at: now };
    this.#future = [];
    if (isMore || this.#past.at(-1) === text) return;
    this.#past.push(text);
    let held = this.#past.reduce((sum, each) => sum + each.length, 0);
    while (this.#past.length > STEPS_MAX || (held > CHARACTERS_MAX && this.#past.length > 1)) {
      held -= this.#past.shift()?.length ?? 0;
    }
  }

  /** The text before `now`; undefined: there is none. */
  undo(now: string): string | undefined {
    const text = this.#past.pop();
    if (text === undefined) return undefined;
    this.#future.push(now);
    this.#last = undefined;
    return text;
  }

  redo(now: string): string | undefined {
    const text = this.#future.pop();
    if (text === undefined) return undefined;
    this.#past.push(now);
    this.#last = undefined;
    return text;
  }
}
