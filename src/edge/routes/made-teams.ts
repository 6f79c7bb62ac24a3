/**
 * Teams made before anybody comes, with the codes they are joined by. Each name is reserved, then its team
 * is made in its shard under the reservation's key: the same list sent again finds the same teams, also
 * after a break between the two.
 */
import { configOf } from "../../config.ts";
import { TEAMS_MADE_MAX, type TeamLine, type TeamsMade, teamLine, teamsMade } from "../../contract/team.ts";
import { accepted, RequestError } from "../../errors.ts";
import { foldName } from "../../hunt/fold.ts";
import { type CsvRow, csvRows, UnreadableCsv } from "../../intake/csv.ts";
import { calling, controlStub, shardStub } from "../../objects/call.ts";
import type { PublicEntry } from "../../objects/control.ts";
import type { Env } from "../../objects/env.ts";
import { randomText } from "../../objects/ids.ts";
import { isMadeKey, madeKeyOf } from "../../objects/names.ts";
import { defaultRegion, hashedPlace } from "../../objects/placement.ts";
import type { MadeTeam, TeamToMake } from "../../objects/shard.ts";
import { mediaType, readText } from "../body.ts";
import { declared } from "../declare.ts";
import { huntEntry, huntOf } from "../hunt.ts";
import { type Line, NDJSON_TYPES, readLine } from "../lines.ts";
import type { App } from "../request.ts";
import { organiser } from "../roles.ts";
import { NameTaken, reserveName } from "../team-names.ts";

const CSV_TYPE = "text/csv";

/** Longest list, bytes. */
const BODY_MAX = 256 * 1_024;

/** Names reserved at the same time. */
const RESERVATIONS = 32;

/** Teams that a shard makes in one call. */
const TEAMS_PER_CALL = 100;

const KEY_LENGTH = 16;

interface Wish extends TeamToMake {
  line: number;
  shard: string;
}

interface Checked {
  wishes: { line: number; wish: TeamLine }[];
  rejected: TeamsMade["rejected"];
}

export function madeTeamRoutes(app: App): void {
  app.openapi(
    declared({
      method: "put",
      path: "/v1/hunts/{hunt}/teams",
      summary: `Make teams before anybody comes, ${TEAMS_MADE_MAX} at most; the same list again finds the same teams`,
      role: organiser,
      body: { types: [CSV_TYPE, ...NDJSON_TYPES], line: teamLine },
      maxBytes: BODY_MAX,
      responses: { 200: { description: "The teams of the list, with their codes", schema: teamsMade } },
      errors: ["conflict", "unavailable"],
    }),
    async (c) => {
      const hunt = huntOf(c);
      const entry = await huntEntry(c.env, hunt, c.get("now"));
      if (entry.hunt.teams.mode === "solo") {
        throw new RequestError("conflict", "this hunt is played alone: there are no teams to make");
      }
      const text = await readText(c.req.raw, BODY_MAX);
      const checked = checkedLines(
        entry,
        mediaType(c.req.raw) === CSV_TYPE ? csvLines(text) : ndjsonLines(text),
      );
      const teams = checked.wishes.length;
      accepted(await calling(async () => controlStub(c.env, hunt).noteTeams(teams, c.get("by"))));
      return c.json(await makeAll(c.env, entry, checked, c.get("now")), 200);
    },
  );
}

type Read = { line: number } & ({ wish: TeamLine } | { code: string; message: string });

function csvLines(text: string): Read[] {
  const [header, ...rows] = rowsOf(text);
  const columns = header?.cells.map((cell) => cell.trim().toLowerCase()) ?? [];
  const isKnown = (column: string): boolean => column === "name" || column === "bracket";
  if (!columns.includes("name") || !columns.every(isKnown) || new Set(columns).size < columns.length) {
    throw malformed("the first line of the list is: name,bracket");
  }
  return rows.map(({ line, cells }) => {
    if (cells.length > columns.length) {
      return { line, code: "invalid", message: "the line has more fields than the header" };
    }
    const named = columns.map((column, index): [string, string] => [column, (cells[index] ?? "").trim()]);
    return lineOf({
      line,
      text: JSON.stringify(Object.fromEntries(named.filter(([, value]) => value !== ""))),
    });
  });
}

function rowsOf(text: string): CsvRow[] {
  try {
    return csvRows(text);
  } catch (error) {
    if (error instanceof UnreadableCsv) throw malformed(error.message);
    throw error;
  }
}

