/** Running a team: what its captain and its players change of it, and what organisers do. */
import {
  captainBody,
  codeNow,
  mergeBody,
  moveBody,
  reasonQuery,
  teamNow,
  teamPatch,
  teamPatchByHand,
} from "../../contract/team.ts";
import { accepted, type Refusal, RequestError } from "../../errors.ts";
import { foldName } from "../../hunt/fold.ts";
import { calling, callingOnce, controlStub, registryStub, shardStub } from "../../objects/call.ts";
import type { PublicEntry } from "../../objects/control.ts";
import type { Env } from "../../objects/env.ts";
import { randomText } from "../../objects/ids.ts";
import { nameKeyOf, TEAM_PREFIX } from "../../objects/names.ts";
import type { TeamChanged } from "../../objects/shard.ts";
import type { TeamChange } from "../../protocol.ts";
import type { PlayerClaims } from "../auth.ts";
import { declared } from "../declare.ts";
import { huntEntry, huntOf, shardOf, shardOfNamed } from "../hunt.ts";
import type { App, Asking } from "../request.ts";
import { organiser, player } from "../roles.ts";
import { releaseName, reserveName } from "../team-names.ts";

/** Random characters of the key that a name is reserved under. */
const NAME_KEY_LENGTH = 16;

type Change = (change: TeamChange) => Promise<TeamChanged | Refusal>;

export function runningRoutes(app: App): void {
  app.openapi(
    declared({
      method: "patch",
      path: "/v1/hunts/{hunt}/team",
      summary: "The captain renames the team, or chooses its bracket before the first solve",
      role: player,
      json: teamPatch,
      responses: { 200: { description: "The team now", schema: teamNow } },
      errors: ["forbidden", "conflict", "unavailable"],
    }),
    async (c) => {
      const { team } = c.get("player");
      const change = (wish: TeamChange) => calling(() => changeAs(c, c.get("player"), wish));
      return c.json(await alter(c, team, shardOf(team).shard, c.req.valid("json"), change), 200);
    },
  );

  app.openapi(
    declared({
      method: "post",
      path: "/v1/hunts/{hunt}/team/code",
      summary: "The captain makes a new join code; the old one is unknown from then on",
      role: player,
      responses: { 200: { description: "The new code", schema: codeNow } },
      errors: ["forbidden", "conflict", "unavailable"],
    }),
    async (c) => {
      const changed = await callingOnce(() => changeAs(c, c.get("player"), { type: "code" }));
      return c.json({ joinCode: accepted(changed).team.joinCode ?? "" }, 200);
    },
  );

  app.openapi(
    declared({
      method: "post",
      path: "/v1/hunts/{hunt}/team/captain",
      summary: "The captain hands over to another member",
      role: player,
      json: captainBody,
      responses: { 200: { description: "The team now", schema: teamNow } },
      errors: ["forbidden", "not_found", "conflict", "unavailable"],
    }),
    async (c) => {
      const wish = { type: "captain", player: c.req.valid("json").player } as const;
      return c.json(told(await calling(() => changeAs(c, c.get("player"), wish))), 200);
    },
  );

  app.openapi(
    declared({
      method: "post",
      path: "/v1/hunts/{hunt}/team/leave",
      summary: "Leave the team, which has other players: the token is void from then on",
      role: player,
      responses: { 204: { description: "Left" } },
      errors: ["conflict", "unavailable"],
    }),
    async (c) => {
      // Not repeated by itself: the second time the token is void.
      accepted(await callingOnce(() => changeAs(c, c.get("player"), { type: "leave" })));
      return c.body(null, 204);
    },
  );

  app.openapi(
    declared({
      method: "delete",
      path: "/v1/hunts/{hunt}/team/members/{player}",
      summary: "The captain removes a player: its tokens are void, and the seat is free",
      role: player,
      responses: { 204: { description: "Removed" } },
      errors: ["forbidden", "not_found", "conflict", "unavailable"],
    }),
    async (c) => {
      const wish = { type: "remove", player: c.req.valid("param").player } as const;
      accepted(await calling(() => changeAs(c, c.get("player"), wish)));
      return c.body(null, 204);
    },
  );

  app.openapi(
    declared({
      method: "patch",
      path: "/v1/hunts/{hunt}/teams/{team}",
      summary: "Rename a team, or move it to another bracket",
      role: organiser,
      json: teamPatchByHand,
      responses: { 200: { description: "The team now", schema: teamNow } },
      errors: ["conflict", "unavailable"],
    }),
    async (c) => {
      const hunt = huntOf(c);
      const { team } = c.req.valid("param");
      const { reason, ...wished } = c.req.valid("json");
      const shard = await shardOfNamed(c.env, hunt, team, c.get("now"));
      const by = c.get("by");
      const change = (wish: TeamChange) =>
        calling(async () => controlStub(c.env, hunt).changeTeam(team, wish, reason, by));
      return c.json(await alter(c, team, shard, wished, change), 200);
    },
  );

  app.openapi(
    declared({
      method: "delete",
      path: "/v1/hunts/{hunt}/teams/{team}/members/{player}",
      summary: "Remove a player from a team: its tokens are void, and the seat is free",
      role: organiser,
      query: reasonQuery,
      responses: { 204: { description: "Removed" } },
      errors: ["conflict", "unavailable"],
    }),
    async (c) => {
      const hunt = huntOf(c);
      const { team, player: gone } = c.req.valid("param");
      const { reason } = c.req.valid("query");
      const by = c.get("by");
      const wish = { type: "remove", player: gone } as const;
      const removed = accepted(
        await calling(async () => controlStub(c.env, hunt).changeTeam(team, wish, reason, by)),
      );
      await free(c.env, hunt, removed.freed);
      return c.body(null, 204);
    },
  );

  app.openapi(
    declared({
      method: "post",
      path: "/v1/hunts/{hunt}/teams/{team}/members/{player}/move",
      summary:
        "Move a player to another team: it keeps its id and what it won, its tokens are void, and renewing one gives a token for the new team",
      role: organiser,
      json: moveBody,
      responses: { 200: { description: "The team that the player is in now", schema: teamNow } },
      errors: ["conflict", "unavailable"],
    }),
    async (c) => {
      const hunt = huntOf(c);
      const { team, player: member } = c.req.valid("param");
      const { to, reason } = c.req.valid("json");
      const now = c.get("now");
      // A guessed id names no shard: control would write it into the audit.
      for (const each of [team, to]) await shardOfNamed(c.env, hunt, each, now);
      const by = c.get("by");
      const moved = await calling(async () =>
        controlStub(c.env, hunt).movePlayer(team, member, to, reason, by),
      );
      return c.json(told(moved), 200);
    },
  );

  app.openapi(
    declared({
      method: "post",
      path: "/v1/hunts/{hunt}/teams/{team}/merge",
      summary:
        "Merge a team into another one: its players go there as if each was moved, all that it solved, took and was given counts there once, and its code leads there",
      role: organiser,
      json: mergeBody,
      responses: { 200: { description: "The team that it was merged into", schema: teamNow } },
      errors: ["conflict", "unavailable"],
    }),
    async (c) => {
      const hunt = huntOf(c);
      const { team } = c.req.valid("param");
      const { into, reason } = c.req.valid("json");
      const now = c.get("now");
      for (const each of [team, into]) await shardOfNamed(c.env, hunt, each, now);
      const by = c.get("by");
      const merged = await calling(async () => controlStub(c.env, hunt).mergeTeams(team, into, reason, by));
      return c.json(told(merged), 200);
    },
  );
}

