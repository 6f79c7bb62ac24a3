/** A zip, read within bounds: of names that leave its folder, that come twice, or that hold more than they say, nothing is read. */
import { pipeline, Transform } from "node:stream";
import { buffer } from "node:stream/consumers";
import { crc32 } from "node:zlib";
import { type Entry, openPromise, type ZipFile } from "yauzl";
import { Failure, refused, wrongUsage } from "../failure.ts";
import { bytes } from "../text.ts";
import { unreadable } from "../text-file.ts";

/** Files of a zip. */
const ENTRIES_MAX = 50_000;
/** All of it unpacked, bytes. */
const UNPACKED_MAX = 8 * 1_024 ** 3;

export class Zip {
  readonly #file: ZipFile;
  readonly #entries: ReadonlyMap<string, Entry>;

  private constructor(file: ZipFile, entries: ReadonlyMap<string, Entry>) {
    this.#file = file;
    this.#entries = entries;
  }

  /** Reads the list of files. Throws wrong usage when there is no zip, and a refusal when it is none to be read. */
  static async open(path: string, name: string): Promise<Zip> {
    const file = await openPromise(path, { autoClose: false, strictFileNames: true }).catch(
      (error: unknown) => {
        if (typeof (error as NodeJS.ErrnoException).code === "string") return unreadable(name)(error);
        throw wrongUsage(`${name} is no zip: ${messageOf(error)}`);
      },
    );
    try {
      return new Zip(file, await entriesOf(file, name));
    } catch (error) {
      file.close();
      throw error;
    }
  }

  get names(): string[] {
    return [...this.#entries.keys()];
  }

  has(name: string): boolean {
    return this.#entries.has(name);
  }

  /** Bytes of the file when it is unpacked. */
  sizeOf(name: string): number {
    return this.#entry(name).uncompressedSize;
  }

  /** The whole file. Throws a refusal when it is larger than `most` bytes. */
  async read(name: string, most: number): Promise<Buffer> {
    const size = this.sizeOf(name);
    if (size > most) throw refused(`${name} in the zip has ${bytes(size)}, more than ${bytes(most)}`);
    return buffer(await this.stream(name)).catch((error: unknown) => {
      throw damaged(name, error);
    });
  }

  /** Its content, checked against its length and checksum while it passes. */
  async stream(name: string): Promise<NodeJS.ReadableStream> {
    const entry = this.#entry(name);
    const source = await this.#file.openReadStreamPromise(entry).catch((error: unknown) => {
      throw damaged(name, error);
    });
    let checksum = 0;
    const checked = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        checksum = crc32(chunk, checksum);
        done(null, chunk);
      },
      flush(done) {
        done(checksum === entry.crc32 ? null : damaged(name, new Error("its checksum differs")));
      },
    });
    return pipeline(source, checked, () => undefined);
  }

  close(): void {
    this.#file.close();
  }

  #entry(name: string): Entry {
    const entry = this.#entries.get(name);
    if (!entry) throw new Error(`the zip has no ${name}`);
    return entry;
  }
}

async function entriesOf(file: ZipFile, name: string): Promise<Map<string, Entry>> {
  if (file.entryCount > ENTRIES_MAX) throw refused(`${name} has more than ${ENTRIES_MAX} files`);
  const entries = new Map<string, Entry>();
  let unpacked = 0;
  try {
    for await (const entry of file.eachEntry()) {
      const { fileName } = entry;
      if (entries.has(fileName)) throw refused(`${name} has ${JSON.stringify(fileName)} twice`);
      if (entries.size >= ENTRIES_MAX) throw refused(`${name} has more than ${ENTRIES_MAX} files`);
      unpacked += entry.uncompressedSize;
      if (unpacked > UNPACKED_MAX) {
        throw refused(`${name} has more than ${bytes(UNPACKED_MAX)} when it is unpacked`);
      }
      if (entry.isEncrypted()) throw refused(`${name} is encrypted`);
      if (!fileName.endsWith("/")) entries.set(fileName, entry);
    }
  } catch (error) {
    if (error instanceof Failure) throw error;
    throw refused(`${name} is no zip to be read: ${messageOf(error)}`);
  }
  return entries;
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

const damaged = (name: string, error: unknown): Error =>
  error instanceof Failure ? error : refused(`${name} in the zip is damaged: ${messageOf(error)}`);
