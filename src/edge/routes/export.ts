/** The export: every fact of a hunt as NDJSON, streamed shard by shard. */
import { type ExportLine, exportLine } from "../../contract/export.ts";
import { calling, callingOnce, controlStub, shardStub } from "../../objects/call.ts";
import type { Env } from "../../objects/env.ts";
import type { Fact } from "../../protocol.ts";
import { declared } from "../declare.ts";
import { huntOf, iso, shardsOf } from "../hunt.ts";
import type { App } from "../request.ts";
import { organiser } from "../roles.ts";

const NDJSON = "application/x-ndjson";

export function exportRoutes(app: App): void {
  app.openapi(
    declared({
      method: "get",
      path: "/v1/hunts/{hunt}/export",
      summary: "Every fact, one a line, in (shard, seq) order",
      role: organiser,
      responses: { 200: { description: "NDJSON, streamed", type: NDJSON, line: exportLine } },
    }),
    async (c) => {
      const hunt = huntOf(c);
      const shards = await shardsOf(c.env, hunt, c.get("now"));
      const entry = { ...c.get("by"), at: c.get("now"), action: "export", detail: {} };
      await callingOnce(async () => controlStub(c.env, hunt).recordAction(entry));
      return c.body(exportFacts(c.env, hunt, shards), 200, { "Content-Type": NDJSON });
    },
  );
}

/** Pulls one page of a shard at a time, as fast as the client reads. */
function exportFacts(env: Env, hunt: string, shards: readonly string[]): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  const rest = [...shards];
  let shard = rest.shift();
  let after = 0;
  return new ReadableStream({
    async pull(controller) {
      while (shard !== undefined) {
        const current = shard;
        const facts: Fact[] = await calling(async () => shardStub(env, hunt, current).exportFacts(after));
        const last = facts.at(-1);
        if (last) {
          after = last.seq;
          controller.enqueue(encoder.encode(facts.map((fact) => textOf(current, fact)).join("")));
          return;
        }
        shard = rest.shift();
        after = 0;
      }
      controller.close();
    },
  });
}

const textOf = (shard: string, fact: Fact): string => `${JSON.stringify(lineOf(shard, fact))}\n`;

/** The digest of a scanned code is of no use outside, nor is a joining's key. */
function lineOf(shard: string, fact: Fact): ExportLine {
  const at = iso(fact.at);
  if (fact.type === "join") {
    const { event: _, ...rest } = fact;
    return { shard, ...rest, at };
  }
  if ("outcome" in fact) {
    const { codeDigest: _, event, ...rest } = fact;
    return { shard, ...rest, at, event };
  }
  return { shard, ...fact, at };
}
