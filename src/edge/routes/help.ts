/** The help desk: what teams ask, and what organisers say. */
import {
  type AskedThread,
  askedMade,
  HELP_CURSOR,
  helpContext,
  helpQuery,
  helpQueue,
  messageBody,
  replyBody,
  threadBody,
  threadMade,
  threads,
} from "../../contract/help.ts";
import { isOperator } from "../../contract/role-table.ts";
import { accepted, type Refusal, RequestError } from "../../errors.ts";
import { calling, controlStub, shardStub } from "../../objects/call.ts";
import type { Actor } from "../../objects/control.ts";
import { byWait, lengthOf } from "../../objects/orders.ts";
import type {
  Asked,
  HelpAction,
  HelpAsked,
  HelpBeside,
  HelpPage,
  HelpPlace,
  HelpWanted,
} from "../../objects/shard.ts";
import type { OrganiserClaims } from "../auth.ts";
import { declared } from "../declare.ts";
import { huntOf, iso, shardOf, shardOfNamed, shardsOf } from "../hunt.ts";
import { idempotent, requestKey } from "../idempotency.ts";
import { limitLooks } from "../limits.ts";
import type { App, Asking } from "../request.ts";
import { organiser, unseatedPlayer } from "../roles.ts";

/** Characters of messages in a page of the queue, about; of each shard at least so many are asked for. */
const PAGE_LENGTH = 400_000;
const SHARD_LENGTH_MIN = 20_000;

/** Guesses told beside a thread. */
const GUESSES_BESIDE = 10;

export function helpRoutes(app: App): void {
  app.openapi(
    declared({
      method: "post",
      path: "/v1/hunts/{hunt}/threads",
      summary: "Ask the organisers for help, where the hunt offers that. Idempotency-Key is honoured",
      role: unseatedPlayer,
      headers: idempotent,
      json: threadBody,
      responses: { 201: { description: "Asked", schema: threadMade } },
      errors: ["bad_request", "conflict", "not_found", "unavailable"],
    }),
    async (c) => {
      const { hunt, team, player, gen } = c.get("player");
      const { clue, text } = c.req.valid("json");
      limitLooks(c.env, team, c.get("now"));
      const { shard } = shardOf(team);
      const said = { text, key: keyOf(c, c.req.valid("header"), `${hunt}\n${player}`) };
      const thread = accepted(
        await calling(async () =>
          shardStub(c.env, hunt, shard).askForHelp({ team, player, gen }, clue, said),
        ),
      );
      return c.json({ thread }, 201);
    },
  );

  app.openapi(
    declared({
      method: "get",
      path: "/v1/hunts/{hunt}/threads",
      summary: "What the player's team asked, and what was answered",
      role: unseatedPlayer,
      responses: { 200: { description: "The newest first", schema: threads } },
      errors: ["conflict", "unavailable"],
    }),
    async (c) => {
      const { hunt, team, player, gen } = c.get("player");
      limitLooks(c.env, team, c.get("now"));
      const { shard } = shardOf(team);
      const told = accepted(
        await calling(async () => shardStub(c.env, hunt, shard).helpThreads({ team, player, gen })),
      );
      return c.json({ threads: told }, 200);
    },
  );

  app.openapi(
    declared({
      method: "post",
      path: "/v1/hunts/{hunt}/threads/{thread}/messages",
      summary: "Say more in a request: one that was answered waits again. Idempotency-Key is honoured",
      role: unseatedPlayer,
      headers: idempotent,
      json: messageBody,
      responses: { 201: { description: "Said", schema: threadMade } },
      errors: ["bad_request", "conflict", "unavailable"],
    }),
    async (c) => {
      const { hunt, team, player, gen } = c.get("player");
      const { text } = c.req.valid("json");
      const asked = threadIn(c.req.valid("param").thread);
      limitLooks(c.env, team, c.get("now"));
      if (asked.team !== team) throw new RequestError("not_found", "no such request");
      const { shard } = shardOf(team);
      const said = { text, key: keyOf(c, c.req.valid("header"), `${hunt}\n${player}`) };
      const thread = accepted(
        await calling(async () =>
          shardStub(c.env, hunt, shard).askMore({ team, player, gen }, asked.number, said),
        ),
      );
      return c.json({ thread }, 201);
    },
  );

  app.openapi(
    declared({
      method: "get",
      path: "/v1/hunts/{hunt}/help",
      summary: "What teams ask, the longest wait first; without `state` what waits",
      role: organiser,
      query: helpQuery,
      responses: { 200: { description: "Requests of all teams", schema: helpQueue } },
    }),
    async (c) => {
      const hunt = huntOf(c);
      const { cursor, ...asked } = c.req.valid("query");
      const now = c.get("now");
      const shards = await shardsOf(c.env, hunt, now);
      const wanted: HelpWanted = {
        ...asked,
        ...(cursor === undefined ? {} : { after: placeIn(cursor) }),
        length: Math.max(SHARD_LENGTH_MIN, PAGE_LENGTH / shards.length),
      };
      const parts = await Promise.all(
        shards.map(async (shard) =>
          accepted(
            (await calling(async () => shardStub(c.env, hunt, shard).helpQueue(wanted))) as
              | HelpPage
              | Refusal,
          ),
        ),
      );
      const { threads: told, more } = pageOf(parts, asked.limit);
      const last = told.at(-1);
      return c.json(
        {
          threads: told.map((thread) => askedOf(thread, now)),
          total: parts.reduce((sum, part) => sum + part.total, 0),
          ...(more && last ? { cursor: cursorAt(placeOf(last)) } : {}),
        },
        200,
      );
    },
  );

  app.openapi(
    declared({
      method: "get",
      path: "/v1/hunts/{hunt}/help/{thread}",
      summary: "A request, with the clue's hints and what the team tried last",
      role: organiser,
      responses: { 200: { description: "What one needs to answer it", schema: helpContext } },
    }),
    async (c) => {
      const hunt = huntOf(c);
      const { team, number } = threadIn(c.req.valid("param").thread);
      const shard = await shardOfNamed(c.env, hunt, team, c.get("now"));
      const { thread, hints, solved }: HelpBeside = accepted(
        (await calling(async () => shardStub(c.env, hunt, shard).helpBeside(team, number))) as
          | HelpBeside
          | Refusal,
      );
      const { guesses } =
        thread.clue === undefined
          ? { guesses: [] }
          : accepted(
              await calling(async () =>
                shardStub(c.env, hunt, shard).triedAt(team, thread.clue ?? "", GUESSES_BESIDE),
              ),
            );
      return c.json(
        {
          thread: askedOf(thread, c.get("now")),
          hints,
          guesses: guesses.map(({ at, ...guess }) => ({ ...guess, at: iso(at) })),
          ...(solved ? { solved } : {}),
        },
        200,
      );
    },
  );

  for (const [type, summary] of [
    ["claim", "Take a request for 15 minutes: others see that somebody looks at it"],
    ["release", "Give a request back; operators also one that somebody else has"],
    ["close", "Close a request; operators also one that somebody else has"],
  ] as const) {
    app.openapi(
      declared({
        method: "post",
        path: `/v1/hunts/{hunt}/help/{thread}/${type}`,
        summary,
        role: organiser,
        responses: { 200: { description: "The request now", schema: askedMade } },
        errors: ["conflict", "unavailable"],
      }),
      async (c) => c.json({ thread: await act(c, { type }, c.get("by"), c.get("organiser")) }, 200),
    );
  }

  app.openapi(
    declared({
      method: "post",
      path: "/v1/hunts/{hunt}/help/{thread}/messages",
      summary: "Answer a request, and close it with that or not. Idempotency-Key is honoured",
      role: organiser,
      headers: idempotent,
      json: replyBody,
      responses: { 200: { description: "The request now", schema: askedMade } },
      errors: ["bad_request", "conflict", "unavailable"],
    }),
    async (c) => {
      const { text, close = false } = c.req.valid("json");
      const by = c.get("by");
      const key = keyOf(c, c.req.valid("header"), `${huntOf(c)}\n\n${by.actor}`);
      return c.json(
        { thread: await act(c, { type: "reply", text, close, key }, by, c.get("organiser")) },
        200,
      );
    },
  );
}

