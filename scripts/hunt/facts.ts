/** Commands that move many facts: export and import, both streamed. */
import { createWriteStream } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import type { Hunt } from "../../src/contract/hunt.ts";
import { TABLES } from "../../src/contract/table-names.ts";
import type { Command } from "./command.ts";
import type { EngineClient } from "./engine-client.ts";
import { EXIT, Failure, refused, wrongUsage } from "./failure.ts";
import { openSource, STRICT, sendLines } from "./lines.ts";
import { measured } from "./progress.ts";
import { plural } from "./text.ts";

const NEWLINE = 0x0a;

export const exportFacts: Command = {
  name: "export",
  summary: "Write every fact of a hunt as NDJSON, or with --csv a table",
  usage: "<hunt>",
  options: {
    csv: { type: "string", value: "table", about: `a table instead: ${TABLES.join(", ")}` },
    out: { type: "string", value: "file", about: "where to (default: standard output)" },
  },
  example: "export harbour-nights --out harbour-nights.ndjson",
  async run(call) {
    const { out, engine } = call;
    const hunt = encodeURIComponent(call.argument("hunt"));
    const target = call.text("out");
    const table = call.text("csv");
    if (table !== undefined && !(TABLES as readonly string[]).includes(table)) {
      throw wrongUsage(`there is no table ${table}; there are ${TABLES.join(", ")}`);
    }
    const query = table === undefined ? "" : `?format=csv&what=${table}`;
    const body = await engine.stream("GET", `/v1/hunts/${hunt}/export${query}`);
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
    const what = table === undefined ? plural(facts, "fact") : `${size} bytes`;
    if (target === undefined) out.note(what);
    else {
      const told = { ...(table === undefined ? { facts } : {}), bytes: size, out: target };
      await out.confirm(told, `${what} in ${target}`);
    }
    return EXIT.ok;
  },
};

/** A file is there whole or not at all: half an export looks like a whole one. */
export async function toFile(
  path: string,
  fill: (file: NodeJS.WritableStream) => Promise<void>,
): Promise<void> {
  const part = `${path}.part`;
  try {
    await fill(createWriteStream(part));
    await rename(part, path);
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  }
}

export const importLines: Command = {
  name: "import",
  summary: "Replay commands from NDJSON (- reads standard input) into a hunt that is not live yet",
  usage: "<hunt> <file>",
  options: STRICT,
  example: "import harbour-nights history.ndjson --strict",
  async run(call) {
    const { engine } = call;
    const source = await openSource(call, call.argument("file"));
    const hunt = call.argument("hunt");
    try {
      const path = `/v1/hunts/${encodeURIComponent(hunt)}/import`;
      return await sendLines(call, path, source, { sending: "importing", waiting: "replaying …" });
    } catch (error) {
      if (error instanceof Failure && error.exit === EXIT.unreachable) await askWhy(engine, hunt);
      throw error;
    }
  },
};

/**
 * An engine that refuses an import before it has read all of it closes the
 * connection, and its response may be lost. Asks for the likely reason, the
 * phase, and throws it; returns when it is another one.
 */
async function askWhy(engine: EngineClient, hunt: string): Promise<void> {
  const path = `/v1/hunts/${encodeURIComponent(hunt)}`;
  const definition = await engine.stream("GET", `${path}/definition`);
  await definition.dump();
  const { phase } = await engine.json<Hunt>("GET", path);
  // An ended one may be importable: its whole time may lie in the past.
  if (phase === "live" || phase === "paused") throw refused(`${hunt} is ${phase}: import before it is live`);
}
