/** The help desk: what teams ask, and what organisers say. */
import {
  type AskedThread,
  askedMade,
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
import { calling, callingOnce, controlStub, shardStub } from "../../objects/call.ts";
import type { Actor } from "../../objects/control.ts";
import { byWait } from "../../objects/orders.ts";
import type { Asked, HelpAction, HelpAsked, HelpBeside } from "../../objects/shard.ts";
import type { OrganiserClaims } from "../auth.ts";
import { declared } from "../declare.ts";
import { huntOf, iso, shardOf, shardOfNamed, shardsOf } from "../hunt.ts";
import { limitLooks } from "../limits.ts";
import type { App, Asking } from "../request.ts";
import { organiser, unseatedPlayer } from "../roles.ts";

/** Guesses told beside a thread. */
const GUESSES_BESIDE = 10;

export function helpRoutes(app: App): void {
  app.openapi(
    declared({
      method: "post",
      path: "/v1/hunts/{hunt}/threads",
      summary: "Ask the organisers for help, where the hunt offers that",
      role: unseatedPlayer,
      json: threadBody,
      responses: { 201: { description: "Asked", schema: threadMade } },
      errors: ["conflict", "not_found", "unavailable"],
    }),
    async (c) => {
      const { hunt, team, player, gen } = c.get("player");
      const { clue, text } = c.req.valid("json");
      limitLooks(c.env, team, c.get("now"));
      const { shard } = shardOf(team);
      // Not repeated by itself: it would be asked twice.
      const thread = accepted(
        await callingOnce(async () =>
          shardStub(c.env, hunt, shard).askForHelp({ team, player, gen }, clue, text),
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
      summary: "Say more in a request: one that was answered waits again",
      role: unseatedPlayer,
      json: messageBody,
      responses: { 201: { description: "Said", schema: threadMade } },
      errors: ["conflict", "unavailable"],
    }),
    async (c) => {
      const { hunt, team, player, gen } = c.get("player");
      const { text } = c.req.valid("json");
      const asked = threadIn(c.req.valid("param").thread);
      limitLooks(c.env, team, c.get("now"));
      if (asked.team !== team) throw new RequestError("not_found", "no such request");
      const { shard } = shardOf(team);
      const thread = accepted(
        await callingOnce(async () =>
          shardStub(c.env, hunt, shard).askMore({ team, player, gen }, asked.number, text),
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
      const { state, clue, limit } = c.req.valid("query");
      const shards = await shardsOf(c.env, hunt, c.get("now"));
      const parts = await Promise.all(
        shards.map(async (shard) =>
          accepted(await calling(async () => shardStub(c.env, hunt, shard).helpQueue(state, clue, limit))),
        ),
      );
      const all = parts.flatMap((part) => part.threads as Asked[]).sort(byWait);
      const total = parts.reduce((sum, part) => sum + part.total, 0);
      return c.json({ threads: all.slice(0, limit).map(askedOf), total }, 200);
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
          thread: askedOf(thread),
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
      summary: "Answer a request, and close it with that or not",
      role: organiser,
      json: replyBody,
      responses: { 200: { description: "The request now", schema: askedMade } },
      errors: ["conflict", "unavailable"],
    }),
    async (c) => {
      const { text, close = false } = c.req.valid("json");
      return c.json(
        { thread: await act(c, { type: "reply", text, close }, c.get("by"), c.get("organiser")) },
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
    (await callingOnce(async () =>
      controlStub(c.env, hunt).help(team, number, action, isOperator(rights), by),
    )) as HelpAsked | Refusal,
  );
  return askedOf(done.thread);
}

function askedOf({ waiting, claim, messages, ...thread }: Asked): AskedThread {
  return {
    ...thread,
    waitingSeconds: Math.floor(waiting / 1_000),
    ...(claim === undefined ? {} : { claimedBy: claim.by, claimedUntil: iso(claim.until) }),
    messages: messages.map(({ at, ...message }) => ({ ...message, at: iso(at) })),
  };
}
