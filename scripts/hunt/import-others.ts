/** The commands that take a hunt over from other engines. */
import { basename } from "node:path";
import type { Call, Command, Options } from "./command.ts";
import { EXIT, type ExitCode, wrongUsage } from "./failure.ts";
import { readFolder } from "./imports/ctfcli.ts";
import { sourceOf } from "./imports/ctfd.ts";
import { readTables } from "./imports/ctfd-tables.ts";
import { importedFrom, isSlug, safeName, slugOf } from "./imports/definition.ts";
import { fatesOf } from "./imports/fates.ts";
import { Findings } from "./imports/findings.ts";
import { type Replayed, replayOf } from "./imports/replay.ts";
import { reportOf } from "./imports/report.ts";
import type { Source } from "./imports/source.ts";
import { checkFree, writeFolder } from "./imports/write.ts";
import { Zip } from "./imports/zip-file.ts";
import { plural } from "./text.ts";

const OPTIONS: Options = {
  out: { type: "string", value: "folder", about: "where to, a new folder (default: the hunt's id)" },
  hunt: { type: "string", value: "id", about: "the hunt's id (default: made of its title)" },
};

export const importCtfd: Command = {
  name: "import-ctfd",
  summary: "Make a folder to publish of a CTFd export (zip), with what was played and a report",
  usage: "<zip>",
  options: OPTIONS,
  example: "import-ctfd ctf-2026.zip --out hunts/ctf-2026",
  async run(call) {
    const name = call.argument("zip");
    const zip = await Zip.open(call.path(name), name);
    try {
      const findings = new Findings();
      const tables = await readTables(zip, findings);
      const source = sourceOf(tables, zip, findings);
      return await write(call, source, findings, (imported) => replayOf(tables, source, imported, findings));
    } finally {
      zip.close();
    }
  },
};

export const importCtfcli: Command = {
  name: "import-ctfcli",
  summary: "Make a folder to publish of a ctfcli project (a challenge.yml each), with a report",
  usage: "<folder>",
  options: {
    ...OPTIONS,
    title: { type: "string", value: "text", about: "the hunt's title (default: the folder's name)" },
  },
  example: "import-ctfcli my-ctf --out hunts/my-ctf",
  async run(call) {
    const folder = call.path(call.argument("folder"));
    const findings = new Findings();
    const source = await readFolder(folder, call.text("title") ?? basename(folder), findings);
    return write(call, source, findings, () => undefined);
  },
};

async function write(
  call: Call,
  source: Source,
  findings: Findings,
  replay: (imported: ReturnType<typeof importedFrom>) => Replayed | undefined,
): Promise<ExitCode> {
  const { out } = call;
  const hunt = call.text("hunt") ?? slugOf(source.title, "hunt");
  if (!isSlug(hunt)) throw wrongUsage(`"${hunt}" is no hunt id (a-z, 0-9 and inner dashes, 63 at most)`);
  const folder = call.path(call.text("out") ?? hunt);
  await checkFree(folder);
  const imported = importedFrom(source, hunt, await fatesOf(source, ({ name }) => safeName(name)), findings);
  const replayed = replay(imported);
  const lines = replayed?.lines ?? [];
  const texts = [
    { path: "hunt.yaml", text: imported.text },
    ...imported.texts,
    ...(lines.length === 0
      ? []
      : [{ path: "replay.ndjson", text: lines.map((line) => `${JSON.stringify(line)}\n`).join("") }]),
    { path: "report.md", text: reportOf(source.from, imported, findings, replayed) },
  ];
  await writeFolder(folder, { texts, files: imported.files });
  const { all } = findings;
  const told = {
    hunt,
    out: folder,
    clues: imported.clues.length,
    files: imported.files.length,
    lines: lines.length,
    findings: all,
  };
  await out.result(told, async () => {
    await out.issues(
      all.map(({ kind, about, message }) => ({ path: about, code: kind, message })),
      "yellow",
    );
    const parts = [
      plural(told.clues, "clue"),
      plural(told.files, "file"),
      ...(lines.length === 0 ? [] : [`${plural(lines.length, "line")} to replay`]),
      `${plural(all.length, "finding")} in report.md`,
    ];
    await out.line(`${folder}: ${parts.join(", ")}`);
  });
  return EXIT.ok;
}
