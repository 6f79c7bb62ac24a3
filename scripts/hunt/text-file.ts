/** Files of text as commands read them: UTF-8, or refused with what they look like and how to save them. */
import { createReadStream } from "node:fs";
import { readFile } from "node:fs/promises";
import { extname } from "node:path";
import { type Readable, Transform } from "node:stream";
import { buffer } from "node:stream/consumers";
import { encodingOfInvalid, encodingOfStart, otherEncoding } from "../../src/encoding.ts";
import type { Call } from "./command.ts";
import { type Failure, wrongUsage } from "./failure.ts";

/** Bytes that tell an encoding by its zeros, and that a stream keeps for the guess. */
const HEAD = 65_536;

/** Reads the text of a file; `-` is standard input. Throws wrong usage when it cannot be read, or is not UTF-8. */
export async function readTextFile(call: Call, name: string): Promise<string> {
  const bytes =
    name === "-" ? await buffer(call.stdin) : await readFile(call.path(name)).catch(unreadable(name));
  const encoding = otherEncoding(bytes);
  if (encoding !== undefined) throw notUtf8(name, encoding);
  return new TextDecoder("utf-8").decode(bytes);
}

/** Reads a file once and throws wrong usage when it is not UTF-8: before anything of it is sent. */
export async function checkTextFile(path: string, name: string): Promise<void> {
  const checked = utf8Only(createReadStream(path), name);
  checked.resume();
  await new Promise<void>((done, fail) => {
    checked.once("end", done).once("error", fail);
  });
}

/** Passes a stream on as long as it is UTF-8; else it ends in the error that says what it looks like. */
export function utf8Only(source: NodeJS.ReadableStream, name: string): Readable {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false });
  let head = Buffer.alloc(0);
  let seen = false;
  const failing = (encoding: string): Failure => notUtf8(name, encoding);
  const checked = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      if (head.length < HEAD) head = Buffer.concat([head, chunk.subarray(0, HEAD - head.length)]);
      const marked = seen ? undefined : encodingOfStart(head);
      seen ||= head.length >= 4;
      if (marked !== undefined) return done(failing(marked));
      try {
        decoder.decode(chunk, { stream: true });
      } catch {
        return done(failing(encodingOfInvalid(chunk)));
      }
      return done(null, chunk);
    },
    flush(done) {
      try {
        decoder.decode();
        done();
      } catch {
        done(failing(encodingOfInvalid(head)));
      }
    },
  });
  source.once("error", (error) => checked.destroy(error));
  return source.pipe(checked);
}

function notUtf8(name: string, encoding: string): Failure {
  const what = name === "-" ? "standard input" : name;
  return wrongUsage(`${what} is not UTF-8: it looks like ${encoding}. ${adviceFor(name)}`);
}

/** How to save it, in the words of the programs that such a file comes from. */
function adviceFor(name: string): string {
  const editor = "an editor: save with the encoding UTF-8";
  if ([".yaml", ".yml", ".json", ".ndjson", ".jsonl"].includes(extname(name).toLowerCase())) {
    return `Save it as UTF-8 first. In ${editor}`;
  }
  return `Save it as UTF-8 first. Excel: Save As, "CSV UTF-8 (comma delimited)"; LibreOffice: Save As, "Edit filter settings", character set "Unicode (UTF-8)"; ${editor}`;
}

/** Why a file cannot be read, as wrong usage. */
export function unreadable(name: string): (error: unknown) => never {
  return (error) => {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") throw wrongUsage(`there is no file ${name}`);
    if (code === "EISDIR") throw wrongUsage(`${name} is a directory`);
    if (code === "EACCES" || code === "EPERM") throw wrongUsage(`${name} may not be read`);
    throw error;
  };
}
