/** Submissions: files on their way, the queue of judges, verdicts. */
import { objectKey, storeSent } from "../../assets/store.ts";
import { newKey, readAssetTicket, sentName } from "../../assets/ticket.ts";
import { assetQuery } from "../../contract/assets.ts";
import { isOperator } from "../../contract/role-table.ts";
import {
  clearQuery,
  SENT_BYTES_MAX,
  SUBMISSION_CURSOR,
  type Submission,
  submissionNow,
  submissions,
  submissionsQuery,
  uploaded,
  verdictBody,
} from "../../contract/submissions.ts";
import { accepted, errorOf, type Refusal, RequestError } from "../../errors.ts";
import { check } from "../../intake/check.ts";
import { calling, callingOnce, controlStub, shardStub } from "../../objects/call.ts";
import type { Actor } from "../../objects/control.ts";
import { bySent } from "../../objects/orders.ts";
import type { JudgeAction, SentPage, SentPlace, SentSubmission, SentWanted } from "../../objects/shard.ts";
import type { OrganiserClaims } from "../auth.ts";
import { ANY_TYPE, declared } from "../declare.ts";
import { huntOf, iso, shardOf, shardOfNamed, shardsOf } from "../hunt.ts";
import { limitAddress, limitLooks } from "../limits.ts";
import { type App, type Asking, queryOf } from "../request.ts";
import { open, organiser, unseatedPlayer } from "../roles.ts";
import { BodyReader, storedFile } from "../stored-file.ts";

/** Characters of texts in a page of the queue, about; of each shard at least so many are asked for. */
const PAGE_LENGTH = 200_000;
const SHARD_LENGTH_MIN = 20_000;

export function submissionRoutes(app: App): void {
  app.openapi(
    declared({
      method: "post",
      path: "/v1/hunts/{hunt}/clues/{clue}/uploads",
      summary: "Send a file for a submission: the bytes; by the first of them it is told what it is",
      role: unseatedPlayer,
      body: { types: [ANY_TYPE] },
      maxBytes: SENT_BYTES_MAX,
      responses: { 201: { description: "It waits for its submission", schema: uploaded } },
      errors: ["bad_request", "conflict", "not_found", "payload_too_large", "unavailable"],
    }),
    async (c) => {
      const { hunt, team, player, gen } = c.get("player");
      const { clue } = c.req.valid("param");
      limitLooks(c.env, team, c.get("now"));
      if (Number(c.req.header("content-length") ?? 0) > SENT_BYTES_MAX) {
        throw new RequestError("payload_too_large", `a file may have ${SENT_BYTES_MAX} bytes at most`);
      }
      const { shard } = shardOf(team);
      const seat = { team, player, gen };
      const key = newKey();
      const begin = async (multipart?: string): Promise<readonly string[]> => {
        const begun = await callingOnce(
          async () =>
            (await shardStub(c.env, hunt, shard).beginUpload(seat, clue, key, multipart)) as
              | { accept: string[] }
              | Refusal,
        );
        return accepted(begun).accept;
      };
      const accept = await begin();
      const reader = new BodyReader(c.req.raw);
      try {
        const content = await storeSent({
          bucket: c.env.ASSETS_BUCKET,
          hunt,
          key,
          next: () => reader.next(),
          begun: async (uploadId) => {
            await begin(uploadId);
          },
          accepts: (kind) => accept.includes(kind),
        });
        const done = await calling(async () => shardStub(c.env, hunt, shard).storeUpload(seat, key, content));
        return c.json(accepted(done), 201);
      } catch (error) {
        // What is left in the bucket is the shard's to delete, by its alarm if it cannot be told now.
        await callingOnce(async () => shardStub(c.env, hunt, shard).cancelUpload(key)).catch(() => undefined);
        throw error;
      } finally {
        reader.release();
      }
    },
  );

  app.openapi(
    declared({
      method: "get",
      path: "/v1/hunts/{hunt}/sent/{upload}",
      summary: "A file that was sent: with the ticket of its address",
      role: open,
      hunt: "unchecked",
      personal: "player",
      query: assetQuery,
      responses: {
        200: { description: "The file", type: "application/octet-stream" },
        206: { description: "The part that `Range` names", type: "application/octet-stream" },
        304: { description: "As `If-None-Match` has it" },
        416: { description: "There is no such part" },
      },
      errors: ["unavailable"],
    }),
    async (c) => {
      const hunt = huntOf(c);
      const { upload } = c.req.valid("param");
      const now = c.get("now");
      const { t } = check(assetQuery, queryOf(c));
      const ticket = t === undefined ? undefined : readAssetTicket(c.env, hunt, sentName(upload), t, now);
      if (ticket?.key !== upload) {
        await limitAddress(c.env, c.req.raw, now);
        throw noSuchFile();
      }
      // It may be deleted: whoever shows it asks again.
      const file = await storedFile(c, objectKey(hunt, upload), {
        caching: "private, no-cache",
        isShown: true,
        policy: "default-src 'none'; sandbox",
      });
      if (!file) throw noSuchFile();
      return file;
    },
  );

  app.openapi(
    declared({
      method: "get",
      path: "/v1/hunts/{hunt}/submissions",
      summary: "What teams sent, the longest wait first; without `state` what waits for a verdict",
      role: organiser,
      query: submissionsQuery,
      responses: { 200: { description: "Submissions of all teams", schema: submissions } },
    }),
    async (c) => {
      const hunt = huntOf(c);
      const { cursor, ...asked } = c.req.valid("query");
      const shards = await shardsOf(c.env, hunt, c.get("now"));
      const wanted: SentWanted = {
        ...asked,
        ...(cursor === undefined ? {} : { after: placeIn(cursor) }),
        length: Math.max(SHARD_LENGTH_MIN, PAGE_LENGTH / shards.length),
      };
      const parts = await Promise.all(
        shards.map(async (shard) =>
          accepted(
            (await calling(async () => shardStub(c.env, hunt, shard).submissions(wanted))) as
              | SentPage
              | Refusal,
          ),
        ),
      );
      const { told, more } = pageOf(parts, asked.limit);
      const last = told.at(-1);
      return c.json(
        {
          submissions: told.map(toldOf),
          ...(more && last ? { cursor: `${last.at}.${last.id}` } : {}),
        },
        200,
      );
    },
  );

  for (const [type, summary] of [
    ["claim", "Take a submission for 15 minutes: others see that somebody looks at it"],
    ["release", "Give a submission back; operators also one that somebody else has"],
  ] as const) {
    app.openapi(
      declared({
        method: "post",
        path: `/v1/hunts/{hunt}/submissions/{submission}/${type}`,
        summary,
        role: organiser,
        responses: { 200: { description: "The submission now", schema: submissionNow } },
        errors: ["conflict", "unavailable"],
      }),
      async (c) => c.json({ submission: await act(c, { type }, c.get("by"), c.get("organiser")) }, 200),
    );
  }

  app.openapi(
    declared({
      method: "post",
      path: "/v1/hunts/{hunt}/submissions/{submission}/verdict",
      summary: "Accept or refuse; a later verdict replaces an earlier one, and moves the standings",
      role: organiser,
      json: verdictBody,
      responses: { 200: { description: "The submission now", schema: submissionNow } },
      errors: ["bad_request", "conflict", "unavailable"],
    }),
    async (c) => {
      const verdict = { type: "verdict" as const, ...c.req.valid("json") };
      return c.json({ submission: await act(c, verdict, c.get("by"), c.get("organiser")) }, 200);
    },
  );

  app.openapi(
    declared({
      method: "delete",
      path: "/v1/hunts/{hunt}/submissions/{submission}",
      summary: "Delete what was written and sent; the solve stays",
      role: organiser,
      query: clearQuery,
      responses: { 204: { description: "It is gone for everybody" } },
      errors: ["unavailable"],
    }),
    async (c) => {
      const { reason } = c.req.valid("query");
      await act(c, { type: "clear", reason }, c.get("by"), c.get("organiser"));
      return c.body(null, 204);
    },
  );
}

