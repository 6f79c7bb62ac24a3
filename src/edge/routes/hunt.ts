/** The hunt as everybody may see it. */
import { configOf } from "../../config.ts";
import { type Hunt, publicHunt } from "../../contract/hunt.ts";
import { langHeaders, langQuery, page } from "../../contract/languages.ts";
import { RequestError } from "../../errors.ts";
import { lookTold } from "../../hunt/look-told.ts";
import { durationText } from "../../hunt/moment.ts";
import { openedAt, phaseAt } from "../../hunt/phase.ts";
import { forgetsAt } from "../../hunt/retention.ts";
import type { PublicEntry } from "../../objects/control.ts";
import { pushKey } from "../../push/vapid.ts";
import { addressesOf, toldWith } from "../asset-addresses.ts";
import { declared } from "../declare.ts";
import { spokenIn } from "../headers.ts";
import { huntEntry, huntOf, iso, timeIn } from "../hunt.ts";
import { inLanguageOf } from "../language.ts";
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

const legalOf = ({ imprint, privacy }: NonNullable<PublicEntry["hunt"]["legal"]>): Hunt["legal"] => ({
  ...(imprint === undefined ? {} : { imprint }),
  ...(privacy === undefined ? {} : { privacy }),
});

export function huntRoutes(app: App): void {
  app.openapi(
    declared({
      method: "get",
      path: "/v1/hunts/{hunt}",
      summary: "A hunt as everybody may see it",
      role: anyone,
      query: langQuery,
      headers: langHeaders,
      responses: { 200: { description: "The hunt", schema: publicHunt } },
    }),
    async (c) => {
      const entry = await huntEntry(c.env, huntOf(c), c.get("now"));
      const now = timeIn(entry, c.get("now"));
      const { phase } = entry;
      const { hunt, spoken } = inLanguageOf(c, entry.hunt, c.req.valid("query").lang);
      for (const [name, value] of Object.entries(spokenIn(c, spoken))) c.header(name, value);
      const opened = openedAt(phase, hunt);
      const present = phaseAt(phase, hunt, now);
      const forgotten = forgetsAt(phase, hunt, configOf(c.env).RETENTION);
      const push = entry.rehearsal ? undefined : pushKey(c.env);
      const addressOf = addressesOf(c.env, hunt.hunt, hunt.assets, now);
      const told = toldWith(addressOf);
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
          teams: teamsTold(hunt.teams),
          ...(hunt.players.require === "registered" ? { registered: true } : {}),
          joining: joiningOf(c.env, hunt),
          ...(hunt.brackets.length > 0 ? { brackets: hunt.brackets } : {}),
          ...(hunt.help === undefined
            ? {}
            : { help: { about: hunt.help.about, perTeam: hunt.help.perTeam } }),
          ...(push === undefined ? {} : { push: { key: push.publicKey } }),
          clueCount: hunt.clueCount,
          ...(hunt.prizes.length > 0 ? { prizes: await prizesWithSeed(c.env, { ...entry, hunt }, now) } : {}),
          ...(hunt.languages === undefined ? {} : { languages: hunt.languages }),
          ...(hunt.look === undefined ? {} : { look: lookTold(hunt.look, addressOf) }),
          ...(hunt.legal === undefined ? {} : { legal: legalOf(hunt.legal) }),
          ...(hunt.pages === undefined ? {} : { pages: hunt.pages.map(({ id, title }) => ({ id, title })) }),
          ...(hunt.rounds === undefined ? {} : { rounds: told(hunt.rounds) }),
          serverTime: iso(now),
          ...(entry.rehearsal === undefined ? {} : { rehearsalOf: entry.rehearsal.of }),
        },
        200,
      );
    },
  );

  app.openapi(
    declared({
      method: "get",
      path: "/v1/hunts/{hunt}/pages/{page}",
      summary: "A page of the hunt's own, as everybody may read it",
      role: anyone,
      query: langQuery,
      headers: langHeaders,
      responses: { 200: { description: "The page", schema: page } },
    }),
    async (c) => {
      const entry = await huntEntry(c.env, huntOf(c), c.get("now"));
      const { hunt, spoken } = inLanguageOf(c, entry.hunt, c.req.valid("query").lang);
      const found = hunt.pages?.find(({ id }) => id === c.req.param("page"));
      if (!found) throw new RequestError("not_found", "no such page");
      for (const [name, value] of Object.entries(spokenIn(c, spoken))) c.header(name, value);
      const told = toldWith(addressesOf(c.env, hunt.hunt, hunt.assets, c.get("now")));
      return c.json(told(found), 200);
    },
  );
}

/** The limit as a definition writes it. */
const teamsTold = ({ mode, maxSize, clock, limit }: PublicEntry["hunt"]["teams"]) => ({
  mode,
  maxSize,
  ...(clock === undefined ? {} : { clock }),
  ...(limit === undefined ? {} : { limit: durationText(limit) }),
});
