/**
 * Registered players: NDJSON in, to the origin through the queue, because
 * nothing else writes there. A registration replaces an earlier one of the
 * player, so everything may be sent again.
 */
import { publicHunt } from "../../cache/kv.ts";
import { type LinesTaken, REJECTED_MAX, slug } from "../../contract/basics.ts";
import { FEED_MAX, feed, registered, registrationLine, signUp } from "../../contract/registrations.ts";
import { REGISTRATIONS } from "../../contract/webhook-types.ts";
import { accepted, RequestError } from "../../errors.ts";
import { hash53 } from "../../hash.ts";
import { isSigned, type SignedHeaders } from "../../hooks/sign.ts";
import { checkRegistered } from "../../hunt/asks.ts";
import { calling, controlStub } from "../../objects/call.ts";
import type { PublicEntry } from "../../objects/control.ts";
import type { Env } from "../../objects/env.ts";
import type { Registration } from "../../origin/store.ts";
import { registeringText } from "../../queue/registrations.ts";
import { mediaType, readText } from "../body.ts";
import { declared } from "../declare.ts";
import { limitForgery } from "../limits.ts";
import { drain, type Line, linesOf, NDJSON_TYPES, readLine } from "../lines.ts";
import { type Seal, Sender } from "../registering.ts";
import type { App, Request$ } from "../request.ts";
import { isSignedFeed, registrar } from "../roles.ts";

/** Longest line, bytes: more than the longest texts take, even written as escapes. */
const LINE_MAX = 4_096;

/** Longest body, bytes; and most lines: their ids are remembered to find doubles. */
const BODY_MAX = 64 * 1_024 * 1_024;
const LINES_MAX = 200_000;

export function registrationRoutes(app: App): void {
  app.openapi(
    declared({
      method: "post",
      path: "/v1/registrations",
      summary:
        "Register players, one a line, for hunts that only registered players may join; or as JSON, signed as webhooks are with the hunt's secret for sign-up feeds, without a token",
      role: registrar,
      body: { types: NDJSON_TYPES, line: registrationLine, also: { "application/json": feed } },
      maxBytes: BODY_MAX,
      responses: {
        200: { description: "What became of a signed message", schema: registered },
        202: { description: "The accepted lines are on their way to the origin", schema: registered },
      },
      errors: ["unavailable"],
    }),
    async (c) => {
      if (isSignedFeed(c.req.raw)) return c.json(await takeFeed(c), 200);
      if (mediaType(c.req.raw) === "application/json") {
        throw new RequestError("unsupported_media_type", `send ${NDJSON_TYPES.join(" or ")}`);
      }
      const seal = (registrations: Registration[]) => registeringText(c.env, { registrations });
      return c.json(await takeRegistrations(c.env.FACTS, seal, c.req.raw, c.get("now")), 202);
    },
  );
}

/** Longest signed message, bytes. */
const FEED_BYTES = 65_536;

const NOT_SIGNED = new RequestError(
  "unauthenticated",
  "the message is not signed with the secret of its hunt's sign-up feed, or too old",
);

/** Registers what a company's own system sends. Whoever cannot sign learns nothing, not even whether there is the hunt. */
async function takeFeed(c: Request$): Promise<LinesTaken> {
  const now = c.get("now");
  const text = await readText(c.req.raw, FEED_BYTES);
  const { items, hunt } = itemsIn(text);
  const headers: SignedHeaders = {
    id: c.req.header("webhook-id"),
    timestamp: c.req.header("webhook-timestamp"),
    signature: c.req.header("webhook-signature"),
  };
  const entry = await limitForgery(c.env, c.req.raw, now, signedHunt(c.env, hunt, headers, text, now));
  const answer: LinesTaken = { lines: 0, accepted: 0, rejected: [] };
  const sender = new Sender(c.env.FACTS, (registrations) => registeringText(c.env, { registrations }));
  const seen = new Map<number, number>();
  // As of the signature: a message that is sent once more replaces no newer one.
  const at = Number(headers.timestamp) * 1_000;
  for (const item of items) {
    answer.lines += 1;
    const checked = checkSignUp(answer.lines, item, entry, seen);
    if ("registration" in checked) {
      await sender.add({ ...checked.registration, at });
      answer.accepted += 1;
    } else answer.rejected.push({ line: answer.lines, ...checked });
  }
  await sender.finish();
  return answer;
}

