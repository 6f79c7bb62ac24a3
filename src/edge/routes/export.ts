/** The export: every fact of a hunt as NDJSON, streamed shard by shard. */
import { type ExportLine, exportLine } from "../../contract/export.ts";
import { calling, shardStub } from "../../objects/call.ts";
import type { Env } from "../../objects/env.ts";
import type { Exported, ExportedGap } from "../../people/personal.ts";
import { exportText } from "../../proof/line.ts";
import { declared } from "../declare.ts";
import { huntOf, shardsOf } from "../hunt.ts";
import { noteReading } from "../readings.ts";
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
      await noteReading(c.env, hunt, c.get("by"), c.get("now"), "export");
      return c.body(await exportFacts(c.env, hunt, shards), 200, { "Content-Type": NDJSON });
    },
  );
}

/** The stream is begun with the first facts in hand, so that a shard that is away refuses the request. */
async function exportFacts(
  env: Env,
  hunt: string,
  shards: readonly string[],
): Promise<ReadableStream<Uint8Array>> {
  const encoder = new TextEncoder();
  const texts = textsOf(env, hunt, shards);
  let first: Awaited<ReturnType<typeof texts.next>> | undefined = await texts.next();
  return new ReadableStream({
    async pull(controller) {
      const next = first ?? (await texts.next());
      first = undefined;
      if (next.done) controller.close();
      else controller.enqueue(encoder.encode(next.value));
    },
  });
}

/** The lines of one page of a shard after the other, each read as fast as the client takes them. */
async function* textsOf(env: Env, hunt: string, shards: readonly string[]): AsyncGenerator<string> {
  for (const shard of shards) {
    for (let after = 0; ; ) {
      const from = after;
      const facts: (Exported | ExportedGap)[] = await calling(async () =>
        shardStub(env, hunt, shard).exportFacts(from),
      );
      const last = facts.at(-1);
      if (!last) break;
      yield facts.map((fact) => `${textOf(shard, fact)}\n`).join("");
      after = last.seq;
    }
  }
}

const textOf = (shard: string, fact: Exported | ExportedGap): string =>
  fact.type === "gap" ? JSON.stringify({ shard, ...fact } satisfies ExportLine) : exportText(shard, fact);
