/** The measurements of a tuning so far, kept in a file: a run that is resumed measures nothing twice. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

export class OtherSettings extends Error {}

export class Measurements {
  readonly #path: string;
  readonly #settings: object;
  readonly #measured: Map<string, unknown>;

  /** `resume`: goes on with the file's measurements. Throws OtherSettings when they are of other settings. */
  constructor(path: string, settings: object, resume: boolean) {
    this.#path = path;
    this.#settings = settings;
    this.#measured = new Map(resume ? readState(path, settings) : []);
  }

  /** Gives the measurement of this name; `measure` makes it if there is none. */
  async once<T>(name: string, measure: () => Promise<T>): Promise<T> {
    if (this.#measured.has(name)) return this.#measured.get(name) as T;
    const result = await measure();
    this.#measured.set(name, result);
    mkdirSync(dirname(this.#path), { recursive: true });
    writeFileSync(this.#path, JSON.stringify({ settings: this.#settings, measured: [...this.#measured] }));
    return result;
  }
}

function readState(path: string, settings: object): [string, unknown][] {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
  const state = JSON.parse(text) as { settings: unknown; measured: [string, unknown][] };
  if (JSON.stringify(state.settings) !== JSON.stringify(settings)) {
    throw new OtherSettings(`${path} is of a run with other settings; leave --resume out to begin anew`);
  }
  return state.measured;
}
