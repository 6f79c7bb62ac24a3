/** Routes of the definition: publish, read, list, printed codes. */

import { z } from "zod";
import { forgetHunt } from "../../cache/kv.ts";
import { accepted, RequestError } from "../../errors.ts";
import { phaseAt } from "../../hunt/phase.ts";
import { directoryStub, leaderboardStub } from "../../objects/call.ts";
import { check, DEFINITION_MAX, mediaType, readText } from "../body.ts";
import { huntOf } from "../hunt.ts";
import { type App, route } from "../openapi.ts";
import { control, JSON_BODY, organiserOf } from "../organiser.ts";
import { answers, publishQuery, slug } from "../schemas.ts";

const YAML_TYPES = ["application/yaml", "application/x-yaml", "text/yaml"];

/** Hunts summed up at the same time for the list of hunts. */
const SUMMARIES = 16;

export function definitionRoutes(app: App): void {
  route(
    app,
    {
      method: "put",
      path: "/v1/hunts/{hunt}",
      summary: "Publish a definition (JSON or YAML); dryRun=true only checks it",
      auth: "organiser",
      query: publishQuery,
      body: { types: [...JSON_BODY, ...YAML_TYPES] },
      answers: {
        200: { description: "A new version, or checked only", schema: answers.publish },
        201: { description: "The first version", schema: answers.publish },
      },
      errors: ["precondition_failed", "unavailable"],
    },
    async (c) => {
      const by = await organiserOf(c);
      // Here a bad id is a mistake in what is to be made, not a hunt that is not there.
      const hunt = check(z.object({ hunt: slug }), { hunt: c.req.param("hunt") }).hunt;
      const { dryRun } = check(publishQuery, c.req.query());
      const type = mediaType(c.req.raw);
      const yaml = YAML_TYPES.includes(type);
      if (!yaml && type !== "application/json") {
        throw new RequestError("unsupported_media_type", "send application/json or application/yaml");
      }
      const source = await readText(c.req.raw, DEFINITION_MAX);
      const ifMatch = versionOf(c.req.header("if-match"));
      const answer = await control(c.env, hunt).publish(
        source,
        yaml ? "yaml" : "json",
        { dryRun: dryRun === "true", ...(ifMatch === undefined ? {} : { ifMatch }) },
        by,
      );
      forgetHunt(hunt);
      if ("refused" in answer) throw new RequestError(answer.refused, answer.detail, answer.issues);
      const { version, created, warnings } = answer;
      c.header("ETag", `"${version}"`);
      return c.json({ hunt, version, warnings }, created && dryRun === "false" ? 201 : 200);
    },
  );

  route(
    app,
    {
      method: "get",
      path: "/v1/hunts/{hunt}/definition",
      summary: "The definition as published",
      auth: "organiser",
      answers: {
        200: { description: "The source text, with its version as ETag", type: "application/yaml" },
      },
      errors: ["not_found"],
    },
    async (c) => {
      await organiserOf(c);
      const hunt = huntOf(c);
      const { source, format, version } = accepted(await control(c.env, hunt).definition());
      return c.body(source, 200, {
        "Content-Type": format === "json" ? "application/json" : "application/yaml",
        ETag: `"${version}"`,
      });
    },
  );

  route(
    app,
    {
      method: "get",
      path: "/v1/hunts",
      summary: "All hunts",
      auth: "organiser",
      answers: { 200: { description: "The hunts", schema: answers.hunts } },
    },
    async (c) => {
      await organiserOf(c);
      const now = c.get("now");
      const ids = await directoryStub(c.env).list();
      const hunts: object[] = [];
      for (let from = 0; from < ids.length; from += SUMMARIES) {
        const some = ids.slice(from, from + SUMMARIES).map(async (hunt) => {
          const [entry, teams] = await Promise.all([
            control(c.env, hunt).publicEntry(),
            leaderboardStub(c.env, hunt).teamCount(),
          ]);
          if ("refused" in entry) return [];
          const phase = phaseAt(entry.phase, entry.hunt, now);
          return [{ hunt, title: entry.hunt.title, phase, version: entry.version, teams }];
        });
        hunts.push(...(await Promise.all(some)).flat());
      }
      return c.json({ hunts });
    },
  );

  route(
    app,
    {
      method: "get",
      path: "/v1/hunts/{hunt}/codes",
      summary: "What the scan clues' QR codes carry",
      auth: "organiser",
      answers: { 200: { description: "A code per scan clue", schema: answers.codes } },
      errors: ["not_found"],
    },
    async (c) => {
      const by = await organiserOf(c);
      const hunt = huntOf(c);
      const codes = accepted(await control(c.env, hunt).codes(by));
      const origin = new URL(c.req.url).origin;
      return c.json({
        codes: codes.map(({ clue, title, code }) => ({
          clue,
          title,
          code,
          // In the fragment: it is not sent to servers and stays out of their logs.
          url: `${origin}/play/${hunt}#code=${encodeURIComponent(code)}`,
        })),
      });
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
