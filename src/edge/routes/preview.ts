/** A clue while it is written. */
import { DEFINITION_BYTES, textOfGiven } from "../../contract/definition.ts";
import { type Preview, preview, previewBody } from "../../contract/preview.ts";
import { type Issue, type Refusal, RequestError } from "../../errors.ts";
import { calling, controlStub } from "../../objects/call.ts";
import { declared } from "../declare.ts";
import { huntOf } from "../hunt.ts";
import type { App } from "../request.ts";
import { organiser } from "../roles.ts";

export function previewRoutes(app: App): void {
  app.openapi(
    declared({
      method: "post",
      path: "/v1/hunts/{hunt}/preview",
      summary:
        "A clue of a definition that need not be published, as players would see it, and why a try at it is right or wrong",
      role: organiser,
      // One that was never published as well.
      hunt: "unchecked",
      json: previewBody,
      maxBytes: DEFINITION_BYTES,
      responses: { 200: { description: "The clue, and what the try came to", schema: preview } },
      errors: ["bad_request", "not_found", "unavailable"],
    }),
    async (c) => {
      const { definition, ...wish } = c.req.valid("json");
      const asked = { ...wish, ...textOfGiven(definition) };
      const told = (await calling(async () => controlStub(c.env, huntOf(c)).preview(asked))) as
        | Preview
        | (Refusal & { issues?: Issue[] });
      if ("refused" in told) throw new RequestError(told.refused, told.detail, told.issues, told.retryAfter);
      return c.json(told, 200);
    },
  );
}
