/** Prizes: stock, withdrawal, revocation, winners, and the draw that anybody may check. */
import { forgetHunt } from "../../cache/kv.ts";
import {
  draw,
  pageQuery,
  revokeBody,
  revoked,
  STOCK_BYTES,
  stock,
  stockBody,
  type Winner,
  winners,
  withdrawn as withdrawnNow,
} from "../../contract/prizes.ts";
import { reasonBody } from "../../contract/teams.ts";
import { accepted, RequestError } from "../../errors.ts";
import { isOver, phaseAt } from "../../hunt/phase.ts";
import { calling, callingOnce, controlStub, shardStub, vaultStub } from "../../objects/call.ts";
import type { PublicEntry } from "../../objects/control.ts";
import type { Env } from "../../objects/env.ts";
import { parseTeamId } from "../../objects/ids.ts";
import type { Win } from "../../objects/prizes.ts";
import type { WinnerRow } from "../../objects/shard.ts";
import { declared } from "../declare.ts";
import { huntEntry, huntOf, iso, timeIn } from "../hunt.ts";
import { noteReading } from "../readings.ts";
import type { App } from "../request.ts";
import { anyone, organiser } from "../roles.ts";
import type { TableOf } from "../tables.ts";
import { drawnPrizes, seedOf } from "./draws.ts";

export function prizeRoutes(app: App): void {
  app.openapi(
    declared({
      method: "post",
      path: "/v1/hunts/{hunt}/prizes/{prize}/stock",
      summary: "Add units to a prize; with their codes where the prize has a list of codes",
      role: organiser,
      json: stockBody,
      maxBytes: STOCK_BYTES,
      responses: { 200: { description: "The stock now, in force everywhere", schema: stock } },
      errors: ["conflict", "unavailable"],
    }),
    async (c) => {
      const hunt = huntOf(c);
      const { prize } = c.req.valid("param");
      const { add, codes, reason } = c.req.valid("json");
      // Not repeated by itself: stock added twice is twice the stock.
      const changed = await callingOnce(async () =>
        controlStub(c.env, hunt).addStock(prize, add, codes, reason, c.get("by")),
      );
      forgetHunt(hunt);
      return c.json({ stock: accepted(changed).stock }, 200);
    },
  );

  for (const [action, withdrawn] of [
    ["withdraw", true],
    ["restore", false],
  ] as const) {
    app.openapi(
      declared({
        method: "post",
        path: `/v1/hunts/{hunt}/prizes/{prize}/${action}`,
        summary: withdrawn ? "Hand out no more of a prize" : "Hand out a withdrawn prize again",
        role: organiser,
        json: reasonBody,
        responses: { 200: { description: "In force everywhere", schema: withdrawnNow } },
        errors: ["unavailable"],
      }),
      async (c) => {
        const hunt = huntOf(c);
        const { prize } = c.req.valid("param");
        const { reason } = c.req.valid("json");
        accepted(
          await callingOnce(async () =>
            controlStub(c.env, hunt).withdraw(prize, withdrawn, reason, c.get("by")),
          ),
        );
        forgetHunt(hunt);
        return c.json({ withdrawn }, 200);
      },
    );
  }

  app.openapi(
    declared({
      method: "post",
      path: "/v1/hunts/{hunt}/prizes/{prize}/revoke",
      summary: "Take a win back; its unit goes to nobody else",
      role: organiser,
      json: revokeBody,
      responses: { 200: { description: "Revoked, and whose it was", schema: revoked } },
      errors: ["unavailable"],
    }),
    async (c) => {
      const hunt = huntOf(c);
      const { prize } = c.req.valid("param");
      const { unit, reason } = c.req.valid("json");
      await huntEntry(c.env, hunt, c.get("now"));
      const { team } = accepted(
        await calling(async () => controlStub(c.env, hunt).revoke(prize, unit, reason, c.get("by"))),
      );
      return c.json({ revoked: true as const, team }, 200);
    },
  );

  app.openapi(
    declared({
      method: "get",
      path: "/v1/hunts/{hunt}/prizes/{prize}/winners",
      summary: "Who won, with codes and how to reach them, page by page",
      role: organiser,
      query: pageQuery,
      responses: { 200: { description: "Winners, and the next page's cursor", schema: winners } },
      errors: ["unavailable"],
    }),
    async (c) => {
      const hunt = huntOf(c);
      const { prize } = c.req.valid("param");
      const { cursor, limit } = c.req.valid("query");
      const { hunt: known } = await huntEntry(c.env, hunt, c.get("now"));
      const labels = labelsOf(known);
      const page = await winsOf(c.env, hunt, prize, cursor, limit);
      // What winners are reached by is personal: the audit says that it was read.
      const read = { prize, ...(labels.size > 0 ? { contact: true } : {}) };
      await noteReading(c.env, hunt, c.get("by"), c.get("now"), "winners", read);
      return c.json({ winners: await named(c.env, hunt, page, labels), ...nextOf(page, limit) }, 200);
    },
  );

  app.openapi(
    declared({
      method: "get",
      path: "/v1/hunts/{hunt}/prizes/{prize}/draw",
      summary: "What anybody needs to check a draw: the hash, and after the end the seed and the wins",
      role: anyone,
      query: pageQuery,
      responses: { 200: { description: "The draw", schema: draw } },
      errors: ["unavailable"],
    }),
    async (c) => {
      const hunt = huntOf(c);
      const now = c.get("now");
      const { prize } = c.req.valid("param");
      const { cursor, limit } = c.req.valid("query");
      const entry = await huntEntry(c.env, hunt, now);
      const drawn = drawnPrizes(entry).find(({ id }) => id === prize);
      if (!drawn) throw new RequestError("not_found", "this prize is not drawn");
      const ended = isOver(phaseAt(entry.phase, entry.hunt, timeIn(entry, now)));
      const seed = ended ? await seedOf(c.env, entry) : undefined;
      if (seed === undefined) return c.json({ hunt, ...drawn }, 200);
      const page = await winsOf(c.env, hunt, drawn.id, cursor, limit);
      const wins = page.map(({ unit, team, event, at, revoked }) => ({
        unit,
        team,
        event,
        at: iso(at),
        ...(revoked ? { revoked } : {}),
      }));
      return c.json({ hunt, ...drawn, drawSeed: seed, wins, ...nextOf(page, limit) }, 200);
    },
  );
}

