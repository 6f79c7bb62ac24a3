import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { BODY_TIME, readJson, readText } from "../../src/edge/body.ts";
import { linesOf } from "../../src/edge/lines.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A request whose body comes in these parts, each so many ms after the one before; without `ends` more is never sent. */
function slow(parts: [wait: number, text: string][], { ends = false, announced = false } = {}): Request {
  const encoder = new TextEncoder();
  const rest = parts.values();
  const body = new ReadableStream<Uint8Array>({
    pull: (controller) =>
      new Promise((done) => {
        const next = rest.next();
        if (next.done) {
          if (ends) {
            controller.close();
            done();
          }
          return;
        }
        const [wait, text] = next.value;
        setTimeout(() => {
          controller.enqueue(encoder.encode(text));
          done();
        }, wait);
      }),
  });
  const headers = { "content-type": "application/json", ...(announced ? { "content-length": "20" } : {}) };
  return new Request("http://engine.test/", { method: "POST", body, headers, duplex: "half" } as RequestInit);
}

/** What the reading ends in, seen after this many ms. */
async function seenAfter(ms: number, reading: Promise<unknown>): Promise<unknown> {
  let seen: unknown = "still reading";
  reading.then(
    (value) => {
      seen = value;
    },
    (error: { code: string }) => {
      seen = error.code;
    },
  );
  await vi.advanceTimersByTimeAsync(ms);
  return seen;
}

describe("[SEC-82] a body that does not arrive within 30 seconds is a timeout", () => {
  test.each([
    ["announced JSON", (request: Request) => readJson(request, 100), true],
    ["JSON of unknown length", (request: Request) => readJson(request, 100), false],
    ["text", (request: Request) => readText(request, 100), false],
  ])("%s", async (_, read, announced) => {
    const trickle: [number, string][] = Array.from({ length: 20 }, () => [2_000, " "]);
    expect(await seenAfter(BODY_TIME - 1, read(slow(trickle, { announced })))).toBe("still reading");
    expect(await seenAfter(BODY_TIME, read(slow(trickle, { announced })))).toBe("timeout");
    expect(await seenAfter(BODY_TIME, read(slow([[29_000, "{}"]], { ends: true, announced })))).not.toBe(
      "timeout",
    );
    expect(vi.getTimerCount()).toBeLessThan(5);
  });

  test("a stream of lines may go on for longer, as long as each part comes in time", async () => {
    const read = async (request: Request) => {
      const lines: number[] = [];
      for await (const { line } of linesOf(request, { lineMax: 100, bodyMax: 1_000 })) lines.push(line);
      return lines;
    };
    const parts: [number, string][] = Array.from({ length: 4 }, () => [25_000, "{}\n"]);
    expect(await seenAfter(100_000, read(slow(parts, { ends: true })))).toEqual([1, 2, 3, 4]);
    expect(await seenAfter(100_000 + BODY_TIME, read(slow(parts)))).toBe("timeout");
  });
});
