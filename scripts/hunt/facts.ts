/** Commands that move many facts: export and import, both streamed. */
import { createReadStream, createWriteStream } from "node:fs";
import { rename, rm, stat } from "node:fs/promises";
import { pipeline as pipe, type Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Call, Command } from "./command.ts";
import type { EngineClient } from "./engine-client.ts";
import { EXIT, Failure, refused, wrongUsage } from "./failure.ts";
import { measured } from "./progress.ts";
import { unreadable } from "./source.ts";
import { clean, count, plural } from "./text.ts";

/** Reasons and lines told of what an import rejected; --json has all the engine tells. */
const REASONS_TOLD = 10;
const LINES_TOLD = 5;

const NEWLINE = 0x0a;

export const exportFacts: Command = {
  name: "export",
  summary: "Write every fact of a hunt as NDJSON",
  usage: "<hunt>",
  options: { out: { type: "string", value: "file", about: "where to (default: standard output)" } },
  example: "export harbour-nights --out harbour-nights.ndjson",
  async run(call) {
    const { out, engine } = call;
    const hunt = encodeURIComponent(call.argument("hunt"));
    const target = call.text("out");
    const body = await engine.stream("GET", `/v1/hunts/${hunt}/export`);
    const progress = out.progress("exporting", "bytes");
    let facts = 0;
    let size = 0;
    const counter = measured((chunk) => {
      for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, at + 1)) facts += 1;
      size += chunk.length;
      progress.add(chunk.length);
    });
    try {
      if (target === undefined) {
        await pipeline(body, counter, async (chunks: AsyncIterable<Buffer>) => {
          for await (const chunk of chunks) await out.write(chunk);
        });
      } else await toFile(call.path(target), (file) => pipeline(body, counter, file));
    } catch (error) {
      throw engine.broken(error);
    } finally {
      progress.end();
    }
    if (target === undefined) out.note(plural(facts, "fact"));
    else await out.confirm({ facts, bytes: size, out: target }, `${plural(facts, "fact")} in ${target}`);
    return EXIT.ok;
  },
};

/** A file is there whole or not at all: half an export looks like a whole one. */
async function toFile(path: string, fill: (file: NodeJS.WritableStream) => Promise<void>): Promise<void> {
  const part = `${path}.part`;
  try {
    await fill(createWriteStream(part));
    await rename(part, path);
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  }
}

interface ImportAnswer {
  lines: number;
  accepted: number;
  rejected: { line: number; code: string; message: string }[];
}

export const importLines: Command = {
  name: "import",
  summary: "Replay commands from NDJSON (- reads standard input) into a hunt that is not live yet",
  usage: "<hunt> <file>",
  options: { strict: { type: "boolean", about: "rejected lines fail" } },
  example: "import harbour-nights history.ndjson --strict",
  async run(call) {
    const { out, engine } = call;
    const source = await openSource(call, call.argument("file"));
    let progress = out.progress("importing", "bytes", source.size);
    // For every attempt anew.
    const data = (): Readable => {
      let sent = 0;
      progress.end();
      progress = out.progress("importing", "bytes", source.size);
      const counter = measured((chunk) => {
        sent += chunk.length;
        progress.add(chunk.length);
        if (sent === source.size) progress.wait("replaying …");
      });
      // An error reaches whoever reads the counter: it is destroyed with it.
      return pipe(source.open(), counter, () => undefined);
    };
    const hunt = call.argument("hunt");
    try {
      const answer = await engine.json<ImportAnswer>("POST", `/v1/hunts/${encodeURIComponent(hunt)}/import`, {
        raw: { type: "application/x-ndjson", data },
        replayable: source.replayable,
      });
      progress.end();
      await out.answer(answer, (told) => tell(call, told));
      return call.flag("strict") && answer.lines > answer.accepted ? EXIT.refused : EXIT.ok;
    } catch (error) {
      progress.end();
      if (error instanceof Failure && error.exit === EXIT.unreachable) await askWhy(engine, hunt);
      throw error;
    } finally {
      progress.end();
    }
  },
};

/**
 * An engine that refuses an import before it read all of it closes the
 * connection, and its answer may get lost on the way: what it refuses can be
 * asked. Throws that; returns when there is no such reason.
 */
async function askWhy(engine: EngineClient, hunt: string): Promise<void> {
  const path = `/v1/hunts/${encodeURIComponent(hunt)}`;
  const definition = await engine.stream("GET", `${path}/definition`);
  await definition.dump();
  const { phase } = await engine.json<{ phase: string }>("GET", path);
  // An ended one may be importable: its whole time may lie in the past.
  if (phase === "live" || phase === "paused") throw refused(`${hunt} is ${phase}: import before it is live`);
}

interface LineSource {
  open(): NodeJS.ReadableStream;
  /** Bytes, where they are known. */
  size?: number;
  /** Whether it can be read again for another attempt. */
  replayable: boolean;
}

async function openSource(call: Call, name: string): Promise<LineSource> {
  if (name === "-") return { open: () => call.stdin, replayable: false };
  const path = call.path(name);
  const found = await stat(path).catch(unreadable(name));
  if (found.isDirectory()) throw wrongUsage(`${name} is a directory`);
  // A pipe or a device has no size and can be read only once.
  if (!found.isFile()) return { open: () => createReadStream(path), replayable: false };
  return { open: () => createReadStream(path), size: found.size, replayable: true };
}

/** What became of the lines; of the rejected ones the first of every reason. */
async function tell({ out }: Call, { lines, accepted, rejected }: ImportAnswer): Promise<void> {
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
