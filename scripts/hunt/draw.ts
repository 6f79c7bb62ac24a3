/** `hunt check-draw`: repeats a draw from the published seed and compares. */
import { createInterface } from "node:readline/promises";
import type { ExportLine, PlayLine } from "../../src/contract/export.ts";
import type { Hunt } from "../../src/contract/hunt.ts";
import type { Draw } from "../../src/contract/prizes.ts";
import type { PrizeRules } from "../../src/hunt/prize-changes.ts";
import { momentsOf } from "../../src/prizes/allocate.ts";
import { hashOfSeed, winsAtOdds } from "../../src/prizes/draw.ts";
import type { Call, Command } from "./command.ts";
import { EXIT, refused } from "./failure.ts";
import { plural } from "./text.ts";

/** Of a claim in the export: what its check needs. */
export type ExportedClaim = Pick<PlayLine, "team" | "event" | "outcome" | "drawnAt">;

/** Lists the faults of a draw; none: it is right. `claims`: all recorded ones, to find those wrongly missed. */
export function checkDraw(draw: Draw, claims: readonly ExportedClaim[] = []): string[] {
  const { drawSeed: seed, wins = [] } = draw;
  if (seed === undefined) return ["the seed is not published yet: the hunt has not ended"];
  const wrong: string[] = [];
  if (hashOfSeed(seed) !== draw.drawHash) wrong.push("the seed does not have the hash that was published");
  const units = new Set(wins.map(({ unit }) => unit));
  if (units.size !== wins.length) wrong.push("a unit was won twice");
  if (draw.mode === "odds") {
    const odds = draw.odds ?? 0;
    for (const { team, event } of wins) {
      if (!winsAtOdds(seed, draw.id, team, event, odds))
        wrong.push(`claim ${event} of ${team} won, the draw says no`);
    }
    for (const { team, event, outcome } of claims) {
      if (outcome === "missed" && event !== undefined && winsAtOdds(seed, draw.id, team, event, odds)) {
        wrong.push(`claim ${event} of ${team} missed, the draw says it wins`);
      }
    }
    return wrong;
  }
  const moments = momentsOf(rulesOf(draw), seed);
  const momentOf = new Map(moments.map(({ unit, at }) => [unit, at]));
  for (const { unit, team, at } of wins) {
    const moment = momentOf.get(unit);
    if (moment === undefined || Date.parse(at) < moment)
      wrong.push(`${team} won unit ${unit} before its moment`);
  }
  // Each claim gets the earliest moment that nobody has, so the moments won are the first ones.
  const first = moments.slice(0, wins.length);
  if (first.some(({ unit }) => !units.has(unit))) wrong.push("an earlier moment was passed over");
  const wonAt = new Map(wins.map(({ unit, at }) => [unit, Date.parse(at)]));
  for (const { team, event, outcome, drawnAt } of claims) {
    if (outcome !== "missed" || drawnAt === undefined) continue;
    const due = moments.find(({ unit, at }) => at <= drawnAt && (wonAt.get(unit) ?? Infinity) > drawnAt);
    if (due) wrong.push(`claim ${event} of ${team} missed, though unit ${due.unit} was there to be won`);
  }
  return wrong;
}

function rulesOf({ id, mode, stock, window, added = [] }: Draw): PrizeRules {
  const later = added.reduce((sum, { units }) => sum + units, 0);
  return {
    id,
    mode,
    stock: [{ units: stock - later }, ...added.map(({ units, at }) => ({ units, at: Date.parse(at) }))],
    perTeam: 1,
    ...(window ? { window: { from: Date.parse(window.from), to: Date.parse(window.to) } } : {}),
  };
}

export const checkDraws: Command = {
  name: "check-draw",
  summary: "Do a hunt's prize draws again from the published seed, and compare",
  usage: "<hunt>",
  options: {
    claims: { type: "boolean", about: "also every claim that missed, from the export (an organiser's)" },
  },
  example: "check-draw harbour-nights --claims",
  async run(call) {
    const hunt = encodeURIComponent(call.argument("hunt"));
    const { prizes = [] } = await call.engine.json<Hunt>("GET", `/v1/hunts/${hunt}`);
    const drawn = prizes.filter(({ drawHash }) => drawHash !== undefined);
    if (drawn.length === 0) throw refused("the hunt has no prize that is drawn");
    const claims = call.flag("claims") ? await claimsOf(call, hunt) : new Map<string, ExportedClaim[]>();
    const checked: { prize: string; wins: number; wrong: string[] }[] = [];
    for (const { id } of drawn) {
      const draw = await readDraw(call, hunt, id);
      if (draw.drawSeed === undefined)
        throw refused("not yet: draws can be checked once the hunt has ended and their seed is published");
      checked.push({ prize: id, wins: draw.wins?.length ?? 0, wrong: checkDraw(draw, claims.get(id)) });
    }
    await call.out.result(checked, async () => {
      for (const { prize, wins, wrong } of checked) {
        await call.out.line(
          `${prize}: ${wrong.length === 0 ? `right, ${plural(wins, "win")} checked` : "WRONG"}`,
        );
        for (const what of wrong) await call.out.line(`  ${what}`);
      }
    });
    return checked.some(({ wrong }) => wrong.length > 0) ? EXIT.refused : EXIT.ok;
  },
};

async function readDraw(call: Call, hunt: string, prize: string): Promise<Draw> {
  const path = `/v1/hunts/${hunt}/prizes/${encodeURIComponent(prize)}/draw?limit=500`;
  const draw = await call.engine.json<Draw>("GET", path);
  for (let { cursor } = draw; cursor !== undefined; ) {
    const page = await call.engine.json<Draw>("GET", `${path}&cursor=${cursor}`);
    draw.wins?.push(...(page.wins ?? []));
    cursor = page.cursor;
  }
  return draw;
}

async function claimsOf(call: Call, hunt: string): Promise<Map<string, ExportedClaim[]>> {
  const claims = new Map<string, ExportedClaim[]>();
  const body = await call.engine.stream("GET", `/v1/hunts/${hunt}/export`);
  for await (const line of createInterface({ input: body })) {
    const fact = JSON.parse(line) as ExportLine;
    if (fact.type !== "claim" || fact.prize === undefined) continue;
    const known = claims.get(fact.prize);
    if (known) known.push(fact);
    else claims.set(fact.prize, [fact]);
  }
  return claims;
}
