/** A streamed body line by line, bounded: a line that is too long or no text spoils no other. */
import type { z } from "zod";
import { RequestError } from "../errors.ts";
import { issuesOf } from "../intake/check.ts";
import { cutOff, inTime } from "./body.ts";

/** What a line without text counts when a body is drained, characters. */
const LONG_LINE = 8_192;

/** Media types of newline-delimited JSON. */
export const NDJSON_TYPES = ["application/x-ndjson", "application/jsonl", "text/plain"];

const NEWLINE = 0x0a;

/** A line of more bytes than this is taken for one without an end. */
const ENDLESS = 1_048_576;

/** Stateless as long as it is not used for streaming. */
const strictUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false });

/** A line with its number in the body, from 1: its text, or why it has none. */
export type Line = { line: number } & ({ text: string } | { code: string; message: string });

/**
 * The lines that are not blank. Throws `payload_too_large` for a body over
 * `bodyMax` bytes: at once if it is announced, else after reading on for as much
 * again, so that a client that is still sending hears it instead of seeing a
 * broken connection. A line without an end is refused at once; the rest of the
 * body is left to `readOn` (body.ts). Whoever reads may change the limits after a line that says what the body is.
 */
export async function* linesOf(
  request: Request,
  limits: { lineMax: number; bodyMax: number },
): AsyncGenerator<Line, void> {
  const tooLarge = (): RequestError =>
    new RequestError("payload_too_large", `the body may have ${limits.bodyMax} bytes at most`);
  const announced = Number(request.headers.get("content-length") ?? 0);
  if (announced > limits.bodyMax) throw tooLarge();
  let line = 1;
  let parts: Uint8Array[] = [];
  let length = 0;
  let size = 0;

  const add = (part: Uint8Array): void => {
    length += part.byteLength;
    if (length <= limits.lineMax) parts.push(part);
  };
  const end = (): Line | undefined => {
    const { lineMax } = limits;
    const ended = length > lineMax ? lineTooLong(line, lineMax) : read(line, parts, length);
    line += 1;
    parts = [];
    length = 0;
    return ended;
  };

  const reader = request.body?.getReader();
  let isWaiting = false;
  const nextOf = async (): Promise<ReadableStreamReadResult<unknown> | undefined> => {
    isWaiting = true;
    const next = reader && (await inTime(reader.read()));
    isWaiting = false;
    return next;
  };
  try {
    for (let next = await nextOf(); next && !next.done; next = await nextOf()) {
      const chunk = next.value as Uint8Array;
      size += chunk.byteLength;
      if (size > 2 * limits.bodyMax) throw tooLarge();
      if (size > limits.bodyMax) continue;
      let from = 0;
      for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, from)) {
        add(chunk.subarray(from, at));
        from = at + 1;
        const ended = end();
        if (ended) yield ended;
        if (announced > limits.bodyMax) throw tooLarge();
      }
      add(chunk.subarray(from));
      if (length <= ENDLESS) continue;
      throw new RequestError("payload_too_large", `line ${line} has no end within ${ENDLESS} bytes`);
    }
  } catch (error) {
    throw error instanceof RequestError ? error : cutOff();
  } finally {
    // A part that never came is still awaited: the sender may have gone away.
    if (isWaiting) reader?.cancel().catch(() => undefined);
    else reader?.releaseLock();
  }
  if (size > limits.bodyMax) throw tooLarge();
  const ended = end();
  if (ended) yield ended;
}

/** Reads what is left of a body, up to a bound, and throws it away, so that its sender hears the response. */
export async function drain(
  lines: AsyncGenerator<Line, void>,
  charactersMax = Number.POSITIVE_INFINITY,
): Promise<void> {
  let characters = 0;
  for (let next = await lines.next(); !next.done; next = await lines.next()) {
    // A line that was too long is counted as what it was allowed.
    characters += "text" in next.value ? next.value.text.length : LONG_LINE;
    if (characters > charactersMax) return;
  }
}

/** The line's JSON as the schema has it, with its text; or what is wrong with it, quoting nothing. */
export function readLine<Schema extends z.ZodType>(
  line: Line,
  schema: Schema,
): { value: z.output<Schema>; text: string } | { code: string; message: string } {
  if (!("text" in line)) return { code: line.code, message: line.message };
  let value: unknown;
  try {
    value = JSON.parse(line.text);
  } catch {
    return { code: "bad_request", message: "the line is not valid JSON" };
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return { value: parsed.data, text: line.text };
  const [issue] = issuesOf(parsed.error);
  return { code: "invalid", message: [issue?.path, issue?.message].filter(Boolean).join(": ") };
}

const lineTooLong = (line: number, lineMax: number): Line => ({
  line,
  code: "payload_too_large",
  message: `a line may have ${lineMax} bytes at most`,
});

/** Undefined: the line is blank. */
function read(line: number, parts: readonly Uint8Array[], length: number): Line | undefined {
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.byteLength;
  }
  let text: string;
  try {
    text = strictUtf8.decode(bytes);
  } catch {
    return { line, code: "bad_request", message: "the line is not valid UTF-8" };
  }
  return text.trim() === "" ? undefined : { line, text };
}