/** The team and the number that an id names; throws `not_found` for what is no id. */
function threadIn(thread: string): { team: string; number: number } {
  const [, team, number] = /^([^.]+)\.([1-9]\d{0,8})$/.exec(thread) ?? [];
  if (team === undefined) throw new RequestError("not_found", "no such request");
  return { team, number: Number(number) };
}

async function act(
  c: Asking,
  action: HelpAction,
  by: Actor,
  rights: Pick<OrganiserClaims, "roles">,
): Promise<AskedThread> {
  const hunt = huntOf(c);
  const { team, number } = threadIn(c.req.param("thread") ?? "");
  await shardOfNamed(c.env, hunt, team, c.get("now"));
  const done: HelpAsked = accepted(
    (await calling(async () =>
      controlStub(c.env, hunt).help(team, number, action, isOperator(rights), by),
    )) as HelpAsked | Refusal,
  );
  return askedOf(done.thread, c.get("now"));
}

/** Stands for what is said: under the client's key, if there is one, else only when the engine repeats its call. */
const keyOf = (c: Asking, given: { "idempotency-key"?: string }, by: string): string =>
  requestKey(c.env, by, given["idempotency-key"] ?? crypto.randomUUID());

/** The first ones of all shards. None behind the last of a shard that has more: others of that one may come before. */
function pageOf(parts: readonly HelpPage[], limit: number): { threads: Asked[]; more: boolean } {
  const ends = parts.flatMap(({ threads: told, more }) => {
    const last = told.at(-1);
    return more && last ? [placeOf(last)] : [];
  });
  const [end] = ends.sort(byWait);
  const all = parts.flatMap((part) => part.threads).sort((a, b) => byWait(placeOf(a), placeOf(b)));
  const page: Asked[] = [];
  let length = 0;
  for (const thread of all) {
    if (page.length >= limit || length >= PAGE_LENGTH || (end && byWait(end, placeOf(thread)) < 0)) break;
    page.push(thread);
    length += lengthOf(thread);
  }
  return { threads: page, more: page.length < all.length || ends.length > 0 };
}

const placeOf = ({ id, since, messages }: Asked): HelpPlace => ({
  waits: since !== undefined,
  at: since ?? messages.at(-1)?.at ?? 0,
  id,
});

const cursorAt = ({ waits, at, id }: HelpPlace): string => `${waits ? 0 : 1}.${at}.${id}`;

function placeIn(cursor: string): HelpPlace {
  const [, group, at, id = ""] = HELP_CURSOR.exec(cursor) ?? [];
  return { waits: group === "0", at: Number(at), id };
}

function askedOf({ since, claim, messages, ...thread }: Asked, now: number): AskedThread {
  return {
    ...thread,
    waitingSeconds: since === undefined ? 0 : Math.max(0, Math.floor((now - since) / 1_000)),
    ...(claim === undefined ? {} : { claimedBy: claim.by, claimedUntil: iso(claim.until) }),
    messages: messages.map(({ at, ...message }) => ({ ...message, at: iso(at) })),
  };
}
