/** Where in a definition's text its issues are. PURE. */
import { LineCounter, parseDocument } from "yaml";
import type { Issue } from "../../contract/problem.ts";

/** An issue, and its place in the text. */
interface Placed {
  issue: Issue;
  from: number;
  to: number;
  line: number;
}

/** Finds the dotted paths of the issues. */
export function placed(text: string, found: readonly Issue[]): Placed[] {
  const counter = new LineCounter();
  const document = parseDocument(text, { lineCounter: counter, keepSourceTokens: false });
  return found.map((issue) => {
    const steps =
      issue.path === ""
        ? []
        : issue.path.split(".").map((step) => (/^\d+$/.test(step) ? Number(step) : step));
    for (let length = steps.length; length >= 0; length -= 1) {
      const node = document.getIn(steps.slice(0, length), true) as
        | { range?: [number, number, number] }
        | undefined;
      if (!node?.range || length === 0) continue;
      const [from, to] = node.range;
      return { issue, from, to: Math.min(to, text.length), line: counter.linePos(from).line };
    }
    // Of a text that cannot be read, the engine says where.
    const [, told = "1", column = "1"] = /\(line (\d+), column (\d+)\)$/.exec(issue.message) ?? [];
    const line = Math.min(Number(told), counter.lineStarts.length || 1);
    const from = Math.min((counter.lineStarts[line - 1] ?? 0) + Number(column) - 1, text.length);
    return { issue, from, to: Math.min(from + 1, text.length), line };
  });
}
