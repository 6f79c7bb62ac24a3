/** `hunt lint`: checks a definition without an engine. */
import { LineCounter, parseDocument } from "yaml";
import type { Issue } from "../../src/contract/problem.ts";
import type { Command } from "./command.ts";
import { EXIT } from "./failure.ts";
import { compiledHere, faultsOf, huntOf, readSource, type Source } from "./source.ts";
import { plural } from "./text.ts";

interface Findings {
  issues: Issue[];
  warnings: Issue[];
}

interface Placed extends Issue {
  line?: number;
}

export const lint: Command = {
  name: "lint",
  summary: "Check a definition (YAML or JSON; - reads standard input) without an engine",
  usage: "<file>",
  options: {
    hunt: { type: "string", value: "id", about: "the id it would be published under" },
    strict: { type: "boolean", about: "warnings fail, too" },
  },
  example: "lint hunts/harbour-nights.yaml --strict",
  async run(call) {
    const { out } = call;
    const source = await readSource(call);
    const found = check(source, huntOf(source, call.text("hunt")));
    const issues = placed(found.issues, source);
    const warnings = placed(found.warnings, source);
    if (out.json) await out.value({ file: source.name, issues, warnings });
    else {
      await out.issues(issues.map(withLine), "red");
      await out.issues(warnings.map(withLine), "yellow");
      out.note(`${source.name}: ${plural(issues.length, "issue")}, ${plural(warnings.length, "warning")}`);
    }
    return issues.length > 0 || (call.flag("strict") && warnings.length > 0) ? EXIT.refused : EXIT.ok;
  },
};

/** Finds everything that publishing would. Digests and codes are stand-ins, as both need the engine's secrets. */
function check(source: Source, hunt: string): Findings {
  const { parsed } = source;
  if (parsed.issues) return { issues: faultsOf(source, hunt) ?? [], warnings: [] };
  const compiled = compiledHere(parsed.definition, hunt);
  return compiled.issues
    ? { issues: compiled.issues, warnings: [] }
    : { issues: [], warnings: compiled.warnings };
}

/** Adds the line each path begins at, as far as the text has it. */
function placed(issues: readonly Issue[], { text, parsed }: Source): Placed[] {
  // A text the reader refused has no paths (and may be made to be slow to read).
  if (issues.length === 0 || (parsed.issues && issues.every(({ path }) => path === ""))) return [...issues];
  const counter = new LineCounter();
  const document = parseDocument(text, {
    schema: "core",
    lineCounter: counter,
    uniqueKeys: false,
    logLevel: "silent",
  });
  return issues.map((issue) => {
    const keys = issue.path === "" ? [] : issue.path.split(".");
    for (let length = keys.length; length > 0; length -= 1) {
      const node = document.getIn(keys.slice(0, length), true) as
        | { range?: [number, number, number] }
        | undefined;
      if (node?.range) return { ...issue, line: counter.linePos(node.range[0]).line };
    }
    return issue;
  });
}

function withLine({ path, code, message, line }: Placed): Issue {
  return { path, code, message: line === undefined ? message : `${message} (line ${line})` };
}