const malformed = (message: string): RequestError =>
  new RequestError("invalid", "the content does not have the right form", [
    { path: "", code: "invalid_format", message },
  ]);

const ndjsonLines = (text: string): Read[] =>
  text
    .split("\n")
    .map((each, index) => ({ line: index + 1, text: each }))
    .filter((each) => each.text.trim() !== "")
    .map(lineOf);

function lineOf(line: Line): Read {
  const read = readLine(line, teamLine);
  return "message" in read ? { line: line.line, ...read } : { line: line.line, wish: read.value };
}

/** Of two lines with one name the second is refused, and so is a bracket that the hunt does not have. */
function checkedLines({ hunt: { brackets } }: PublicEntry, lines: readonly Read[]): Checked {
  if (lines.length > TEAMS_MADE_MAX) {
    throw new RequestError("payload_too_large", `send ${TEAMS_MADE_MAX} teams at most in one list`);
  }
  const checked: Checked = { wishes: [], rejected: [] };
  const seen = new Map<string, number>();
  for (const read of lines) {
    if (!("wish" in read)) {
      checked.rejected.push(read);
      continue;
    }
    const { line, wish } = read;
    const folded = foldName(wish.name);
    const earlier = seen.get(folded);
    if (earlier !== undefined) {
      checked.rejected.push({ line, code: "conflict", message: `the team is on line ${earlier} already` });
    } else if (wish.bracket !== undefined && !brackets.some(({ id }) => id === wish.bracket)) {
      checked.rejected.push({ line, code: "invalid", message: `there is no bracket ${wish.bracket}` });
    } else {
      seen.set(folded, line);
      checked.wishes.push({ line, wish });
    }
  }
  return checked;
}

async function makeAll(env: Env, entry: PublicEntry, checked: Checked, now: number): Promise<TeamsMade> {
  const rejected = [...checked.rejected];
  const reserved: Wish[] = [];
  for (let from = 0; from < checked.wishes.length; from += RESERVATIONS) {
    const some = checked.wishes.slice(from, from + RESERVATIONS);
    reserved.push(...(await Promise.all(some.map((each) => placed(env, entry, each, now)))));
  }
  const made = new Map<number, MadeTeam>();
  for (const shard of new Set(reserved.map((wish) => wish.shard))) {
    const own = reserved.filter((wish) => wish.shard === shard);
    for (let from = 0; from < own.length; from += TEAMS_PER_CALL) {
      const some = own.slice(from, from + TEAMS_PER_CALL);
      const asked = some.map(({ line: _line, shard: _shard, ...team }) => team);
      const done = accepted(
        await calling(async () => shardStub(env, entry.hunt.hunt, shard).makeTeams(asked)),
      );
      done.forEach((each, index) => {
        const line = some[index]?.line ?? 0;
        if ("refused" in each) rejected.push({ line, code: each.refused, message: each.detail });
        else made.set(line, each);
      });
    }
  }
  const told = [...made].sort(([a], [b]) => a - b);
  for (const [line, { kept }] of told) if (kept) rejected.push({ line, code: "conflict", message: kept });
  const created = told.filter(([, { isNew }]) => isNew).length;
  return {
    created,
    existing: told.length - created,
    rejected: rejected.sort((a, b) => a.line - b.line),
    teams: told.map(([, { id, name, joinCode }]) => ({ id, name, joinCode })),
  };
}

/** Reserves the name; who has it already says where the team is. */
async function placed(
  env: Env,
  entry: PublicEntry,
  { line, wish }: Checked["wishes"][number],
  now: number,
): Promise<Wish> {
  const { shardsPerRegion } = entry;
  const region = defaultRegion(configOf(env).DEFAULT_REGION);
  const shard = hashedPlace(region, shardsPerRegion, foldName(wish.name));
  const key = madeKeyOf(randomText(KEY_LENGTH));
  try {
    const holder = await reserveName(env, entry, wish.name, { shard, key, now });
    return { line, ...wish, shard: holder.shard, key: holder.key, isOwn: isMadeKey(holder.key) };
  } catch (error) {
    if (!(error instanceof NameTaken)) throw error;
    const { holder } = error;
    return { line, ...wish, shard: holder.shard, key: holder.key, isOwn: isMadeKey(holder.key) };
  }
}
