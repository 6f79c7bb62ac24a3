/** Whether everything follows from the logs, who did what, and the archive anew. */
import { audit, auditQuery, rearchived, repaired, verification } from "../../contract/data.ts";
import { reasonBody } from "../../contract/teams.ts";
import { verifyHunt } from "../../control/verify.ts";
import { accepted } from "../../errors.ts";
import { calling, controlStub } from "../../objects/call.ts";
import type { RepairReport } from "../../objects/control.ts";
import { guardedOrigin } from "../../origin/guarded.ts";
import { openOrigin } from "../../origin/open.ts";
import { declared } from "../declare.ts";
import { huntEntry, huntOf, iso, shardsOf } from "../hunt.ts";
import type { App } from "../request.ts";
import { organiser } from "../roles.ts";

export function verifyRoutes(app: App): void {
  app.openapi(
    declared({
      method: "get",
      path: "/v1/hunts/{hunt}/verify",
      summary: "Refold every log and compare states, standings and origin with it",
      role: organiser,
      responses: { 200: { description: "ok, or what differs", schema: verification } },
      errors: ["unavailable"],
    }),
    async (c) => {
      const hunt = huntOf(c);
      const shards = await shardsOf(c.env, hunt, c.get("now"));
      const { rehearsal } = await huntEntry(c.env, hunt, c.get("now"));
      if (rehearsal) return c.json(await verifyHunt(c.env, undefined, hunt, shards), 200);
      const store = openOrigin(c.env);
      try {
        return c.json(await verifyHunt(c.env, guardedOrigin(c.env, store), hunt, shards), 200);
      } finally {
        await store.close();
      }
    },
  );

  app.openapi(
    declared({
      method: "post",
      path: "/v1/hunts/{hunt}/rearchive",
      summary: "Send every log to the origin again: it is another one, or lost its rows",
      role: organiser,
      json: reasonBody,
      responses: { 202: { description: "Facts on their way", schema: rearchived } },
      errors: ["conflict"],
    }),
    async (c) => {
      const hunt = huntOf(c);
      const { reason } = c.req.valid("json");
      await huntEntry(c.env, hunt, c.get("now"));
      const { facts } = accepted(
        await calling(async () => controlStub(c.env, hunt).rearchive(reason, c.get("by"))),
      );
      return c.json({ facts }, 202);
    },
  );

  app.openapi(
    declared({
      method: "post",
      path: "/v1/hunts/{hunt}/repair",
      summary:
        "Close the gaps of the logs from the origin's archive, as far as its facts are those that were logged",
      role: organiser,
      json: reasonBody,
      responses: { 200: { description: "What is closed, and what stays", schema: repaired } },
      errors: ["conflict"],
    }),
    async (c) => {
      const hunt = huntOf(c);
      const { reason } = c.req.valid("json");
      await huntEntry(c.env, hunt, c.get("now"));
      const report: RepairReport = accepted(
        await calling(async () => controlStub(c.env, hunt).repair(reason, c.get("by"))),
      );
      return c.json(report, 200);
    },
  );

  app.openapi(
    declared({
      method: "get",
      path: "/v1/hunts/{hunt}/audit",
      summary: "Every organiser action and every reading of secrets, newest first, page by page",
      role: organiser,
      query: auditQuery,
      responses: { 200: { description: "Who, when, what, from which request", schema: audit } },
    }),
    async (c) => {
      const hunt = huntOf(c);
      const { cursor, limit } = c.req.valid("query");
      await huntEntry(c.env, hunt, c.get("now"));
      const before = cursor === undefined ? undefined : Number(cursor);
      const { entries, next } = await calling(async () => controlStub(c.env, hunt).audit(before, limit));
      return c.json(
        {
          entries: entries.map((entry) => ({ ...entry, at: iso(entry.at) })),
          ...(next === undefined ? {} : { cursor: String(next) }),
        },
        200,
      );
    },
  );
}
