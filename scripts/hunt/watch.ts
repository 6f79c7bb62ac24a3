/** Commands that look at a running hunt: stats, leaderboard, teams, audit, verify. */
import type { Audit, Stats, Verification } from "../../src/contract/data.ts";
import type { Hunt } from "../../src/contract/hunt.ts";
import type { Leaderboard } from "../../src/contract/standings.ts";
import type { TeamRow, Teams } from "../../src/contract/teams.ts";
import type { Call, Command } from "./command.ts";
import { EXIT, wrongUsage } from "./failure.ts";
import { left, right } from "./output.ts";
import { count, duration, plural } from "./text.ts";

/** Teams asked for at once; the engine's own bound. */
const TEAMS_PAGE = 500;

/** Entries of the audit asked for at once: the most there are. */
const AUDIT_PAGE = 1_000;

const LEADERBOARD_MAX = 500;
const OFFSET_MAX = 100_000_000;

function pathOf(call: Call, rest: string): string {
  return `/v1/hunts/${encodeURIComponent(call.argument("hunt"))}/${rest}`;
}

export const stats: Command = {
  name: "stats",
  summary: "A hunt in numbers: outcomes, clues, prizes, shards",
  usage: "<hunt>",
  options: {},
  example: "stats harbour-nights",
  async run(call) {
    const { out } = call;
    await out.result(await call.engine.json<Stats>("GET", pathOf(call, "stats")), async (told) => {
      const { players, teams, events, facts } = told;
      await out.line(
        [
          plural(players, "player"),
          plural(teams, "team"),
          plural(events, "event"),
          plural(facts, "fact"),
        ].join("   "),
      );
      const outcomes = Object.entries(told.outcomes).sort(([, a], [, b]) => b - a);
      if (outcomes.length > 0) {
        await out.heading("Outcomes");
        await out.table(
          [left("outcome"), right("events"), right("share")],
          outcomes.map(([outcome, number]) => [outcome, number, percent(number, events)]),
        );
      }
      if (told.sources) {
        await out.heading("Sources");
        await out.table(
          [left("source"), right("players"), right("share")],
          told.sources.map(({ source, players: by }) => [source || "(others)", by, percent(by, players)]),
        );
      }
      await out.heading("Clues");
      await out.table(
        [
          left("clue"),
          right("open to"),
          right("attempts"),
          right("solves"),
          right("solved"),
          right("median time"),
        ],
        told.clues.map(({ clue, open, attempts, solves, medianSolveSeconds: seconds }) => [
          clue,
          open,
          attempts,
          solves,
          percent(solves, open),
          seconds === undefined ? "" : duration(seconds),
        ]),
      );
      if (told.prizes.length > 0) {
        await out.heading("Prizes");
        await out.table(
          [left("prize"), right("won"), right("stock"), right("left")],
          told.prizes.map(({ prize, stock, won }) => [prize, won, stock, stock - won]),
        );
      }
      if (told.shards.length > 0) {
        await out.heading("Shards");
        await out.table(
          [left("shard"), right("teams"), right("seq"), right("shipped"), right("archived")],
          told.shards.map(({ shard, teams: held, seq, shipped, archived }) => [
            shard,
            held,
            seq,
            shipped,
            archived,
          ]),
        );
      }
    });
    return EXIT.ok;
  },
};

export const leaderboard: Command = {
  name: "leaderboard",
  summary: "The places, as the players see them",
  usage: "<hunt>",
  options: {
    limit: { type: "string", value: "n", about: "rows, at most 500 (default: 50)" },
    offset: { type: "string", value: "n", about: "leave out the first n places" },
    bracket: { type: "string", value: "id", about: "only this bracket" },
    around: { type: "string", value: "team", about: "the rows around this team" },
  },
  example: "leaderboard harbour-nights --limit 10",
  async run(call) {
    const { out } = call;
    await checkBracket(call, call.text("bracket"));
    const response = await call.engine.json<Leaderboard>("GET", pathOf(call, "leaderboard"), {
      query: {
        limit: call.count("limit", 1, LEADERBOARD_MAX),
        offset: call.count("offset", 0, OFFSET_MAX),
        bracket: call.text("bracket"),
        around: call.text("around"),
      },
    });
    await out.result(response, async ({ entries, total, frozen, asOf }) => {
      await out.table(
        [
          right("rank"),
          right("score"),
          right("solves"),
          left("last solve"),
          left("team"),
          left("name"),
          left("bracket"),
        ],
        entries.map(({ rank, score, solves, lastSolveAt, team }) => [
          rank,
          score,
          solves,
          lastSolveAt ?? "",
          team.id,
          team.name,
          team.bracket ?? "",
        ]),
      );
      out.note(
        `${plural(entries.length, "row")} of ${count(total)}, as of ${asOf}${frozen ? ", frozen" : ""}`,
      );
    });
    return EXIT.ok;
  },
};

/** Refuses a bracket that the hunt does not have, with those that it has, which the engine's 404 does not name. */
async function checkBracket(call: Call, bracket: string | undefined): Promise<void> {
  if (bracket === undefined) return;
  const { brackets = [] } = await call.engine.json<Hunt>(
    "GET",
    `/v1/hunts/${encodeURIComponent(call.argument("hunt"))}`,
  );
  if (brackets.some(({ id }) => id === bracket)) return;
  const known =
    brackets.length === 0 ? "the hunt has none" : `known: ${brackets.map(({ id }) => id).join(", ")}`;
  throw wrongUsage(`there is no bracket "${bracket}"; ${known}`);
}