const noSuchFile = (): RequestError => new RequestError("not_found", "no such file, or none for this ticket");

/** The team and the number that an id names; throws `not_found` for what is no id. */
function submissionIn(submission: string): { team: string; number: number } {
  const [, team, number] = /^([^.]+)\.([1-9]\d{0,14})$/.exec(submission) ?? [];
  if (team === undefined) throw new RequestError("not_found", "no such submission");
  return { team, number: Number(number) };
}

async function act(
  c: Asking,
  action: JudgeAction,
  by: Actor,
  rights: Pick<OrganiserClaims, "roles">,
): Promise<Submission> {
  const hunt = huntOf(c);
  const { team, number } = submissionIn(c.req.param("submission") ?? "");
  await shardOfNamed(c.env, hunt, team, c.get("now"));
  const done = (await calling(async () =>
    controlStub(c.env, hunt).judge(team, number, action, isOperator(rights), by),
  )) as { submission: SentSubmission } | Refusal;
  if ("refused" in done) throw errorOf(done);
  return toldOf(done.submission);
}

/** The first ones of all shards. None behind the last of a shard that has more: others of that one may come before. */
function pageOf(parts: readonly SentPage[], limit: number): { told: SentSubmission[]; more: boolean } {
  const ends = parts.flatMap(({ submissions: told, more }) => {
    const last = told.at(-1);
    return more && last ? [last] : [];
  });
  const [end] = ends.sort(bySent);
  const all = parts.flatMap((part) => part.submissions).sort(bySent);
  const upto = end ? all.filter((each) => bySent(each, end) <= 0) : all;
  const told = upto.slice(0, limit);
  return { told, more: told.length < all.length || ends.length > 0 };
}

function placeIn(cursor: string): SentPlace {
  const [, at, team = "", number = ""] = SUBMISSION_CURSOR.exec(cursor) ?? [];
  return { at: Number(at), id: `${team}.${number}` };
}

function toldOf({ at, lease, ...submission }: SentSubmission): Submission {
  return {
    ...submission,
    at: iso(at),
    ...(lease === undefined ? {} : { claimedBy: lease.by, claimedUntil: iso(lease.until) }),
  };
}
