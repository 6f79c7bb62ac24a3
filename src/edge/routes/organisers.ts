/** Organisers: who asks, who may sign in, signing in, and voiding tokens. */
import { audit, auditQuery } from "../../contract/data.ts";
import {
  organiserList,
  organiserMe,
  organisersHeaders,
  revokeBody,
  revokedTokens,
  session,
  sessionBody,
  sessionHeaders,
  signInWay,
} from "../../contract/organisers.ts";
import { mayIn } from "../../contract/role-table.ts";
import { accepted, RequestError } from "../../errors.ts";
import { calling, callingOnce, directoryStub } from "../../objects/call.ts";
import { signOrganiserToken } from "../auth.ts";
import { declared } from "../declare.ts";
import { iso } from "../hunt.ts";
import { forgetRevoked, listedRights } from "../organisers.ts";
import type { App } from "../request.ts";
import { anyone, organiser, rightsNow } from "../roles.ts";
import { emailOf, signInWayOf } from "../sign-in.ts";

/** Life of the token of who signed in, ms. */
const SESSION_LIFE = 8 * 3_600_000;

/** A thousand organisers with their hunts. */
const LIST_BYTES = 4 * 1_024 * 1_024;

export function organiserRoutes(app: App): void {
  app.openapi(
    declared({
      method: "get",
      path: "/v1/organisers/me",
      summary: "Who asks, and what its token may do",
      role: organiser,
      responses: { 200: { description: "The token's person, roles and hunts", schema: organiserMe } },
    }),
    (c) => {
      const { subject, roles, hunts, exp, id } = c.get("organiser");
      return c.json(
        {
          name: subject,
          roles: [...roles],
          hunts: [...hunts],
          expiresAt: iso(exp * 1_000),
          serverTime: iso(c.get("now")),
          ...(id === undefined ? {} : { token: id }),
        },
        200,
      );
    },
  );

  app.openapi(
    declared({
      method: "get",
      path: "/v1/organisers",
      summary: "Who may sign in; for an owner of some hunts, who may do something in these",
      role: organiser,
      responses: { 200: { description: "The list, with its version as ETag", schema: organiserList } },
      errors: ["unavailable"],
    }),
    async (c) => {
      const own = await rightsNow(c, c.get("organiser"));
      const { version, organisers } = await calling(async () => directoryStub(c.env).organisers());
      c.header("ETag", etagOf(version));
      const seen = organisers.filter(
        ({ hunts }) => mayIn(own, undefined) || hunts.some((hunt) => hunt === "*" || mayIn(own, hunt)),
      );
      return c.json({ organisers: seen }, 200);
    },
  );

  app.openapi(
    declared({
      method: "put",
      path: "/v1/organisers",
      summary:
        "Replace the list of who may sign in; who is no longer in it keeps a session eight hours at most, and no owner's route",
      role: organiser,
      headers: organisersHeaders,
      json: organiserList,
      maxBytes: LIST_BYTES,
      responses: { 200: { description: "The list, with its new version as ETag", schema: organiserList } },
      errors: ["precondition_failed", "unavailable"],
    }),
    async (c) => {
      const seen = versionOf(c.req.valid("header")["if-match"]);
      const { organisers } = c.req.valid("json");
      const list = accepted(
        await callingOnce(async () => directoryStub(c.env).setOrganisers(organisers, seen, c.get("by"))),
      );
      c.header("ETag", etagOf(list.version));
      return c.json({ organisers: list.organisers }, 200);
    },
  );

  app.openapi(
    declared({
      method: "post",
      path: "/v1/organisers/revoke",
      summary: "Void a token, or every token of a person that was made up to now; everywhere within a minute",
      role: organiser,
      json: revokeBody,
      responses: { 200: { description: "Void", schema: revokedTokens } },
      errors: ["conflict", "unavailable"],
    }),
    async (c) => {
      const asked = c.req.valid("json");
      const now = c.get("now");
      const { token, sub } = asked;
      const refused = await calling(async () => directoryStub(c.env).revokeTokens(asked, c.get("by"), now));
      if (refused) throw new RequestError(refused.refused, refused.detail);
      forgetRevoked();
      return c.json(
        {
          ...(token === undefined ? {} : { token }),
          ...(sub === undefined ? {} : { sub }),
          at: iso(now),
        },
        200,
      );
    },
  );

  app.openapi(
    declared({
      method: "get",
      path: "/v1/session",
      summary: "Where the console sends an organiser who signs in by OpenID Connect",
      role: anyone,
      personal: "organiser",
      responses: { 200: { description: "The issuer, by its discovery document", schema: signInWay } },
      errors: ["forbidden", "unavailable"],
    }),
    async (c) => c.json(await signInWayOf(c.env, c.get("now")), 200),
  );

  app.openapi(
    declared({
      method: "post",
      path: "/v1/session",
      summary:
        "Sign in as an organiser: with an ID token or a code of the OIDC issuer, or through Cloudflare Access",
      role: anyone,
      personal: "organiser",
      headers: sessionHeaders,
      json: sessionBody,
      emptyBody: true,
      responses: { 201: { description: "A token with the roles of the list", schema: session } },
      errors: ["unauthenticated", "forbidden", "unavailable"],
    }),
    async (c) => {
      const now = c.get("now");
      const assertion = c.req.valid("header")["cf-access-jwt-assertion"];
      const email = await emailOf(c.env, { ...c.req.valid("json"), assertion }, now);
      const rights = await listedRights(c.env, email);
      if (!rights) throw new RequestError("forbidden", "this person is not in the list of organisers");
      const { roles, hunts } = rights;
      // Whole seconds, as the claim has them.
      const expiresAt = Math.floor(now / 1_000) * 1_000 + SESSION_LIFE;
      const token = await signOrganiserToken(
        c.env,
        { subject: email, roles, hunts, isListed: true },
        now,
        expiresAt,
      );
      return c.json({ token, expiresAt: iso(expiresAt) }, 201);
    },
  );

  app.openapi(
    declared({
      method: "get",
      path: "/v1/audit",
      summary:
        "What was done that is of no hunt: the list of organisers, void tokens; newest first, page by page",
      role: organiser,
      query: auditQuery,
      responses: { 200: { description: "Who, when, what, from which request", schema: audit } },
      errors: ["unavailable"],
    }),
    async (c) => {
      const { cursor, limit } = c.req.valid("query");
      const before = cursor === undefined ? undefined : Number(cursor);
      const { entries, next } = await calling(async () => directoryStub(c.env).audit(before, limit));
      return c.json(
        {
          entries: entries.map((entry) => ({ ...entry, at: iso(entry.at) })),
          ...(next === undefined ? {} : { cursor: String(next) }),
        },
        200,
      );
    },
  );
}

const etagOf = (version: number): string => `"${version}"`;

/** The version in `If-Match`; `*`: any. Without the header a list would be replaced that nobody has looked at. */
function versionOf(header: string | undefined): number | undefined {
  if (header === "*") return undefined;
  const version = /^(?:W\/)?"(\d{1,15})"$/.exec(header ?? "")?.[1];
  if (version === undefined) {
    throw new RequestError("precondition_failed", 'send If-Match with the ETag of the list: "3"');
  }
  return Number(version);
}
