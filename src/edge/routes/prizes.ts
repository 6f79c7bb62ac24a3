/** Routes of the prizes: stock, withdrawal, revocation, winners, and the draw that anybody may check. */
import { forgetHunt } from "../../cache/kv.ts";
import { accepted, RequestError } from "../../errors.ts";
import { phaseAt } from "../../hunt/phase.ts";
import { calling, shardStub, vaultStub } from "../../objects/call.ts";
import type { Env } from "../../objects/env.ts";
import { parseTeamId } from "../../objects/ids.ts";
import type { Win } from "../../objects/prizes.ts";
import { check, DEFINITION_MAX, readJson } from "../body.ts";
import { huntEntry, huntOf, iso, shardOf } from "../hunt.ts";
import { limitAddress } from "../limits.ts";
import { type App, type Request$, route } from "../openapi.ts";
import { control, JSON_BODY, organiserOf } from "../organiser.ts";
import { answers, reasonBody, revokeBody, SLUG, stockBody, winnersQuery } from "../schemas.ts";
import { drawnPrizes, seedOf } from "./draws.ts";

export function prizeRoutes(app: App): void {
  route(
    app,
    {
      method: "post",
      path: "/v1/hunts/{hunt}/prizes/{prize}/stock",
      summary: "Add units to a prize; with their codes where the prize has a list of codes",
      auth: "organiser",
      body: { types: JSON_BODY, schema: stockBody },
      answers: { 200: { description: "The stock now, in force everywhere", schema: answers.stock } },
      errors: ["not_found", "conflict", "invalid", "unavailable"],
    },
    async (c) => {
      const by = await organiserOf(c);
      const hunt = huntOf(c);
      const { add, codes, reason } = check(stockBody, await readJson(c.req.raw, DEFINITION_MAX));
      // Not repeated by itself: stock added twice is twice the stock.
      const answer = await control(c.env, hunt).addStock(prizeOf(c), add, codes, reason, by);
      forgetHunt(hunt);
      return c.json(accepted(answer));
    },
  );

  for (const [action, withdrawn] of [
    ["withdraw", true],
    ["restore", false],
  ] as const) {
    route(
      app,
      {
        method: "post",
        path: `/v1/hunts/{hunt}/prizes/{prize}/${action}`,
        summary: withdrawn ? "Hand out no more of a prize" : "Hand out a withdrawn prize again",
        auth: "organiser",
        body: { types: JSON_BODY, schema: reasonBody },
        answers: { 200: { description: "In force everywhere", schema: answers.withdrawn } },
        errors: ["not_found", "unavailable"],
      },
      async (c) => {
        const by = await organiserOf(c);
        const hunt = huntOf(c);
        const { reason } = check(reasonBody, await readJson(c.req.raw, DEFINITION_MAX));
        accepted(await control(c.env, hunt).withdraw(prizeOf(c), withdrawn, reason, by));
        forgetHunt(hunt);
        return c.json({ withdrawn });
      },
    );
  }

  route(
    app,
    {
      method: "post",
      path: "/v1/hunts/{hunt}/prizes/{prize}/revoke",
      summary: "Take a win back; its unit goes to nobody else",
      auth: "organiser",
      body: { types: JSON_BODY, schema: revokeBody },
      answers: { 200: { description: "Revoked, and whose it was", schema: answers.revoked } },
      errors: ["not_found", "unavailable"],
    },
    async (c) => {
      const by = await organiserOf(c);
      const hunt = huntOf(c);
      const prize = prizeOf(c);
      const { unit, reason } = check(revokeBody, await readJson(c.req.raw, DEFINITION_MAX));
      await huntEntry(c.env, hunt, c.get("now"));
      const vault = () => vaultStub(c.env, hunt);
      const win = accepted(await calling(async () => vault().winner(prize, unit)));
      const { team } = win;
      const { shard } = shardOf(team, "not_found");
      // Its record may still be on its way from the vault; all of it may be repeated.
      accepted((await calling(async () => shardStub(c.env, hunt, shard).recordWins([win]))) ?? {});
      const action = { type: "revoke", prize, unit, reason } as const;
      accepted(await calling(async () => shardStub(c.env, hunt, shard).organise(team, action)));
      await calling(async () => vault().revoked(prize, unit));
      const detail = { team, prize, unit, reason };
      await control(c.env, hunt).recordAction({ ...by, at: c.get("now"), action: "revoke", detail });
      return c.json({ revoked: true, team });
    },
  );

  route(
    app,
    {
      method: "get",
      path: "/v1/hunts/{hunt}/prizes/{prize}/winners",
      summary: "Who won, with codes, page by page",
      auth: "organiser",
      query: winnersQuery,
      answers: { 200: { description: "Winners, and the next page's cursor", schema: answers.winners } },
      errors: ["not_found", "invalid", "unavailable"],
    },
    async (c) => {
      const by = await organiserOf(c);
      const hunt = huntOf(c);
      const prize = prizeOf(c);
      const { cursor, limit } = check(winnersQuery, c.req.query());
      await huntEntry(c.env, hunt, c.get("now"));
      const page = await winsOf(c.env, hunt, prize, cursor, limit);
      if (cursor === undefined) {
        await control(c.env, hunt).recordAction({
          ...by,
          at: c.get("now"),
          action: "winners",
          detail: { prize },
        });
      }
      return c.json({ winners: await named(c.env, hunt, page), ...nextOf(page, limit) });
    },
  );

  route(
    app,
    {
      method: "get",
      path: "/v1/hunts/{hunt}/prizes/{prize}/draw",
      summary: "What anybody needs to check a draw: the hash, and after the end the seed and the wins",
      auth: "none",
      query: winnersQuery,
      answers: { 200: { description: "The draw", schema: answers.draw } },
      errors: ["not_found", "invalid", "unavailable"],
    },
    async (c) => {
      await limitAddress(c.env, c.req.raw);
      const hunt = huntOf(c);
      const now = c.get("now");
      const { cursor, limit } = check(winnersQuery, c.req.query());
      const entry = await huntEntry(c.env, hunt, now);
      const [drawn] = drawnPrizes(entry).filter(({ id }) => id === prizeOf(c));
      if (!drawn) throw new RequestError("not_found", "this prize is not drawn");
      const ended = phaseAt(entry.phase, entry.hunt, now) === "ended";
      const seed = ended ? await seedOf(c.env, hunt) : undefined;
      if (seed === undefined) return c.json({ hunt, ...drawn });
      const page = await winsOf(c.env, hunt, drawn.id, cursor, limit);
      const wins = page.map(({ unit, team, event, at, revoked }) => ({
        unit,
        team,
        event,
        at: iso(at),
        ...(revoked ? { revoked } : {}),
      }));
      return c.json({ hunt, ...drawn, drawSeed: seed, wins, ...nextOf(page, limit) });
    },
  );
}

