/** A progress bar on a terminal; elsewhere it prints nothing. */
import { Transform } from "node:stream";
import { bytes, count } from "./text.ts";

/** Between two drawings, ms. */
const DRAW_EVERY = 100;

const BAR_WIDTH = 30;
const CLEAR_LINE = "\r\u001b[2K";

export class Progress {
  readonly #sink: { write(text: string): unknown };
  readonly #drawn: boolean;
  readonly #label: string;
  readonly #unit: "bytes" | "lines";
  readonly #total: number | undefined;
  #done = 0;
  #last = 0;
  #waiting: NodeJS.Timeout | undefined;

  constructor(
    sink: { write(text: string): unknown },
    drawn: boolean,
    label: string,
    unit: "bytes" | "lines",
    total?: number,
  ) {
    this.#sink = sink;
    this.#drawn = drawn;
    this.#label = label;
    this.#unit = unit;
    this.#total = total;
  }

  add(amount: number): void {
    this.#done += amount;
    const now = performance.now();
    if (!this.#drawn || now - this.#last < DRAW_EVERY) return;
    this.#last = now;
    this.#draw();
  }

  /** Everything is sent, the command waits: tells for which reason, and for how long already. */
  wait(text: string): void {
    if (!this.#drawn) return;
    clearInterval(this.#waiting);
    const since = performance.now();
    const draw = (): void => {
      this.#sink.write(`${CLEAR_LINE}${text}  ${Math.round((performance.now() - since) / 1_000)} s`);
    };
    draw();
    this.#waiting = setInterval(draw, 1_000).unref();
  }

  end(): void {
    clearInterval(this.#waiting);
    if (this.#drawn) this.#sink.write(CLEAR_LINE);
  }

  #draw(): void {
    const told = this.#unit === "bytes" ? bytes(this.#done) : count(this.#done);
    if (this.#total === undefined || this.#total === 0) {
      this.#sink.write(`${CLEAR_LINE}${this.#label}  ${told}`);
      return;
    }
    const share = Math.min(1, this.#done / this.#total);
    const full = Math.round(share * BAR_WIDTH);
    const bar = "█".repeat(full) + "░".repeat(BAR_WIDTH - full);
    this.#sink.write(`${CLEAR_LINE}${this.#label}  ${bar}  ${Math.floor(share * 100)} %  ${told}`);
  }
}

/** Passes chunks on and tells how large each is. */
export function measured(seen: (chunk: Buffer) => void): Transform {
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      seen(chunk);
      done(null, chunk);
    },
  });
}
