/** Texts in an isolate's memory, bounded by their characters: the one that was put in longest ago goes first. */
const CHARS_MAX = 8_000_000;

export class TextMemory {
  readonly #texts = new Map<string, string>();
  #chars = 0;

  get(key: string): string | undefined {
    return this.#texts.get(key);
  }

  set(key: string, text: string): string {
    this.#chars += text.length - (this.#texts.get(key)?.length ?? 0);
    this.#texts.set(key, text);
    for (const [oldest, { length }] of this.#texts) {
      if (this.#chars <= CHARS_MAX) break;
      this.#texts.delete(oldest);
      this.#chars -= length;
    }
    return text;
  }
}
