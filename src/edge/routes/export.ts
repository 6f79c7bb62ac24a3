/** The export: every fact of a hunt as NDJSON, streamed shard by shard. */

import { calling, shardStub } from "../../objects/call.ts";
import type { Env } from "../../objects/env.ts";
import type { Fact } from "../../protocol.ts";

/** Pulls one answer of a shard at a time, as fast as the client reads. */
export function exportFacts(env: Env, hunt: string, shards: readonly string[]): ReadableStream<Uint8Array> {
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
          controller.enqueue(encoder.encode(facts.map((fact) => exportLine(current, fact)).join("")));
          return;
        }
        shard = rest.shift();
        after = 0;
      }
      controller.close();
    },
  });
}

function exportLine(shard: string, fact: Fact): string {
  // The digest of a scanned code is of no use outside, nor is a joining's key.
  const { codeDigest: _, event, ...rest } = fact as Fact & { codeDigest?: string; event?: string };
  const told = fact.type === "join" || event === undefined ? rest : { ...rest, event };
  return `${JSON.stringify({ shard, ...told, at: new Date(fact.at).toISOString() })}\n`;
}
