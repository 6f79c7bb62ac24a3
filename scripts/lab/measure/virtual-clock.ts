/** A clock that runs as fast as the machine can: timers fire in the order of their virtual times. */

interface Timer {
  at: number;
  /** Orders timers of the same time by their making. */
  order: number;
  fire: (() => void) | undefined;
}

export class VirtualClock {
  #now: number;
  #order = 0;
  /** A binary heap, the next timer first. */
  readonly #heap: Timer[] = [];

  constructor(now: number) {
    this.#now = now;
  }

  now = (): number => this.#now;

  timer = (ms: number, fire: () => void): (() => void) => {
    const timer: Timer = { at: this.#now + Math.max(0, ms), order: this.#order, fire };
    this.#order += 1;
    this.#push(timer);
    return () => {
      timer.fire = undefined;
    };
  };

  sleep = (ms: number): Promise<void> => new Promise((resolve) => void this.timer(ms, resolve));

  /** Runs until this time, with everything that waits for it. */
  async runUntil(until: number): Promise<void> {
    await settled();
    for (let next = this.#heap[0]; next && next.at <= until; next = this.#heap[0]) {
      this.#pop();
      if (!next.fire) continue;
      this.#now = next.at;
      next.fire();
      await settled();
    }
    this.#now = until;
  }

  #push(timer: Timer): void {
    const heap = this.#heap;
    let index = heap.push(timer) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!before(timer, heap[parent])) break;
      heap[index] = heap[parent] as Timer;
      index = parent;
    }
    heap[index] = timer;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (!last || heap.length === 0) return;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1] as Timer, heap[child])) child += 1;
      if (!before(heap[child] as Timer, last)) break;
      heap[index] = heap[child] as Timer;
      index = child;
    }
    heap[index] = last;
  }
}

function before(one: Timer, other: Timer | undefined): boolean {
  return other !== undefined && (one.at < other.at || (one.at === other.at && one.order < other.order));
}

/** After all promises that can settle without a timer. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
