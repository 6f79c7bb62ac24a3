/** A byte stream cut into chunks that each fit a row of the object's storage. */

/** SQLite in a Durable Object takes values up to 2 MB; this leaves room for the rest of the row. */
export const CHUNK_BYTES_MAX = 1_500_000;

/** Pieces up to this long are cheaper copied byte by byte than through a view. */
const SHORT = 64;

/** Cuts any sequence of byte pieces into full chunks, the last one shorter. Holds one chunk. */
export function* cutChunks(pieces: Iterable<Uint8Array>): Generator<Uint8Array<ArrayBuffer>, void> {
  let chunk = new Uint8Array(CHUNK_BYTES_MAX);
  let used = 0;
  for (const piece of pieces) {
    for (let from = 0; from < piece.length; ) {
      const part = piece.subarray(from, from + CHUNK_BYTES_MAX - used);
      chunk.set(part, used);
      used += part.length;
      from += part.length;
      if (used === CHUNK_BYTES_MAX) {
        yield chunk;
        chunk = new Uint8Array(CHUNK_BYTES_MAX);
        used = 0;
      }
    }
  }
  if (used > 0) yield chunk.slice(0, used);
}

/** Reads the stream back, whatever its chunks are; takes the next chunk only when needed. */
export class ChunkReader {
  readonly #chunks: Iterator<Uint8Array>;
  #chunk: Uint8Array = new Uint8Array(0);
  #offset = 0;

  constructor(chunks: Iterable<Uint8Array>) {
    this.#chunks = chunks[Symbol.iterator]();
  }

  /** Fills `target` with the next bytes; throws if the stream ends before. */
  fill(target: Uint8Array): void {
    if (target.length <= SHORT && this.#offset + target.length <= this.#chunk.length) {
      for (let i = 0; i < target.length; i++) target[i] = this.#chunk[this.#offset + i] as number;
      this.#offset += target.length;
      return;
    }
    for (let filled = 0; filled < target.length; ) {
      if (this.#offset === this.#chunk.length) this.#next();
      const part = this.#chunk.subarray(this.#offset, this.#offset + target.length - filled);
      target.set(part, filled);
      filled += part.length;
      this.#offset += part.length;
    }
  }

  /** The next `length` bytes, as a copy. */
  take(length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    this.fill(bytes);
    return bytes;
  }

  /** Throws unless everything was read. */
  end(): void {
    if (this.#offset < this.#chunk.length || !this.#chunks.next().done)
      throw new Error("snapshot has bytes left over");
  }

  #next(): void {
    const { done, value } = this.#chunks.next();
    if (done === true) throw new Error("snapshot is cut short");
    this.#chunk = value;
    this.#offset = 0;
  }
}
