/** `hunt proof`: holds an export against the roots of its hunt. */
import { createReadStream } from "node:fs";
import type { Proof, Root, Roots } from "../../src/contract/proof.ts";
import type { Call, Command } from "./command.ts";
import { EXIT, Failure, refused } from "./failure.ts";
import {
  CheckedExport,
  firstWrong,
  type Leaf,
  LeavesOfRoot,
  rootsInOrder,
  type WrongLine,
} from "./proof-check.ts";
import { plural } from "./text.ts";

const NEWLINE = 0x0a;

export const proof: Command = {
  name: "proof",
  summary: "Hold an export against the roots of its hunt, line by line",
  usage: "<hunt> <export>",
  options: {
    until: {
      type: "string",
      value: "time",
      about: "when the export was made, if that was before the newest root (ISO 8601)",
    },
  },
  example: "proof harbour-nights harbour-nights.ndjson",
  async run(call) {
    const hunt = encodeURIComponent(call.argument("hunt"));
    const path = call.path(call.argument("export"));
    const roots = rootsInOrder(await rootsOf(call, hunt));
    const checked = new CheckedExport(roots);
    let wrong: WrongLine | undefined;
    let number = 0;
    for await (const line of linesOf(path)) {
      number += 1;
      wrong = checked.take(line, number);
      if (wrong) break;
    }
    wrong ??= checked.end(number);
    wrong ??= await wrongIn(checked.mismatched(), path, (leaf) => proofOf(call, hunt, leaf));
    if (wrong) throw refused(`line ${wrong.line}: ${wrong.why}`);
    const { proven, newer } = checked;
    await call.out.result({ proven, newer, roots: roots.length }, () =>
      call.out.line(
        `${plural(proven, "fact")} proven by ${plural(roots.length, "root")}, ${newer} newer than the last root`,
      ),
    );
    return EXIT.ok;
  },
};

async function rootsOf(call: Call, hunt: string): Promise<Root[]> {
  const until = call.text("until");
  const time = until === undefined ? Number.POSITIVE_INFINITY : Date.parse(until);
  if (Number.isNaN(time)) throw new Failure(EXIT.usage, "--until must be a time, as 2026-06-06T18:30:00Z");
  const roots: Root[] = [];
  for (let cursor: string | undefined; ; ) {
    const page: Roots = await call.engine.json<Roots>("GET", `/v1/hunts/${hunt}/proof`, {
      query: { cursor },
    });
    roots.push(...page.roots);
    if (page.cursor === undefined) return roots.filter(({ at }) => Date.parse(at) <= time);
    cursor = page.cursor;
  }
}

/** The lines of a file to the byte: only LF ends one. */
async function* linesOf(path: string): AsyncGenerator<Buffer> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
    let bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE)) {
      yield bytes.subarray(0, end);
      bytes = bytes.subarray(end + 1);
    }
    rest = bytes;
  }
  if (rest.length > 0) yield rest;
}

/** The first line that is not as its root has it. Reads the export again: the lines of a root may stand far apart. */
async function wrongIn(
  roots: readonly { root: Root; from: number }[],
  path: string,
  ask: (leaf: Leaf) => Promise<Proof>,
): Promise<WrongLine | undefined> {
  let first: WrongLine | undefined;
  for (const { root, from } of roots) {
    // All that is wrong in it, and in those that begin later, comes after the line that was found.
    if (first && from > first.line) break;
    const lines = new LeavesOfRoot(root);
    let number = 0;
    for await (const line of linesOf(path)) {
      number += 1;
      lines.take(line, number);
    }
    const wrong = await whereIn(root, lines.leaves, ask);
    if (!first || wrong.line < first.line) first = wrong;
  }
  return first;
}

async function whereIn(
  root: Root,
  leaves: readonly Leaf[],
  ask: (leaf: Leaf) => Promise<Proof>,
): Promise<WrongLine> {
  const line = leaves[0]?.line ?? 0;
  try {
    const found = await firstWrong(root, leaves, ask);
    if (found) return { line: found.line, why: "it is not as it was recorded" };
    return { line, why: `the engine does not tell a way to the root of ${root.at} any more` };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    const last = leaves.at(-1)?.line ?? line;
    return {
      line,
      why: `it, or another line up to ${last}, is not as the root of ${root.at} has it (the engine does not say which: ${error.message})`,
    };
  }
}

const proofOf = (call: Call, hunt: string, { shard, seq }: Leaf): Promise<Proof> =>
  call.engine.json<Proof>("GET", `/v1/hunts/${hunt}/proof/${encodeURIComponent(shard)}/${seq}`);
