/** The export: every fact of a hunt as NDJSON, or tables and results, streamed. */
import { exportedLine } from "../../contract/backup.ts";
import type { ExportLine } from "../../contract/export.ts";
import { OPEN_TABLES } from "../../contract/table-names.ts";
import { ctftimeFeed, exportQuery } from "../../contract/tables.ts";
import { accepted, RequestError } from "../../errors.ts";
import { isOver, phaseAt } from "../../hunt/phase.ts";
import { calling, controlStub, leaderboardStub } from "../../objects/call.ts";
import type { Env } from "../../objects/env.ts";
import type { Exported, ExportedGap } from "../../people/personal.ts";
import { exportText } from "../../proof/line.ts";
import { backupTexts } from "../backup.ts";
import { declared } from "../declare.ts";
import { huntEntry, huntOf, shardsOf, timeIn } from "../hunt.ts";
import { noteReading } from "../readings.ts";
import type { App } from "../request.ts";
import { exporter } from "../roles.ts";
import { csvTexts, ctftimeTexts, factsOf, type TableOf } from "../tables.ts";
import { winnersOfAll } from "./prizes.ts";

const NDJSON = "application/x-ndjson";

export function exportRoutes(app: App): void {
  app.openapi(
    declared({
      method: "get",
      path: "/v1/hunts/{hunt}/export",
      summary:
        "Every fact, one a line, in (shard, seq) order; with format=csv a table, with format=ctftime the public results, without a token; with format=backup all of the hunt, for owners",
      role: exporter,
      query: exportQuery,
      responses: {
        200: {
          description: "Streamed: NDJSON, CSV (RFC 4180) or JSON for CTFtime",
          type: NDJSON,
          line: exportedLine,
          also: { "text/csv": undefined, "application/json": ctftimeFeed },
        },
      },
      errors: ["conflict", "unavailable"],
    }),
    async (c) => {
      const hunt = huntOf(c);
      const now = c.get("now");
      const { format, what = "standings", bom } = c.req.valid("query");
      const { by } = c.var;
      const entry = await huntEntry(c.env, hunt, now);
      const shards = await shardsOf(c.env, hunt, now);
      const of: TableOf = { env: c.env, hunt, entry, shards };
      if (format === "ctftime") {
        if (!(await isPublic(of, now))) {
          throw new RequestError("conflict", "the results are not public yet");
        }
        const titles = await titlesOf(c.env, hunt);
        return c.body(await streamed(ctftimeTexts(of, titles)), 200, { "Content-Type": "application/json" });
      }
      if (!by) throw new RequestError("unauthenticated", "an organiser's token is needed");
      if (format === "csv") {
        if (!OPEN_TABLES.includes(what)) await noteReading(c.env, hunt, by, now, "export", { what });
        return c.body(await streamed(csvTexts(of, what, bom === "1", winnersOfAll)), 200, {
          "Content-Type": "text/csv; charset=utf-8",
          "Content-Disposition": `attachment; filename="${hunt}-${what}.csv"`,
        });
      }
      if (format === "backup") {
        await noteReading(c.env, hunt, by, now, "export", { format });
        return c.body(await streamed(backupTexts(c.env, hunt, timeIn(entry, now))), 200, {
          "Content-Type": NDJSON,
          "Content-Disposition": `attachment; filename="${hunt}-backup.ndjson"`,
        });
      }
      await noteReading(c.env, hunt, by, now, "export");
      return c.body(await streamed(textsOf(of)), 200, { "Content-Type": NDJSON });
    },
  );
}

/** The hunt is over, and its standings do not stand still any more. */
async function isPublic({ env, hunt, entry }: TableOf, now: number): Promise<boolean> {
  if (!isOver(phaseAt(entry.phase, entry.hunt, now))) return false;
  const page = await calling(async () =>
    leaderboardStub(env, hunt).read({ offset: 0, limit: 1, organiser: false }),
  );
  return !page.frozen;
}

const titlesOf = async (env: Env, hunt: string): Promise<string[]> =>
  accepted(await calling(async () => controlStub(env, hunt).clueTitles()));

/** The stream is begun with the first text in hand, so that an object that is away refuses the request. */
async function streamed(texts: AsyncGenerator<string>): Promise<ReadableStream<Uint8Array>> {
  const encoder = new TextEncoder();
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
async function* textsOf(of: TableOf): AsyncGenerator<string> {
  for await (const { shard, facts } of factsOf(of)) {
    yield facts.map((fact) => `${textOf(shard, fact)}\n`).join("");
  }
}

const textOf = (shard: string, fact: Exported | ExportedGap): string =>
  fact.type === "gap" ? JSON.stringify({ shard, ...fact } satisfies ExportLine) : exportText(shard, fact);