export const teams: Command = {
  name: "teams",
  summary: "List the teams with their ids, which the other commands ask for",
  usage: "<hunt>",
  options: {
    find: {
      type: "string",
      value: "text",
      about: "only teams with this in the name, a member's name or the id",
    },
    limit: { type: "string", value: "n", about: "stop after n teams" },
  },
  example: 'teams harbour-nights --find "night owls"',
  async run(call) {
    const { out } = call;
    const wanted = call.text("find")?.toLowerCase();
    const limit = call.count("limit", 1, Number.MAX_SAFE_INTEGER) ?? Number.POSITIVE_INFINITY;
    let told = 0;
    const table = out.openTable([
      left("team"),
      right("rank"),
      right("score"),
      right("solves"),
      right("players"),
      left("join code"),
      left("mark"),
      left("name"),
    ]);
    // A page at a time: a hunt may have a million teams.
    for await (const page of pagesOf(call)) {
      const rows = page
        .filter((team) => wanted === undefined || isNamed(team, wanted))
        .slice(0, limit - told);
      if (out.json) {
        for (const [index, team] of rows.entries()) {
          await out.write(`${told + index === 0 ? '{"teams":[\n' : ",\n"}${JSON.stringify(team)}`);
        }
      } else await table.rows(rows.map(rowOf));
      told += rows.length;
      if (told >= limit) break;
    }
    if (out.json) await out.line(told === 0 ? '{"teams":[]}' : "\n]}");
    else out.note(plural(told, "team"));
    return EXIT.ok;
  },
};

async function* pagesOf(call: Call): AsyncGenerator<TeamRow[]> {
  let cursor: string | undefined;
  do {
    const page: Teams = await call.engine.json("GET", pathOf(call, "teams"), {
      query: { limit: TEAMS_PAGE, cursor },
    });
    yield page.teams;
    cursor = page.cursor;
  } while (cursor !== undefined);
}

function isNamed({ id, name, members }: TeamRow, wanted: string): boolean {
  return (
    id === wanted ||
    [name, ...members.map((member) => member.name ?? "")].some((text) => text.toLowerCase().includes(wanted))
  );
}

function rowOf(team: TeamRow): (string | number | undefined)[] {
  const marks = [team.banned ? "banned" : "", team.hidden ? "hidden" : ""].filter(Boolean).join(", ");
  return [team.id, team.rank, team.score, team.solves, team.members.length, team.joinCode, marks, team.name];
}

export const audit: Command = {
  name: "audit",
  summary: "Every organiser action and reading of secrets, the newest first (-: those of no hunt)",
  usage: "<hunt>",
  options: {},
  example: "audit harbour-nights",
  async run(call) {
    const { out } = call;
    const path = call.argument("hunt") === "-" ? "/v1/audit" : pathOf(call, "audit");
    const entries: Audit["entries"] = [];
    let cursor: string | undefined;
    do {
      const page: Audit = await call.engine.json("GET", path, {
        query: { limit: AUDIT_PAGE, cursor },
      });
      entries.push(...page.entries);
      cursor = page.cursor;
    } while (cursor !== undefined);
    await out.result({ entries }, () =>
      out.table(
        [left("at"), left("who"), left("what"), left("request"), { title: "about", whole: true }],
        entries.map(({ at, actor, action, detail, request }) => [
          at,
          actor,
          action,
          detailOf(detail),
          request,
        ]),
      ),
    );
    return EXIT.ok;
  },
};

function detailOf(detail: Audit["entries"][number]["detail"]): string {
  return Object.entries(detail)
    .map(([name, value]) => `${name}=${String(value)}`)
    .join(" ");
}

export const verify: Command = {
  name: "verify",
  summary: "Refold every log and compare all that was derived from it; exit code 1 when something differs",
  usage: "<hunt>",
  options: {},
  example: "verify harbour-nights",
  async run(call) {
    const { out } = call;
    const response = await call.engine.json<Verification>("GET", pathOf(call, "verify"));
    await out.result(response, async ({ ok, mismatches, facts, teams: held, unsettled }) => {
      const checked = `${plural(facts, "fact")}, ${plural(held, "team")}`;
      if (mismatches.length > 0) {
        await out.table(
          [left("where"), left("shard"), left("team"), { title: "what differs", whole: true }],
          mismatches.map(({ where, shard, team, what }) => [where, shard, team, what]),
        );
      }
      if (unsettled) {
        out.error(
          `${plural(unsettled, "team")} kept changing and could not be compared: ask again when it is quiet`,
        );
      }
      if (ok) await out.confirm(response, `${out.styled("green", "ok")}: ${checked}`);
      else out.error(`${plural(mismatches.length, "difference")} in ${checked}`);
    });
    return response.ok ? EXIT.ok : EXIT.refused;
  },
};

function percent(part: number, whole: number): string {
  return whole === 0 ? "" : `${((part / whole) * 100).toFixed(1)} %`;
}