/** The items of the message, and the hunt that the first one names. Throws `bad_request`, `invalid`. */
function itemsIn(text: string): { items: unknown[]; hunt: string } {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    throw new RequestError("bad_request", "the body is not valid JSON");
  }
  const items: unknown[] = Array.isArray(body) ? body : [body];
  if (items.length === 0 || items.length > FEED_MAX) {
    throw new RequestError("invalid", `send 1 to ${FEED_MAX} registrations`);
  }
  const named = slug.safeParse((items[0] as { hunt?: unknown } | null)?.hunt);
  if (!named.success) throw new RequestError("invalid", "the first registration names no hunt");
  return { items, hunt: named.data };
}

/** The registration of an item, noted in `seen`; or what is wrong with it. */
function checkSignUp(
  line: number,
  item: unknown,
  { hunt: { hunt, join }, incarnation }: PublicEntry,
  seen: Map<number, number>,
): { registration: Registration } | { code: string; message: string } {
  const read = readLine({ line, text: JSON.stringify(item) }, signUp);
  if ("message" in read) return read;
  const { hunt: own, fields = {}, ...registration } = read.value;
  if (own !== hunt) return { code: "invalid", message: `hunt: the message is of ${hunt}` };
  const given = checkRegistered(join, fields);
  const [issue] = given.issues;
  if (issue) return { code: "invalid", message: `${issue.path}: ${issue.message}` };
  const twice = noteTwice(line, registration.externalId, seen);
  if (twice) return twice;
  const ofHunt = incarnation === undefined ? { hunt } : { hunt, incarnation };
  return { registration: { ...registration, signUp: { ...ofHunt, fields: given.fields } } };
}

/** The hunt, if its secret signs the message. */
async function signedHunt(
  env: Env,
  hunt: string,
  headers: SignedHeaders,
  text: string,
  now: number,
): Promise<PublicEntry> {
  // Names that are guessed ask no object.
  const entry = await calling(() => publicHunt(env, hunt, now));
  if ("refused" in entry && entry.refused === "not_found") throw NOT_SIGNED;
  const told = await calling(async () => controlStub(env, hunt).webhookSecret(REGISTRATIONS));
  if ("refused" in told) {
    if (told.refused === "not_found") throw NOT_SIGNED;
    throw new RequestError(told.refused, told.detail);
  }
  const secret = Buffer.from(told.secret.slice(told.secret.indexOf("_") + 1), "base64");
  if (!isSigned(secret, headers, encoder.encode(text), now)) throw NOT_SIGNED;
  return accepted(entry);
}

/** Throws `unavailable` when the queue does not take them, `payload_too_large` beyond the bounds: what came before is on its way then. */
export async function takeRegistrations(
  queue: Env["FACTS"],
  seal: Seal,
  request: Request,
  now: number,
): Promise<LinesTaken> {
  const answer: LinesTaken = { lines: 0, accepted: 0, rejected: [] };
  const sender = new Sender(queue, seal);
  /** Hash of an external id → its line. The queue keeps no order: of two lines of a player either might win. */
  const seen = new Map<number, number>();
  const lines = linesOf(request, { lineMax: LINE_MAX, bodyMax: BODY_MAX });
  try {
    // Not `for await`: an early end would cancel the body, see `drain`.
    for (let next = await lines.next(); !next.done; next = await lines.next()) {
      const { line } = next.value;
      answer.lines += 1;
      if (answer.lines > LINES_MAX) {
        throw new RequestError(
          "payload_too_large",
          `send ${LINES_MAX} lines at most; line ${line} and on are left`,
        );
      }
      const checked = checkLine(next.value, seen);
      if ("registration" in checked) {
        await sender.add({ ...checked.registration, at: now });
        answer.accepted += 1;
      } else if (answer.rejected.length < REJECTED_MAX) answer.rejected.push({ line, ...checked });
    }
    await sender.finish();
  } catch (error) {
    await drain(lines);
    throw error;
  }
  return answer;
}

/** The registration on a line, noted in `seen`; or what is wrong with it. */
function checkLine(
  line: Line,
  seen: Map<number, number>,
): { registration: Registration } | { code: string; message: string } {
  const read = readLine(line, registrationLine);
  if ("message" in read) return read;
  return noteTwice(line.line, read.value.externalId, seen) ?? { registration: read.value };
}

/** Notes the player's line in `seen`; what is wrong, if there is an earlier one. */
function noteTwice(
  line: number,
  externalId: string,
  seen: Map<number, number>,
): { code: string; message: string } | undefined {
  const hash = hash53(externalId);
  const earlier = seen.get(hash);
  if (earlier !== undefined) {
    return { code: "conflict", message: `the player is on line ${earlier} already` };
  }
  seen.set(hash, line);
  return undefined;
}

const encoder = new TextEncoder();
