/** The definition: publish, read, list, the codes to print. */
import { forgetHunt } from "../../cache/kv.ts";
import {
  codes,
  DEFINITION_BYTES,
  published,
  publishHeaders,
  publishQuery,
} from "../../contract/definition.ts";
import { type HuntRow, hunts } from "../../contract/hunt.ts";
import { mayIn } from "../../contract/role-table.ts";
import { accepted, RequestError } from "../../errors.ts";
import { phaseAt } from "../../hunt/phase.ts";
import { calling, callingOnce, controlStub, directoryStub, leaderboardStub } from "../../objects/call.ts";
import type { Env } from "../../objects/env.ts";
import { mediaType, readText } from "../body.ts";
import { declared } from "../declare.ts";
import { huntOf, iso, timeIn } from "../hunt.ts";
import { noteReading } from "../readings.ts";
import { type App, publicOrigin } from "../request.ts";
import { organiser, rightsNow } from "../roles.ts";

const YAML_TYPES = ["application/yaml", "application/x-yaml", "text/yaml"];

/** Hunts summed up at the same time for the list of hunts. */
const SUMMARIES = 16;

export function definitionRoutes(app: App): void {
  app.openapi(
    declared({
      method: "put",
      path: "/v1/hunts/{hunt}",
      summary: "Publish a definition (JSON or YAML); dryRun=true only checks it",
      role: organiser,
      hunt: "unchecked",
      query: publishQuery,
      headers: publishHeaders,
      body: { types: ["application/json", ...YAML_TYPES] },
      maxBytes: DEFINITION_BYTES,
      responses: {
        200: { description: "A new version, or checked only", schema: published },
        201: { description: "The first version", schema: published },
      },
      errors: ["conflict", "precondition_failed", "unavailable"],
    }),
    async (c) => {
      const hunt = huntOf(c);
      const query = c.req.valid("query");
      const dryRun = query.dryRun === "true";
      const format = YAML_TYPES.includes(mediaType(c.req.raw)) ? "yaml" : "json";
      const source = await readText(c.req.raw, DEFINITION_BYTES);
      const ifMatch = versionOf(c.req.valid("header")["if-match"]);
      const options = {
        dryRun,
        endNow: query.endNow === "true",
        effects: query.effects === "true",
        ...(ifMatch === undefined ? {} : { ifMatch }),
      };
      const publication = await callingOnce(async () =>
        controlStub(c.env, hunt).publish(source, format, options, c.get("by")),
      );
      forgetHunt(hunt);
      if ("refused" in publication) {
        throw new RequestError(publication.refused, publication.detail, publication.issues);
      }
      const { version, created, warnings, effects } = publication;
      c.header("ETag", `"${version}"`);
      const told = { hunt, version, warnings, ...(effects === undefined ? {} : { effects }) };
      return c.json(told, created && !dryRun ? 201 : 200);
    },
  );

  app.openapi(
    declared({
      method: "get",
      path: "/v1/hunts/{hunt}/definition",
      summary: "The definition as published",
      role: organiser,
      responses: {
        200: { description: "The source text, with its version as ETag", type: "application/yaml" },
      },
    }),
    async (c) => {
      const hunt = huntOf(c);
      const { source, format, version } = accepted(
        await calling(async () => controlStub(c.env, hunt).definition()),
      );
      await noteReading(c.env, hunt, c.get("by"), c.get("now"), "definition");
      return c.body(source, 200, {
        "Content-Type": format === "json" ? "application/json" : "application/yaml",
        ETag: `"${version}"`,
      });
    },
  );

  app.openapi(
    declared({
      method: "get",
      path: "/v1/hunts",
      summary: "The hunts that the token is for",
      role: organiser,
      responses: { 200: { description: "The hunts", schema: hunts } },
    }),
    async (c) => {
      const now = c.get("now");
      const all = await calling(async () => directoryStub(c.env).list());
      const rights = await rightsNow(c, c.get("organiser"));
      const ids = all.filter((hunt) => mayIn(rights, hunt));
      const rows: HuntRow[] = [];
      const unavailable: string[] = [];
      for (let from = 0; from < ids.length; from += SUMMARIES) {
        const some = ids.slice(from, from + SUMMARIES).map(async (hunt) => {
          try {
            return await rowOf(c.env, hunt, now);
          } catch (error) {
            // The others are to be seen whatever is wrong with this one.
            if (!(error instanceof RequestError)) throw error;
            unavailable.push(hunt);
            return [];
          }
        });
        rows.push(...(await Promise.all(some)).flat());
      }
      return c.json(
        { hunts: rows, ...(unavailable.length === 0 ? {} : { unavailable: unavailable.sort() }) },
        200,
      );
    },
  );

  app.openapi(
    declared({
      method: "get",
      path: "/v1/hunts/{hunt}/codes",
      summary: "What the scan clues' QR codes carry",
      role: organiser,
      responses: { 200: { description: "A code per scan clue", schema: codes } },
    }),
    async (c) => {
      const hunt = huntOf(c);
      const printed = accepted(await calling(async () => controlStub(c.env, hunt).codes()));
      await noteReading(c.env, hunt, c.get("by"), c.get("now"), "codes");
      const origin = publicOrigin(c);
      return c.json(
        {
          codes: printed.map(({ clue, title, code }) => ({
            clue,
            title,
            code,
            // In the fragment: it is not sent to servers and stays out of their logs.
            url: `${origin}/play/${hunt}#code=${encodeURIComponent(code.toWellFormed())}`,
          })),
        },
        200,
      );
    },
  );
}

/** The version in an `If-Match` header; `*` and none mean any. */
function versionOf(header: string | undefined): number | undefined {
  if (header === undefined || header === "*") return undefined;
  const version = /^(?:W\/)?"(\d{1,9})"$/.exec(header)?.[1];
  if (version === undefined) throw new RequestError("precondition_failed", 'If-Match must be a version: "3"');
  return Number(version);
}

/** Empty: there is no such hunt. */
async function rowOf(env: Env, hunt: string, now: number): Promise<HuntRow[]> {
  const [entry, { teams, asOf }] = await Promise.all([
    calling(async () => controlStub(env, hunt).publicEntry()),
    calling(async () => leaderboardStub(env, hunt).teamCount()),
  ]);
  if ("refused" in entry && entry.refused === "not_found") return [];
  const known = accepted(entry);
  const phase = phaseAt(known.phase, known.hunt, timeIn(known, now));
  const { title, opens } = known.hunt;
  const row: HuntRow = { hunt, title, phase, version: known.version, teams };
  if (asOf !== undefined) row.asOf = iso(asOf);
  if (opens !== undefined) row.opens = iso(opens);
  if (known.rehearsal) row.rehearsalOf = known.rehearsal.of;
  return [row];
}
