/**
 * Long texts apart from `/me`, by their content: whoever has a ticket for one reads it out of this
 * isolate's memory. Without a good ticket there is nothing, whether the text exists or not.
 */
import { bodyQuery, bodyText } from "../../contract/me.ts";
import { accepted, RequestError } from "../../errors.ts";
import { check } from "../../intake/check.ts";
import { calling, shardStub } from "../../objects/call.ts";
import { readContentTicket } from "../../objects/content-ticket.ts";
import { scopeOf } from "../../objects/incarnation.ts";
import { crowd, declared } from "../declare.ts";
import { privateText, unchanged } from "../headers.ts";
import { huntEntry, huntOf } from "../hunt.ts";
import { limitAddress } from "../limits.ts";
import { type App, queryOf, type Request$ } from "../request.ts";
import { open } from "../roles.ts";
import { TextMemory } from "../text-memory.ts";

const NO_SUCH_TEXT = "no such text, or none for this ticket";

/** Texts by the hunt's incarnation and digest, which never change. */
const texts = new TextMemory();

export function bodyRoutes(app: App): void {
  crowd(
    app,
    declared({
      method: "get",
      path: "/v1/hunts/{hunt}/bodies/{digest}",
      summary: "A long text of a clue, by its content, with the ticket that `/me` gave for it",
      // A ticket says who may; what has none counts against its address.
      role: open,
      hunt: "unchecked",
      personal: "player",
      query: bodyQuery,
      responses: {
        200: {
          description: "The text, Markdown; a browser may keep it until the ticket ends",
          schema: bodyText,
          type: "text/markdown",
        },
        304: { description: "As `If-None-Match` has it" },
      },
      errors: ["unavailable"],
    }),
    async (c) => {
      const now = c.get("now");
      const hunt = huntOf(c);
      const digest = c.req.param("digest") ?? "";
      const { t = "" } = check(bodyQuery, queryOf(c));
      const ticket = readContentTicket(c.env, hunt, digest, t, now);
      if (!ticket) {
        await limitAddress(c.env, c.req.raw, now);
        throw new RequestError("not_found", NO_SUCH_TEXT);
      }
      const etag = `"${digest}"`;
      // A text that is remembered is told no longer than there is its hunt.
      const scope = scopeOf(hunt, (await huntEntry(c.env, hunt, now)).incarnation);
      const text = await textOf(c, hunt, scope, ticket.shard, digest);
      const age = Math.floor((ticket.expires - now) / 1_000);
      const told = { ETag: etag, "Cache-Control": `private, max-age=${age}, immutable` };
      if (hasIt(c.req.header("if-none-match"), etag)) return unchanged(c, etag, told);
      return privateText(c, text, told);
    },
  );
}

async function textOf(
  c: Request$,
  hunt: string,
  scope: string,
  shard: string,
  digest: string,
): Promise<string> {
  const key = `${scope}/${digest}`;
  const known = texts.get(key);
  if (known !== undefined) return known;
  const told = await calling(async () => shardStub(c.env, hunt, shard).text(digest));
  if (told === undefined) throw new RequestError("not_found", NO_SUCH_TEXT);
  return texts.set(key, typeof told === "string" ? told : accepted(told));
}

const hasIt = (header: string | undefined, etag: string): boolean =>
  header !== undefined &&
  (header.trim() === "*" || header.split(",").some((one) => one.trim().replace(/^W\//, "") === etag));
