/**
 * The long texts of clues, which a look names by their addresses: read once, kept on the device
 * by their content, and readable without a network from then on. First those of the clue that is
 * shown, then, one after the other, the rest.
 */
import { signal } from "@preact/signals";
import type { MeApart, TextAt } from "../../contract/me.ts";
import { Problem, text as textOf } from "../shared/api.ts";
import { textsOf } from "./looked.ts";
import { readTexts, saveText } from "./storage.ts";

/** By their digests. */
export const texts = signal<ReadonlyMap<string, string>>(new Map());

/** Between two texts that nobody waits for, ms: when a hunt opens, thousands of pages read. */
const PAUSE = 150;

/** The clue that is shown. */
const shown = (): string => /^#clue\/(.+)$/.exec(location.hash)?.[1] ?? "";

export class TextReader {
  readonly #hunt: string;
  readonly #expired: () => void;
  #look: MeApart | undefined;
  #reading = false;
  #isOver = false;
  readonly #onHash = (): void => void this.#read();

  /** `expired`: an address opened nothing; another look at all has newer ones. */
  constructor(hunt: string, expired: () => void) {
    this.#hunt = hunt;
    this.#expired = expired;
    window.addEventListener("hashchange", this.#onHash);
  }

  /** Takes the texts of the look that the device has. */
  async recall(look: MeApart): Promise<void> {
    const wanted = textsOf(look).filter(({ digest }) => !texts.value.has(digest));
    if (wanted.length === 0) return;
    const kept = await readTexts(this.#hunt, new Set(wanted.map(({ digest }) => digest)));
    if (kept.size > 0 && !this.#isOver) texts.value = new Map([...texts.value, ...kept]);
  }

  /** Reads what the look names and nobody has yet. */
  async read(look: MeApart): Promise<void> {
    this.#look = look;
    await this.recall(look);
    await this.#read();
  }

  end(): void {
    this.#isOver = true;
    window.removeEventListener("hashchange", this.#onHash);
  }

  /** The next text to read. */
  #next(): { at: TextAt; isShown: boolean } | undefined {
    const look = this.#look;
    if (!look || this.#isOver) return undefined;
    const missing = (of: TextAt[]): TextAt | undefined => of.find(({ digest }) => !texts.value.has(digest));
    const first = missing(textsOf({ clues: look.clues.filter(({ id }) => id === shown()) }));
    if (first) return { at: first, isShown: true };
    const other = missing(textsOf(look));
    return other && { at: other, isShown: false };
  }

  async #read(): Promise<void> {
    if (this.#reading) return;
    this.#reading = true;
    try {
      for (let next = this.#next(); next; next = this.#next()) {
        const { digest, url } = next.at;
        const text = await textOf(url);
        texts.value = new Map(texts.value).set(digest, text);
        await saveText(this.#hunt, digest, text);
        if (!next.isShown) await new Promise((done) => setTimeout(done, PAUSE));
      }
    } catch (error) {
      // The next look, or the next clue that is opened, tries again.
      if (!(error instanceof Problem)) throw error;
      if (error.status === 404) this.#expired();
    } finally {
      this.#reading = false;
    }
  }
}
