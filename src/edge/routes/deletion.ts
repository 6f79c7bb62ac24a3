/** Deleting a hunt, and how far that is. */
import { forgetHunt } from "../../cache/kv.ts";
import { deleteHuntQuery, deletionBegun, deletionJob } from "../../contract/deletion.ts";
import { mayIn } from "../../contract/role-table.ts";
import { accepted, RequestError } from "../../errors.ts";
import { calling, directoryStub } from "../../objects/call.ts";
import { declared } from "../declare.ts";
import { huntOf, iso } from "../hunt.ts";
import type { App } from "../request.ts";
import { organiser } from "../roles.ts";

export function deletionRoutes(app: App): void {
  app.openapi(
    declared({
      method: "delete",
      path: "/v1/hunts/{hunt}",
      summary: "Delete the hunt, whole: every row, copy and message of it; for good",
      role: organiser,
      // The same request again finds a hunt that exists for nobody else any more.
      hunt: "unchecked",
      query: deleteHuntQuery,
      responses: { 202: { description: "The job that erases it", schema: deletionBegun } },
      errors: ["conflict", "unavailable"],
    }),
    async (c) => {
      const hunt = huntOf(c);
      const { confirm, reason } = c.req.valid("query");
      if (confirm !== hunt) {
        throw new RequestError("invalid", "the content does not have the right form", [
          { path: "confirm", code: "invalid_value", message: `must be ${hunt}, the hunt to delete` },
        ]);
      }
      const begun = await calling(async () =>
        directoryStub(c.env).deleteHunt(hunt, reason, c.get("by"), c.get("now")),
      );
      forgetHunt(hunt);
      return c.json({ job: accepted(begun).job }, 202);
    },
  );

  app.openapi(
    declared({
      method: "get",
      path: "/v1/jobs/{job}",
      summary: "How far the deletion of a hunt is",
      role: organiser,
      responses: { 200: { description: "Steps that are done, of all", schema: deletionJob } },
      errors: ["not_found", "unavailable"],
    }),
    async (c) => {
      const { job } = c.req.valid("param");
      const { begunAt, endedAt, ...told } = accepted(
        await calling(async () => directoryStub(c.env).job(job)),
      );
      // Whoever deleted it may look, although the token is of a hunt that there is no more.
      if (!mayIn(c.get("organiser"), told.hunt)) {
        throw new RequestError("not_found", "no such job");
      }
      // The next look at this hunt's id is at what there is now.
      if (told.state === "done") forgetHunt(told.hunt);
      return c.json(
        {
          ...told,
          begunAt: iso(begunAt),
          ...(endedAt === undefined ? {} : { endedAt: iso(endedAt) }),
        },
        200,
      );
    },
  );
}
