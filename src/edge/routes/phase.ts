/** Routes of the running hunt: phase, announcements, growth. */
import { forgetHunt } from "../../cache/kv.ts";
import { accepted } from "../../errors.ts";
import { BODY_MAX, check, readJson } from "../body.ts";
import { huntOf, iso } from "../hunt.ts";
import { type App, route } from "../openapi.ts";
import { control, JSON_BODY, organiserOf } from "../organiser.ts";
import { announcementBody, answers, phaseBody, shardsBody } from "../schemas.ts";

export function runningRoutes(app: App): void {
  route(
    app,
    {
      method: "post",
      path: "/v1/hunts/{hunt}/phase",
      summary: "Start, pause, resume or end the hunt",
      auth: "organiser",
      body: { types: JSON_BODY, schema: phaseBody },
      answers: { 200: { description: "The phase, in force everywhere", schema: answers.phase } },
      errors: ["not_found", "conflict", "unavailable"],
    },
    async (c) => {
      const by = await organiserOf(c);
      const hunt = huntOf(c);
      const { phase } = check(phaseBody, await readJson(c.req.raw, BODY_MAX));
      const answer = await control(c.env, hunt).setPhase(phase, by);
      forgetHunt(hunt);
      return c.json({ phase: accepted(answer).phase });
    },
  );

  route(
    app,
    {
      method: "post",
      path: "/v1/hunts/{hunt}/announcements",
      summary: "Tell all players something, or those who have a clue open",
      auth: "organiser",
      body: { types: JSON_BODY, schema: announcementBody },
      answers: { 201: { description: "Announced", schema: answers.announcement } },
      errors: ["not_found", "unavailable"],
    },
    async (c) => {
      const by = await organiserOf(c);
      const { text, clue } = check(announcementBody, await readJson(c.req.raw, BODY_MAX));
      const { id, at } = accepted(await control(c.env, huntOf(c)).announce(text, clue, by));
      return c.json({ id, at: iso(at) }, 201);
    },
  );

  route(
    app,
    {
      method: "post",
      path: "/v1/hunts/{hunt}/shards",
      summary: "Grow the hunt: new teams land on new shards, nobody moves",
      auth: "organiser",
      body: { types: JSON_BODY, schema: shardsBody },
      answers: { 200: { description: "The shards per region now", schema: answers.shards } },
      errors: ["not_found", "conflict", "unavailable"],
    },
    async (c) => {
      const by = await organiserOf(c);
      const hunt = huntOf(c);
      const { shardsPerRegion } = check(shardsBody, await readJson(c.req.raw, BODY_MAX));
      const answer = await control(c.env, hunt).grow(shardsPerRegion, by);
      forgetHunt(hunt);
      return c.json(accepted(answer));
    },
  );
}
