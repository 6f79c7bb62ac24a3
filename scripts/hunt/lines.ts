/** Sends lines of NDJSON with progress, and tells which were accepted and rejected. */
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { pipeline as pipe, type Readable } from "node:stream";
import type { LinesTaken } from "../../src/contract/basics.ts";
import type { Call, Options } from "./command.ts";
import { EXIT, type ExitCode, wrongUsage } from "./failure.ts";
import { measured } from "./progress.ts";
import { clean, count, plural } from "./text.ts";
import { checkTextFile, unreadable, utf8Only } from "./text-file.ts";

/** Rejected lines that are told; --json has all of them. */
const REASONS_TOLD = 10;
const LINES_TOLD = 5;

export const STRICT: Options = { strict: { type: "boolean", about: "rejected lines fail" } };

/** Sends the lines and tells the result. With `--strict`, rejected lines make it fail. */
export async function sendLines(
  call: Call,
  path: string,
  source: LineSource,
  words: { sending: string; waiting: string },
): Promise<ExitCode> {
  const { out, engine } = call;
  let progress = out.progress(words.sending, "bytes", source.size);
  // For every attempt anew.
  const data = (): Readable => {
    let sent = 0;
    progress.end();
    progress = out.progress(words.sending, "bytes", source.size);
    const counter = measured((chunk) => {
      sent += chunk.length;
      progress.add(chunk.length);
      if (sent === source.size) progress.wait(words.waiting);
    });
    // An error destroys the counter as well, so that its reader sees it.
    return pipe(source.open(), counter, () => undefined);
  };
  try {
    const response = await engine.json<LinesTaken>("POST", path, {
      raw: { type: "application/x-ndjson", data },
      replayable: source.replayable,
    });
    progress.end();
    await out.result(response, (told) => tell(call, told));
    return call.flag("strict") && response.lines > response.accepted ? EXIT.refused : EXIT.ok;
  } finally {
    progress.end();
  }
}

/** Lines to send: of a file or a pipe, as they are or converted. */
export interface LineSource {
  open(): NodeJS.ReadableStream;
  /** Bytes, where they are known. */
  size?: number;
  /** Whether it can be read again for another attempt. */
  replayable: boolean;
}

/** Opens the file of this name; `-` is standard input. Throws wrong usage when it cannot be read or is not UTF-8. */
export async function openSource(call: Call, name: string): Promise<LineSource> {
  if (name === "-") return { open: () => utf8Only(call.stdin, name), replayable: false };
  const path = call.path(name);
  const found = await stat(path).catch(unreadable(name));
  if (found.isDirectory()) throw wrongUsage(`${name} is a directory`);
  // A pipe or a device has no size and can be read only once.
  if (!found.isFile()) return { open: () => utf8Only(createReadStream(path), name), replayable: false };
  await checkTextFile(path, name);
  return { open: () => createReadStream(path), size: found.size, replayable: true };
}

/** Tells the result; of the rejected lines the first of every reason. */
async function tell({ out }: Call, { lines, accepted, rejected }: LinesTaken): Promise<void> {
  const refusedLines = lines - accepted;
  const text = `${plural(lines, "line")}: ${count(accepted)} accepted, ${count(refusedLines)} rejected`;
  if (refusedLines === 0) return out.confirm(undefined, text);
  await out.line(text);
  const byReason = Object.entries(Object.groupBy(rejected, ({ code }) => code)).sort(
    ([, a], [, b]) => (b?.length ?? 0) - (a?.length ?? 0),
  );
  for (const [code, some = []] of byReason.slice(0, REASONS_TOLD)) {
    await out.line(`\n${out.styled("yellow", clean(code))}  ${plural(some.length, "line")}`);
    for (const { line, message } of some.slice(0, LINES_TOLD))
      await out.line(`  line ${line}  ${clean(message)}`);
    if (some.length > LINES_TOLD) await out.line(`  … and ${count(some.length - LINES_TOLD)} more`);
  }
  if (rejected.length < refusedLines)
    out.note(`the engine tells the first ${count(rejected.length)} rejected lines only`);
}
