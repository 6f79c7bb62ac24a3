/** Routes of the dead letters: of a hunt, and of messages that belong to none. */

import { calling, deadLettersStub } from "../../objects/call.ts";
import { UNATTRIBUTED } from "../../objects/dead-letters.ts";
import { BODY_MAX, check, readJson } from "../body.ts";
import { huntEntry, huntOf, iso } from "../hunt.ts";
import { type App, type Request$, route } from "../openapi.ts";
import { control, JSON_BODY, organiserOf } from "../organiser.ts";
import { answers, redriveBody } from "../schemas.ts";

export function deadLetterRoutes(app: App): void {
  const both = [
    { path: "/v1/hunts/{hunt}/dead-letters" as const, of: ofHunt, whose: "the hunt's" },
    { path: "/v1/ops/dead-letters" as const, of: async () => UNATTRIBUTED, whose: "of no hunt" },
  ];
  for (const { path, of, whose } of both) {
    route(
      app,
      {
        method: "get",
        path,
        summary: `Messages the origin refuses, with their error: ${whose}`,
        auth: "organiser",
        answers: { 200: { description: "The newest first", schema: answers.deadLetters } },
      },
      async (c) => {
        await organiserOf(c);
        const name = await of(c);
        const { letters, total } = await calling(async () => deadLettersStub(c.env, name).list());
        return c.json({ letters: letters.map((letter) => ({ ...letter, at: iso(letter.at) })), total });
      },
    );

    route(
      app,
      {
        method: "post",
        path: `${path}/redrive`,
        summary: `Sends dead letters to the origin again, all or some: ${whose}`,
        auth: "organiser",
        body: { types: JSON_BODY, schema: redriveBody },
        answers: { 200: { description: "How many", schema: answers.redriven } },
      },
      async (c) => {
        const by = await organiserOf(c);
        const name = await of(c);
        const { ids } = check(redriveBody, await readJson(c.req.raw, BODY_MAX));
        const redriven = await calling(async () => deadLettersStub(c.env, name).redrive(ids));
        if (name !== UNATTRIBUTED) {
          const action = { ...by, at: c.get("now"), action: "redrive", detail: { redriven } };
          await control(c.env, name).recordAction(action);
        }
        return c.json({ redriven });
      },
    );
  }
}

async function ofHunt(c: Request$): Promise<string> {
  const hunt = huntOf(c);
  await huntEntry(c.env, hunt, c.get("now"));
  return hunt;
}
