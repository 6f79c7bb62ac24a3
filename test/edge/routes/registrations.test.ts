import fc from "fast-check";
import { afterEach, describe, expect, test, vi } from "vitest";
import { type Line, linesOf } from "../../../src/edge/lines.ts";
import { takeRegistrations } from "../../../src/edge/routes/registrations.ts";
import type { Registration } from "../../../src/protocol.ts";
import type { SealedMessage } from "../../../src/queue/message.ts";
import { openRegistering, registeringText } from "../../../src/queue/registrations.ts";

const SECRETS = { CODE_KEYS: `k1:${"A".repeat(43)}` };
const sealed = (registrations: Registration[]) => registeringText(SECRETS, { registrations });
const opened = (body: string): Registration[] => {
  const content = openRegistering(SECRETS, JSON.parse(body) as SealedMessage);
  return "registrations" in content ? content.registrations : [];
};

/** A request whose body comes in these pieces. */
function request(pieces: readonly (string | Uint8Array)[]): Request {
  const encoder = new TextEncoder();
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const piece of pieces)
        controller.enqueue(typeof piece === "string" ? encoder.encode(piece) : piece);
      controller.close();
    },
  });
  return new Request("http://engine.test/", { method: "POST", body, duplex: "half" } as RequestInit);
}

async function read(
  pieces: readonly (string | Uint8Array)[],
  lineMax = 100,
  bodyMax = 10_000,
): Promise<Line[]> {
  const lines: Line[] = [];
  for await (const line of linesOf(request(pieces), { lineMax, bodyMax })) lines.push(line);
  return lines;
}

describe("[REG-11] lines of a streamed body", () => {
  test("are the same however the body is cut", async () => {
    const text = fc.string({ unit: fc.constantFrom("a", "ü", "😀", "\n", "\r", " ") });
    await fc.assert(
      fc.asyncProperty(text, fc.array(fc.nat(50)), async (body, cuts) => {
        const bytes = new TextEncoder().encode(body);
        const pieces: Uint8Array[] = [];
        let from = 0;
        for (const cut of cuts) {
          pieces.push(bytes.slice(from, from + cut));
          from = Math.min(bytes.length, from + cut);
        }
        pieces.push(bytes.slice(from));
        const expected = body
          .split("\n")
          .map((line, index) => ({ line: index + 1, text: line }))
          .filter((line) => line.text.trim() !== "");
        expect(await read(pieces, 1_000)).toEqual(expected);
      }),
    );
  });

  test("one that is too long, or no UTF-8, is told by its number and spoils no other", async () => {
    const long = "x".repeat(101);
    expect(
      await read(["a\n", long.slice(50), `${long.slice(0, 50)}y\n`, new Uint8Array([0xff, 0x0a]), "b"]),
    ).toEqual([
      { line: 1, text: "a" },
      { line: 2, code: "payload_too_large", message: "a line may have 100 bytes at most" },
      { line: 3, code: "bad_request", message: "the line is not valid UTF-8" },
      { line: 4, text: "b" },
    ]);
    expect(await read([long])).toMatchObject([{ line: 1, code: "payload_too_large" }]);
    expect(await read([long.slice(1)])).toEqual([{ line: 1, text: long.slice(1) }]);
  });

  test("of a body that is too large are refused after as much again was read", async () => {
    const rejection = expect.objectContaining({ code: "payload_too_large" });
    await expect(read(["a\n".repeat(5_001)])).rejects.toEqual(rejection);
    await expect(read(Array.from({ length: 100 }, () => "a\n".repeat(1_000)))).rejects.toEqual(rejection);
  });
});

describe("[REG-12] registrations on their way to the queue", () => {
  afterEach(() => vi.restoreAllMocks());

  /** A queue that takes batches as the platform does. */
  function queue(fails = () => false) {
    const batches: { body: string; contentType?: string }[][] = [];
    return {
      batches,
      registrations: () => batches.flat().flatMap(({ body }) => opened(body)),
      async sendBatch(messages: Iterable<{ body: string; contentType?: string }>) {
        if (fails()) throw new Error("the queue is full");
        batches.push([...messages]);
      },
    };
  }
  const take = (to: ReturnType<typeof queue>, pieces: readonly string[]) =>
    takeRegistrations(to as unknown as Queue<string>, sealed, request(pieces), 7);
  const line = (index: number, name = "") => `${JSON.stringify({ externalId: `p-${index}`, name })}\n`;

  test.each([
    ["short", "N"],
    ["long", "ü".repeat(80)],
    ["longest as JSON", '\\"'.repeat(40)],
  ])("fit its limits, all of them and in order: %s lines", async (_, name) => {
    const to = queue();
    const count = 4_000;
    const answer = await take(
      to,
      Array.from({ length: count }, (__, index) => line(index, name)),
    );
    expect(answer).toEqual({ lines: count, accepted: count, rejected: [] });
    expect(to.registrations().map(({ externalId }) => externalId)).toEqual(
      Array.from({ length: count }, (__, index) => `p-${index}`),
    );
    for (const batch of to.batches) {
      const sizes = batch.map(({ body }) => Buffer.byteLength(body));
      expect(Math.max(...sizes)).toBeLessThanOrEqual(121_000);
      expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(240_000);
      expect(batch.length).toBeLessThanOrEqual(100);
      for (const { body, contentType } of batch) {
        expect(JSON.parse(body)).toMatchObject({ v: 2, kind: "registrations" });
        expect(opened(body).length).toBeLessThanOrEqual(500);
        expect(contentType).toBe("text");
      }
    }
  });

  test("a queue that takes nothing makes the request unavailable, to be sent again", async () => {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => undefined);
    let sent = 0;
    const to = queue(() => {
      sent += 1;
      return sent > 1;
    });
    const pieces = Array.from({ length: 4_000 }, (_, index) => line(index, "N".repeat(80)));
    await expect(take(to, pieces)).rejects.toMatchObject({ code: "unavailable" });
    expect(sent).toBe(2);
    expect(JSON.stringify(warn.mock.calls)).not.toContain("p-1");
  });

  test("beyond 200,000 lines are left", async () => {
    const to = queue();
    const pieces = Array.from({ length: 200_001 }, (_, index) => `{"externalId":"${index}"}\n`);
    await expect(take(to, pieces)).rejects.toMatchObject({
      code: "payload_too_large",
      detail: expect.stringContaining("line 200001"),
    });
  }, 180_000);

  test("rejected lines are told up to a bound and counted beyond it", async () => {
    const answer = await take(queue(), ["{\n".repeat(10_500), line(1, "N")]);
    expect(answer).toMatchObject({ lines: 10_501, accepted: 1 });
    expect(answer.rejected).toHaveLength(10_000);
  });
});
