/** The log judged again by the present definition: said beforehand, made, undone. */
import {
  clueChanged,
  clueChangeQuery,
  regradeBody,
  regraded,
  regradeUndone,
  withdrawClueBody,
} from "../../contract/regrade.ts";
import { reasonBody } from "../../contract/teams.ts";
import { accepted } from "../../errors.ts";
import { callingOnce, controlStub } from "../../objects/call.ts";
import { declared } from "../declare.ts";
import { huntOf } from "../hunt.ts";
import type { App } from "../request.ts";
import { organiser } from "../roles.ts";

export function regradeRoutes(app: App): void {
  app.openapi(
    declared({
      method: "post",
      path: "/v1/hunts/{hunt}/regrade",
      summary: "Judge the log again by the present definition; dryRun only says what that changes",
      role: organiser,
      json: regradeBody,
      responses: { 200: { description: "What moves", schema: regraded } },
      errors: ["conflict", "unavailable", "overloaded"],
    }),
    async (c) => {
      const hunt = huntOf(c);
      const asked = c.req.valid("json");
      const told = await callingOnce(async () => controlStub(c.env, hunt).regrade(asked, c.get("by")));
      return c.json(accepted(told), 200);
    },
  );

  app.openapi(
    declared({
      method: "post",
      path: "/v1/hunts/{hunt}/regrade/{regrade}/undo",
      summary: "Take back what a regrade changed",
      role: organiser,
      json: reasonBody,
      responses: { 200: { description: "It is as before", schema: regradeUndone } },
      errors: ["conflict", "unavailable", "overloaded"],
    }),
    async (c) => {
      const hunt = huntOf(c);
      const { reason } = c.req.valid("json");
      const told = await callingOnce(async () =>
        controlStub(c.env, hunt).undoRegrade(c.req.param("regrade"), reason, c.get("by")),
      );
      return c.json(accepted(told), 200);
    },
  );

  app.openapi(
    declared({
      method: "post",
      path: "/v1/hunts/{hunt}/clues/{clue}/withdraw",
      summary: "Take a clue out of play: nobody can act on it; void: it counts for nothing either",
      role: organiser,
      query: clueChangeQuery,
      json: withdrawClueBody,
      responses: { 200: { description: "As it is now, and what that moves", schema: clueChanged } },
      errors: ["conflict", "unavailable", "overloaded"],
    }),
    async (c) => {
      const { void: isVoid = false, reason } = c.req.valid("json");
      const dryRun = c.req.valid("query").dryRun === "true";
      const told = await callingOnce(async () =>
        controlStub(c.env, huntOf(c)).changeClue(
          c.req.param("clue"),
          { withdrawn: true, void: isVoid, reason, dryRun },
          c.get("by"),
        ),
      );
      return c.json(accepted(told), 200);
    },
  );

  app.openapi(
    declared({
      method: "post",
      path: "/v1/hunts/{hunt}/clues/{clue}/restore",
      summary: "Put a withdrawn clue back into play",
      role: organiser,
      query: clueChangeQuery,
      json: reasonBody,
      responses: { 200: { description: "As it is now, and what that moves", schema: clueChanged } },
      errors: ["conflict", "unavailable", "overloaded"],
    }),
    async (c) => {
      const { reason } = c.req.valid("json");
      const dryRun = c.req.valid("query").dryRun === "true";
      const told = await callingOnce(async () =>
        controlStub(c.env, huntOf(c)).changeClue(
          c.req.param("clue"),
          { withdrawn: false, reason, dryRun },
          c.get("by"),
        ),
      );
      return c.json(accepted(told), 200);
    },
  );
}
