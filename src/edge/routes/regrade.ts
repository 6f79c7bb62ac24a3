/** The log judged again by the present definition: said beforehand, made, undone. */
import { forgetHunt } from "../../cache/kv.ts";
import {
  clueChanged,
  clueChangeQuery,
  nudgeBody,
  nudged,
  regradeBody,
  regraded,
  regradeUndone,
  withdrawClueBody,
} from "../../contract/regrade.ts";
import { isOperator } from "../../contract/role-table.ts";
import { reasonBody } from "../../contract/teams.ts";
import { accepted, RequestError } from "../../errors.ts";
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
      path: "/v1/hunts/{hunt}/clues/{clue}/nudges",
      summary:
        "Say something to a wrong answer: publishes a version with the nudge, gives the teams that gave the answer and have not solved the clue their tries back, and tells them. For owners, and who is both editor and operator. Broken off it is asked again with the same words",
      role: organiser,
      query: clueChangeQuery,
      json: nudgeBody,
      responses: { 200: { description: "Said, or what it would do", schema: nudged } },
      errors: ["forbidden", "conflict", "unavailable", "overloaded"],
    }),
    async (c) => {
      const { clue } = c.req.valid("param");
      const dryRun = c.req.valid("query").dryRun === "true";
      // It publishes, and it corrects: each is another role's.
      if (!dryRun && !isOperator(c.get("organiser"))) {
        throw new RequestError("forbidden", "this asks for an operator's role as well");
      }
      const hunt = huntOf(c);
      const wish = { ...c.req.valid("json"), clue, dryRun };
      const done = await callingOnce(async () => controlStub(c.env, hunt).nudge(wish, c.get("by")));
      if (!dryRun) forgetHunt(hunt);
      return c.json(accepted(done), 200);
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
