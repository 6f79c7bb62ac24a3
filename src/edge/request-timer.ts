/**
 * One timer of the platform for all that a request waits for, one after the other: setting and clearing
 * one costs as much as reading a small body does. What is waited for is nearly always there in time, so that
 * the timer is set once and cleared at the end.
 */

/** The first look at what is late, ms; then when it is due. */
const FIRST_LOOK = 2_000;

export class RequestTimer {
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Epoch ms. */
  #due = 0;
  /** Until it is late whatever the clock says, ms. */
  #most = 0;
  #late: (() => void) | undefined;

  /** Calls `late` after `ms`, unless `cancel` is called before. One at a time. */
  arm(ms: number, late: () => void): { cancel(): void } {
    if (this.#late) throw new Error("a request waits for one thing at a time");
    this.#due = Date.now() + ms;
    this.#most = ms + FIRST_LOOK;
    this.#late = late;
    this.#timer ??= this.#lookIn(Math.min(ms, FIRST_LOOK));
    return {
      cancel: () => {
        if (this.#late === late) this.#late = undefined;
      },
    };
  }

  /** The request waits for nothing more. */
  end(): void {
    if (this.#timer !== undefined) clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#late = undefined;
  }

  #lookIn(ms: number): ReturnType<typeof setTimeout> {
    return setTimeout(() => {
      this.#timer = undefined;
      const late = this.#late;
      if (!late) return;
      this.#most -= ms;
      const left = Math.min(this.#due - Date.now(), this.#most);
      if (left > 0) {
        this.#timer = this.#lookIn(Math.min(left, FIRST_LOOK));
        return;
      }
      this.#late = undefined;
      late();
    }, ms);
  }
}