const changeAs = async (
  c: Asking,
  { hunt, team, player: self, gen }: PlayerClaims,
  change: TeamChange,
): Promise<TeamChanged | Refusal> =>
  shardStub(c.env, hunt, shardOf(team).shard).changeTeam(team, { player: self, gen }, change);

const told = (changed: Pick<TeamChanged, "team"> | Refusal): Pick<TeamChanged, "team"> => ({
  team: accepted(changed).team,
});

/** Renames the team and gives it a bracket: a new name is reserved before, and the old one freed after. */
async function alter(
  c: Asking,
  team: string,
  shard: string,
  { name, bracket }: { name?: string | undefined; bracket?: string | undefined },
  change: Change,
): Promise<Pick<TeamChanged, "team">> {
  const hunt = huntOf(c);
  const entry = await huntEntry(c.env, hunt, c.get("now"));
  if (bracket !== undefined) checkBracket(entry, bracket);
  const wish = {
    type: "alter",
    ...(name === undefined ? {} : { name }),
    ...(bracket === undefined ? {} : { bracket }),
  } as const;
  if (name === undefined || entry.hunt.teams.mode === "solo") return told(await change(wish));
  const before = accepted(await calling(async () => shardStub(c.env, hunt, shard).nameOf(team)));
  // A name that folds to the same stays reserved under its key.
  if (foldName(before.name) === foldName(name)) return told(await change(wish));
  const key = nameKeyOf(team, randomText(NAME_KEY_LENGTH));
  await reserveName(c.env, entry, name, { shard, key, team, now: c.get("now") });
  const changed = await change({ ...wish, nameKey: key });
  if ("refused" in changed) await releaseName(c.env, hunt, name, { shard, key });
  const { freed } = accepted(changed);
  await free(c.env, hunt, freed);
  return told(changed);
}

/** What the name was reserved under is exact: whoever took it over meanwhile keeps it. */
async function free(env: Env, hunt: string, freed: TeamChanged["freed"]): Promise<void> {
  if (!freed) return;
  const reserved = TEAM_PREFIX + foldName(freed.name);
  await calling(async () => registryStub(env, hunt, reserved).release(reserved, freed.key));
}

function checkBracket({ hunt: { brackets } }: PublicEntry, bracket: string): void {
  if (brackets.some(({ id }) => id === bracket)) return;
  throw new RequestError("invalid", "the content does not have the right form", [
    { path: "bracket", code: "invalid_value", message: `there is no bracket ${bracket}` },
  ]);
}
