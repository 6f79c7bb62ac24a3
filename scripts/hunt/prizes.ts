/** Commands of the prizes: stock, withdrawal, revocation, winners, and the stock against an expected crowd. */
import type {
  RevokeBody,
  Revoked,
  Stock,
  StockBody,
  Winner,
  Winners,
  Withdrawn,
} from "../../src/contract/prizes.ts";
import type { ReasonBody } from "../../src/contract/teams.ts";
import { contactFields, contactOf, winnersCsv } from "../../src/contract/winners-table.ts";
import { rulesOf } from "../../src/hunt/prize-changes.ts";
import { chance } from "../lab/measure/chance.ts";
import { CLAIMS_MAX, type Crowd, forecast, type Quantiles } from "../lab/prizes/forecast.ts";
import { type Call, type Command, type Options, wholeNumber } from "./command.ts";
import { EXIT, type ExitCode, refused, wrongUsage } from "./failure.ts";
import { left, right } from "./output.ts";
import { compiledHere, huntOf, readSource } from "./source.ts";
import { count, duration, plural } from "./text.ts";
import { readTextFile } from "./text-file.ts";

const REASON: Options = {
  reason: { type: "string", value: "text", about: "why, for the audit (default: from the command line)" },
};

const UNITS_MAX = 1_000_000;
const WINNERS_PAGE = 500;

const pathOf = (call: Call, rest: string, hunt = call.argument("hunt")): string =>
  `/v1/hunts/${encodeURIComponent(hunt)}/prizes/${encodeURIComponent(call.argument("prize"))}/${rest}`;

/** Stock added twice is twice the stock: see `once`. */
function act<Told, Body extends ReasonBody>(
  call: Call,
  path: string,
  body: Omit<Body, "reason">,
  hunt?: string,
): Promise<Told> {
  return call.engine.json<Told>("POST", pathOf(call, path, hunt), {
    body: { ...body, reason: call.text("reason") ?? "from the command line" },
    once: true,
  });
}

export const stock: Command = {
  name: "stock",
  summary: "Add units to a prize",
  usage: "<hunt> <prize> <units>",
  options: {
    ...REASON,
    codes: {
      type: "string",
      value: "file",
      about: "their codes, one a line, where the prize has a list of codes",
    },
  },
  example: "stock harbour-nights dinner 20",
  async run(call) {
    const add = wholeNumber("<units>", call.argument("units"), 1, UNITS_MAX);
    const file = call.text("codes");
    const text = file && (await readTextFile(call, file));
    const codes = text?.split(/\r?\n/).filter((line) => line !== "");
    const response = await act<Stock, StockBody>(call, "stock", { add, ...(codes ? { codes } : {}) });
    await call.out.confirm(
      response,
      `${call.argument("prize")} has ${plural(response.stock, "unit")} in all now`,
    );
    return EXIT.ok;
  },
};

export const withdraw: Command = {
  name: "withdraw",
  summary: "Hand out no more of a prize",
  usage: "<hunt> <prize>",
  options: REASON,
  example: 'withdraw harbour-nights dinner --reason "…"',
  async run(call) {
    const response = await act<Withdrawn, ReasonBody>(call, "withdraw", {});
    await call.out.confirm(response, `${call.argument("prize")} is withdrawn`);
    return EXIT.ok;
  },
};

/** Hands out a withdrawn prize of the hunt again. */
export async function restorePrize(call: Call, hunt: string): Promise<ExitCode> {
  const response = await act<Withdrawn, ReasonBody>(call, "restore", {}, hunt);
  await call.out.confirm(response, `${call.argument("prize")} is handed out again`);
  return EXIT.ok;
}

/** Takes a win back; its unit goes to nobody else. */
export async function revokeWin(call: Call): Promise<void> {
  const unit = wholeNumber("<unit>", call.argument("unit"), 0, 10 * UNITS_MAX);
  const response = await act<Revoked, RevokeBody>(call, "revoke", { unit });
  await call.out.confirm(response, `unit ${unit} is taken back from ${response.team}`);
}

