/** The hunt as everybody may see it. */
import { publicHunt } from "../../contract/hunt.ts";
import { openedAt, phaseAt } from "../../hunt/phase.ts";
import { declared } from "../declare.ts";
import { huntEntry, huntOf, iso } from "../hunt.ts";
import type { App } from "../request.ts";
import { anyone } from "../roles.ts";
import { prizesWithSeed } from "./draws.ts";

export function huntRoutes(app: App): void {
  app.openapi(
    declared({
      method: "get",
      path: "/v1/hunts/{hunt}",
      summary: "A hunt as everybody may see it",
      role: anyone,
      responses: { 200: { description: "The hunt", schema: publicHunt } },
    }),
    async (c) => {
      const now = c.get("now");
      const entry = await huntEntry(c.env, huntOf(c), now);
      const { hunt, phase } = entry;
      const opened = openedAt(phase, hunt);
      return c.json(
        {
          hunt: hunt.hunt,
          title: hunt.title,
          ...(hunt.description === undefined ? {} : { description: hunt.description }),
          phase: phaseAt(phase, hunt, now),
          ...(Number.isFinite(opened) ? { opens: iso(opened) } : {}),
          ...(hunt.closes === undefined ? {} : { closes: iso(hunt.closes) }),
          ...(hunt.freeze === undefined ? {} : { freeze: iso(hunt.freeze) }),
          teams: hunt.teams,
          ...(hunt.brackets.length > 0 ? { brackets: hunt.brackets } : {}),
          clueCount: hunt.clueCount,
          ...(hunt.prizes.length > 0 ? { prizes: await prizesWithSeed(c.env, entry, now) } : {}),
          serverTime: iso(now),
        },
        200,
      );
    },
  );
}
