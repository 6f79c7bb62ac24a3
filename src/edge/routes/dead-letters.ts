/** The dead letters: of a hunt, and of messages that belong to none. */
import { deadLetters, redriveBody, redriven } from "../../contract/ops.ts";
import { accepted } from "../../errors.ts";
import { calling, controlStub, deadLettersStub } from "../../objects/call.ts";
import { UNATTRIBUTED } from "../../objects/dead-letters.ts";
import { declared } from "../declare.ts";
import { huntEntry, huntOf, iso } from "../hunt.ts";
import { noteReading } from "../readings.ts";
import type { App, Asking } from "../request.ts";
import { organiser } from "../roles.ts";

export function deadLetterRoutes(app: App): void {
  const both = [
    { path: "/v1/hunts/{hunt}/dead-letters", ownerOf: ofHunt, whose: "the hunt's" },
    { path: "/v1/ops/dead-letters", ownerOf: async () => UNATTRIBUTED, whose: "of no hunt" },
  ] as const;
  for (const { path, ownerOf, whose } of both) {
    app.openapi(
      declared({
        method: "get",
        path,
        summary: `Messages the origin refuses, with their error: ${whose}`,
        role: organiser,
        responses: { 200: { description: "The newest first", schema: deadLetters } },
      }),
      async (c) => {
        const owner = await ownerOf(c);
        // Letters of no hunt are in no hunt's audit.
        if (owner !== UNATTRIBUTED) {
          await noteReading(c.env, owner, c.get("by"), c.get("now"), "dead-letters");
        }
        const { letters, total } = await calling(async () => deadLettersStub(c.env, owner).list());
        return c.json({ letters: letters.map((letter) => ({ ...letter, at: iso(letter.at) })), total }, 200);
      },
    );

    app.openapi(
      declared({
        method: "post",
        path: `${path}/redrive`,
        summary: `Sends dead letters to the origin again, all or some: ${whose}`,
        role: organiser,
        json: redriveBody,
        responses: { 200: { description: "How many", schema: redriven } },
      }),
      async (c) => {
        const owner = await ownerOf(c);
        const { ids } = c.req.valid("json");
        // Letters of no hunt are in no hunt's audit.
        const count =
          owner === UNATTRIBUTED
            ? await calling(async () => deadLettersStub(c.env, owner).redrive(ids))
            : accepted(await calling(async () => controlStub(c.env, owner).redrive(ids, c.get("by"))))
                .redriven;
        return c.json({ redriven: count }, 200);
      },
    );
  }
}

async function ofHunt(c: Asking): Promise<string> {
  const hunt = huntOf(c);
  await huntEntry(c.env, hunt, c.get("now"));
  return hunt;
}