export const winners: Command = {
  name: "winners",
  summary: "Who won a prize, with codes and how to reach them (--json: all of it)",
  usage: "<hunt> <prize>",
  options: { csv: { type: "boolean", about: "print it as CSV, for spreadsheets" } },
  example: "winners harbour-nights dinner --csv > winners.csv",
  async run(call) {
    if (call.flag("csv") && call.flag("json")) throw wrongUsage("--csv and --json are one too many");
    const all: Winner[] = [];
    for (let cursor: string | undefined = ""; cursor !== undefined; ) {
      const query: string = `limit=${WINNERS_PAGE}${cursor === "" ? "" : `&cursor=${cursor}`}`;
      const page: Winners = await call.engine.json("GET", pathOf(call, `winners?${query}`));
      all.push(...page.winners);
      cursor = page.cursor;
    }
    const fields = contactFields(all);
    await call.out.result({ winners: all }, async () => {
      if (call.flag("csv")) return call.out.write(winnersCsv(all));
      await call.out.table(
        [
          right("unit"),
          left("team"),
          left("name"),
          left("player"),
          left("at"),
          { title: "code", whole: true },
          ...[...fields.values()].map((title) => ({ title, whole: true as const })),
        ],
        all.map((one) => [
          one.unit,
          one.team,
          one.name,
          one.playerName,
          one.at,
          one.revoked ? "(revoked)" : one.code,
          ...[...fields.keys()].map((id) => String(contactOf(one, id) ?? "")),
        ]),
      );
    });
    return EXIT.ok;
  },
};

/** Runs of a forecast: enough for quantiles, few enough to wait for. */
const RUNS = 50;

const DAY = 86_400_000;

export const prizes: Command = {
  name: "prizes",
  summary: "How long the stock lasts for an expected crowd: a simulation",
  usage: "<file>",
  options: {
    hunt: { type: "string", value: "id", about: "the id it would be published under" },
    teams: { type: "string", value: "n", about: "teams that will be eligible (default: 10000)" },
    claims: { type: "string", value: "n", about: "claims of a team until it wins or gives up (default: 3)" },
    rush: {
      type: "string",
      value: "%",
      about: "share of claims in the first tenth of the time (default: 50)",
    },
    seed: { type: "string", value: "n", about: "of the crowd (default: 1)" },
  },
  example: "prizes hunts/harbour-nights.yaml --teams 50000",
  async run(call) {
    const source = await readSource(call);
    if (source.parsed.issues) throw refused(`${source.name} has errors: see lint`);
    const compiled = compiledHere(source.parsed.definition, huntOf(source, call.text("hunt")));
    if (!compiled.hunt) throw refused(`${source.name} has errors: see lint`);
    const { opens, closes } = compiled.hunt;
    const teams = call.count("teams", 1, CLAIMS_MAX) ?? 10_000;
    const claims = call.count("claims", 1, Math.max(1, Math.floor(CLAIMS_MAX / teams))) ?? 3;
    const random = chance(call.count("seed", 0, 2 ** 31) ?? 1);
    const rush = (call.count("rush", 0, 100) ?? 50) / 100;
    const forecasts = compiled.hunt.prizes.map((prize) => {
      const from = prize.window?.from ?? opens ?? 0;
      const crowd: Crowd = { teams, claims, rush, from, to: prize.window?.to ?? closes ?? from + DAY };
      return forecast(rulesOf(prize, undefined), crowd, RUNS, random);
    });
    await call.out.result(forecasts, async () => {
      await call.out.table(
        [
          left("prize"),
          left("mode"),
          right("stock"),
          right("won"),
          right("refused"),
          right("gone in"),
          right("gone after"),
        ],
        forecasts.map((one) => [
          one.prize,
          one.mode,
          one.stock,
          range(one.won, count),
          range(one.refused, (share) => `${Math.round(100 * share)} %`),
          `${Math.round(100 * one.drained)} % of runs`,
          one.drainedAfter ? range(one.drainedAfter, duration) : "never",
        ]),
      );
      call.out.note(`${plural(RUNS, "run")}; 5 % … 95 % around the median`);
    });
    return EXIT.ok;
  },
};

const range = ([low, middle, high]: Quantiles, told: (value: number) => string): string =>
  low === high ? told(middle) : `${told(middle)} (${told(low)} … ${told(high)})`;
