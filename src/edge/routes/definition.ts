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
import { accepted, RequestError } from "../../errors.ts";
import { phaseAt } from "../../hunt/phase.ts";
import { calling, callingOnce, controlStub, directoryStub, leaderboardStub } from "../../objects/call.ts";
import { mediaType, readText } from "../body.ts";
import { declared } from "../declare.ts";
import { huntOf } from "../hunt.ts";
import { noteReading } from "../readings.ts";
import { type App, publicOrigin } from "../request.ts";
import { organiser } from "../roles.ts";

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
      errors: ["precondition_failed", "unavailable"],
    }),
    async (c) => {
      const hunt = huntOf(c);
      const dryRun = c.req.valid("query").dryRun === "true";
      const format = YAML_TYPES.includes(mediaType(c.req.raw)) ? "yaml" : "json";
      const source = await readText(c.req.raw, DEFINITION_BYTES);
      const ifMatch = versionOf(c.req.valid("header")["if-match"]);
      const options = { dryRun, ...(ifMatch === undefined ? {} : { ifMatch }) };
      const publication = await callingOnce(async () =>
        controlStub(c.env, hunt).publish(source, format, options, c.get("by")),
      );
      forgetHunt(hunt);
      if ("refused" in publication) {
        throw new RequestError(publication.refused, publication.detail, publication.issues);
      }
      const { version, created, warnings } = publication;
      c.header("ETag", `"${version}"`);
      return c.json({ hunt, version, warnings }, created && !dryRun ? 201 : 200);
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
      summary: "All hunts",
      role: organiser,
      responses: { 200: { description: "The hunts", schema: hunts } },
    }),
    async (c) => {
      const now = c.get("now");
      const ids = await calling(async () => directoryStub(c.env).list());
      const rows: HuntRow[] = [];
      for (let from = 0; from < ids.length; from += SUMMARIES) {
        const some = ids.slice(from, from + SUMMARIES).map(async (hunt): Promise<HuntRow[]> => {
          const [entry, teams] = await Promise.all([
            calling(async () => controlStub(c.env, hunt).publicEntry()),
            calling(async () => leaderboardStub(c.env, hunt).teamCount()),
          ]);
          if ("refused" in entry) return [];
          const phase = phaseAt(entry.phase, entry.hunt, now);
          return [{ hunt, title: entry.hunt.title, phase, version: entry.version, teams }];
        });
        rows.push(...(await Promise.all(some)).flat());
      }
      return c.json({ hunts: rows }, 200);
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
            url: `${origin}/play/${hunt}#code=${encodeURIComponent(code)}`,
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