/** Winners asked for at once by a table of all of them. */
const PAGE = 200;

/** The winners of every prize, page by page, for a table of them. */
export async function* winnersOfAll({
  env,
  hunt,
  entry,
}: TableOf): AsyncGenerator<{ prize: string; winners: Winner[] }> {
  const labels = labelsOf(entry.hunt);
  for (const { id: prize } of entry.hunt.prizes) {
    let cursor: string | undefined;
    do {
      const page = await winsOf(env, hunt, prize, cursor, PAGE);
      yield { prize, winners: await named(env, hunt, page, labels) };
      cursor = nextOf(page, PAGE).cursor;
    } while (cursor !== undefined);
  }
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

/** The labels of the fields by which winners are reached, by field. */
const labelsOf = ({ join }: PublicEntry["hunt"]): Map<string, string> =>
  new Map(join?.fields?.filter(({ contact }) => contact).map(({ id, label }) => [id, label]));

/** With the names, codes and contact that only the teams' shards know. */
async function named(
  env: Env,
  hunt: string,
  page: readonly Win[],
  labels: ReadonlyMap<string, string>,
): Promise<Winner[]> {
  const byShard = Map.groupBy(page, ({ team }) => parseTeamId(team)?.shard ?? "");
  const rows = new Map<Win, WinnerRow>();
  await Promise.all(
    [...byShard].map(async ([shard, wins]) => {
      const found = accepted(
        await calling(async () =>
          shardStub(env, hunt, shard).winners(
            wins.map((win) => ({ ...win })),
            [...labels.keys()],
          ),
        ),
      );
      for (const [index, win] of wins.entries()) rows.set(win, found[index] ?? null);
    }),
  );
  return page.map((win) => {
    const row = rows.get(win);
    return {
      unit: win.unit,
      team: win.team,
      name: row?.name ?? "",
      player: win.player,
      playerName: row?.player ?? "",
      at: iso(win.at),
      event: win.event,
      ...(row?.code === undefined ? {} : { code: row.code }),
      ...(row?.contact === undefined
        ? {}
        : { contact: row.contact.map(({ id, value }) => ({ id, label: labels.get(id) ?? id, value })) }),
      ...(win.revoked ? { revoked: true as const } : {}),
    };
  });
}