function prizeOf(c: Request$): string {
  const prize = c.req.param("prize");
  if (prize === undefined || !SLUG.test(prize)) throw new RequestError("not_found", "no such prize");
  return prize;
}

/** Wins in the order of teams; `cursor` names the last one of the page before. */
async function winsOf(
  env: Env,
  hunt: string,
  prize: string,
  cursor: string | undefined,
  limit: number,
): Promise<Win[]> {
  const [team = "", n = "-1"] = cursor?.split(".") ?? [];
  const after = { team, n: Number(n) };
  return accepted(await calling(async () => vaultStub(env, hunt).winners(prize, after, limit)));
}

function nextOf(page: readonly Win[], limit: number): { cursor?: string } {
  const last = page.at(-1);
  return last && page.length === limit ? { cursor: `${last.team}.${last.n}` } : {};
}

/** With the names and codes that only the teams' shards know. */
async function named(env: Env, hunt: string, page: readonly Win[]): Promise<object[]> {
  const byShard = Map.groupBy(page, ({ team }) => parseTeamId(team)?.shard ?? "");
  const known = new Map<Win, object>();
  await Promise.all(
    [...byShard].map(async ([shard, wins]) => {
      const told = accepted(
        await calling(async () => shardStub(env, hunt, shard).winners(wins.map((win) => ({ ...win })))),
      );
      for (const [index, win] of wins.entries()) known.set(win, told[index] ?? {});
    }),
  );
  return page.map((win) => {
    const {
      name = "",
      player: playerName = "",
      code,
    } = (known.get(win) ?? {}) as {
      name?: string;
      player?: string;
      code?: string;
    };
    return {
      unit: win.unit,
      team: win.team,
      name,
      player: win.player,
      playerName,
      at: iso(win.at),
      event: win.event,
      ...(code === undefined ? {} : { code }),
      ...(win.revoked ? { revoked: true } : {}),
    };
  });
}
