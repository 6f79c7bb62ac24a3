/** The hunt as everybody may see it. */
import { configOf } from "../../config.ts";
import { type Hunt, publicHunt } from "../../contract/hunt.ts";
import { openedAt, phaseAt } from "../../hunt/phase.ts";
import { forgetsAt } from "../../hunt/retention.ts";
import type { PublicEntry } from "../../objects/control.ts";
import { addressesOf, toldWith } from "../asset-addresses.ts";
import { declared } from "../declare.ts";
import { huntEntry, huntOf, iso, timeIn } from "../hunt.ts";
import type { App } from "../request.ts";
import { anyone } from "../roles.ts";
import { prizesWithSeed } from "./draws.ts";

/** What joining asks. */
function joiningOf(env: object, { players, join = {} }: PublicEntry["hunt"]): Hunt["joining"] {
  const { fields, consent, minAge, check } = join;
  const siteKey = check === undefined ? "" : configOf(env).TURNSTILE_SITE_KEY;
  return {
    require: players.require,
    ...(fields === undefined
      ? {}
      : {
          fields: fields.map(({ once, contact, options, ...field }) => ({
            ...field,
            ...(once ? { once: true as const } : {}),
            ...(contact ? { contact: true as const } : {}),
            ...(options === undefined ? {} : { options }),
          })),
        }),
    ...(consent === undefined ? {} : { consent }),
    ...(minAge === undefined ? {} : { minAge }),
    ...(siteKey === "" ? {} : { siteKey }),
  };
}

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
      const entry = await huntEntry(c.env, huntOf(c), c.get("now"));
      const now = timeIn(entry, c.get("now"));
      const { hunt, phase } = entry;
      const opened = openedAt(phase, hunt);
      const present = phaseAt(phase, hunt, now);
      const forgotten = forgetsAt(phase, hunt, configOf(c.env).RETENTION);
      const told = toldWith(addressesOf(c.env, hunt.hunt, hunt.assets, now));
      return c.json(
        {
          hunt: hunt.hunt,
          title: hunt.title,
          ...(hunt.description === undefined ? {} : { description: told(hunt.description) }),
          phase: present,
          ...(present === "draft" && Number.isFinite(opened) && opened > now
            ? { scheduled: true as const }
            : {}),
          ...(Number.isFinite(opened) ? { opens: iso(opened) } : {}),
          ...(hunt.closes === undefined ? {} : { closes: iso(hunt.closes) }),
          ...(hunt.freeze === undefined ? {} : { freeze: iso(hunt.freeze) }),
          ...(forgotten === undefined ? {} : { forgetsAt: iso(forgotten) }),
          teams: hunt.teams,
          ...(hunt.players.require === "registered" ? { registered: true } : {}),
          joining: joiningOf(c.env, hunt),
          ...(hunt.brackets.length > 0 ? { brackets: hunt.brackets } : {}),
          ...(hunt.help === undefined
            ? {}
            : { help: { about: hunt.help.about, perTeam: hunt.help.perTeam } }),
          clueCount: hunt.clueCount,
          ...(hunt.prizes.length > 0 ? { prizes: await prizesWithSeed(c.env, entry, now) } : {}),
          serverTime: iso(now),
          ...(entry.rehearsal === undefined ? {} : { rehearsalOf: entry.rehearsal.of }),
        },
        200,
      );
    },
  );
}
