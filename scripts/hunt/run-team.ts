/** Running teams from the command line: their name and bracket, their players, and teams made before anybody comes. */
import { writeFile } from "node:fs/promises";
import { extname } from "node:path";
import { csvOf } from "../../src/contract/csv.ts";
import type { Hunt } from "../../src/contract/hunt.ts";
import type { Returned } from "../../src/contract/sessions.ts";
import type { TeamNow, TeamsMade } from "../../src/contract/team.ts";
import type { Teams } from "../../src/contract/teams.ts";
import { isLoopback } from "../local/command-line.ts";
import type { Call, Command, Options } from "./command.ts";
import { EXIT, refused, wrongUsage } from "./failure.ts";
import { left } from "./output.ts";
import { qrModules, qrSvg } from "./qr.ts";
import { sheetHtml } from "./sheet.ts";
import { sheetLook } from "./sheet-look.ts";
import { plural } from "./text.ts";
import { readTextFile } from "./text-file.ts";

const REASON: Options = {
  reason: { type: "string", value: "text", about: "why, for the audit (default: from the command line)" },
};

const JOIN_SAY = "Scan to join this team";

const reasonOf = (call: Call): string => call.text("reason") ?? "from the command line";

const huntPath = (call: Call, rest: string): string =>
  `/v1/hunts/${encodeURIComponent(call.argument("hunt"))}${rest}`;

const teamPath = (call: Call, rest = ""): string =>
  huntPath(call, `/teams/${encodeURIComponent(call.argument("team"))}${rest}`);

/** The member that the arguments name, by id or by name. */
async function memberPath(call: Call, rest = ""): Promise<string> {
  const [team, named] = [call.argument("team"), call.argument("player")];
  const { teams } = await call.engine.json<Teams>("GET", huntPath(call, "/teams"), {
    query: { search: team },
  });
  const members = teams.find(({ id }) => id === team)?.members ?? [];
  const found = members.filter(({ id, name }) => id === named || name === named);
  if (found.length > 1)
    throw refused(`${plural(found.length, "player")} of the team are called that: give the id`);
  // Who has left is no member, and can be named by id.
  const id = found[0]?.id ?? named;
  return teamPath(call, `/members/${encodeURIComponent(id)}${rest}`);
}

export const alter: Command = {
  name: "alter",
  summary: "Give a team another name or bracket",
  usage: "<hunt> <team>",
  options: {
    name: { type: "string", value: "text", about: "its new name" },
    bracket: { type: "string", value: "id", about: "its new bracket" },
    ...REASON,
  },
  example: 'alter harbour-nights weur-0-1-a1b2c --bracket visitors --reason "asked by the team"',
  async run(call) {
    const [name, bracket] = [call.text("name"), call.text("bracket")];
    if (name === undefined && bracket === undefined) throw wrongUsage("give --name, --bracket, or both");
    const response = await call.engine.json<TeamNow>("PATCH", teamPath(call), {
      body: {
        ...(name === undefined ? {} : { name }),
        ...(bracket === undefined ? {} : { bracket }),
        reason: reasonOf(call),
      },
    });
    const { team } = response;
    const within = team.bracket === undefined ? "" : `, in the bracket ${team.bracket}`;
    await call.out.confirm(response, `${team.id} is called ${team.name}${within}`);
    return EXIT.ok;
  },
};

export const remove: Command = {
  name: "remove",
  summary: "Take a player out of a team; the seat is free, and the player may join again",
  usage: "<hunt> <team> <player>",
  options: REASON,
  example: 'remove harbour-nights weur-0-1-a1b2c "Ada" --reason "wrong team"',
  async run(call) {
    const path = `${await memberPath(call)}?reason=${encodeURIComponent(reasonOf(call))}`;
    await (await call.engine.stream("DELETE", path)).dump();
    await call.out.confirm({}, `${call.argument("player")} is out of ${call.argument("team")}`);
    return EXIT.ok;
  },
};

export const move: Command = {
  name: "move",
  summary: "Move a player to another team",
  usage: "<hunt> <team> <player> <to>",
  options: REASON,
  example: 'move harbour-nights weur-0-1-a1b2c "Ada" weur-0-2-d3e4f --reason "a team of six becomes two"',
  async run(call) {
    const body = { to: call.argument("to"), reason: reasonOf(call) };
    const response = await call.engine.json<TeamNow>("POST", await memberPath(call, "/move"), { body });
    await call.out.confirm(response, `${call.argument("player")} is in ${response.team.name} now`);
    return EXIT.ok;
  },
};

export const giveReturn: Command = {
  name: "return",
  summary: "Print a return code for a player who lost everything; older tokens and codes are void",
  usage: "<hunt> <team> <player>",
  options: REASON,
  example: 'return harbour-nights weur-0-1-a1b2c "Ada" --reason "the phone fell into the water"',
  async run(call) {
    const body = { reason: reasonOf(call) };
    // Each one voids the one before.
    const sending = { body, once: true };
    const response = await call.engine.json<Returned>("POST", await memberPath(call, "/return"), sending);
    await call.out.result(response, ({ returnCode }) => call.out.line(returnCode));
    return EXIT.ok;
  },
};

export const makeTeams: Command = {
  name: "make-teams",
  summary: "Make teams before anybody comes, from CSV (name,bracket) or NDJSON; prints their codes",
  usage: "<hunt> <file>",
  options: {
    out: { type: "string", value: "codes.csv", about: "write names, codes and links as CSV" },
    sheet: { type: "string", value: "sheet.html", about: "write a sheet to print: A4, six teams a page" },
    say: { type: "string", value: "text", about: `the line below every QR code (default: ${JOIN_SAY})` },
    strict: { type: "boolean", about: "exit code 1 when a line is rejected" },
  },
  example: "make-teams harbour-nights teams.csv --out codes.csv --sheet sheet.html",
  async run(call) {
    const { out } = call;
    const name = call.argument("file");
    const data = await readTextFile(call, name);
    const isLines = [".ndjson", ".jsonl"].includes(extname(name).toLowerCase()) || data.startsWith("{");
    const response = await call.engine.json<TeamsMade>("PUT", huntPath(call, "/teams"), {
      raw: { type: isLines ? "application/x-ndjson" : "text/csv", data },
    });
    const { created, existing, rejected, teams } = response;
    for (const { line, message } of rejected) out.error(`line ${line}: ${message}`);
    await writeCodes(call, teams);
    if (call.text("out") === undefined && call.text("sheet") === undefined) {
      await out.result(response, () =>
        out.table(
          [left("team"), { title: "code", whole: true }, left("name")],
          teams.map(({ id, joinCode, name: called }) => [id, joinCode, called]),
        ),
      );
    } else if (out.json) await out.value(response);
    out.note(
      `${plural(created, "team")} made, ${existing} there before, ${plural(rejected.length, "line")} rejected`,
    );
    return rejected.length > 0 && call.flag("strict") ? EXIT.refused : EXIT.ok;
  },
};

async function writeCodes(call: Call, teams: TeamsMade["teams"]): Promise<void> {
  const [file, sheet] = [call.text("out"), call.text("sheet")];
  const hunt = encodeURIComponent(call.argument("hunt"));
  const linkOf = (code: string): string =>
    new URL(`/play/${hunt}?join=${encodeURIComponent(code)}`, call.engine.origin).href;
  if (file !== undefined) {
    const rows = teams.map(({ name, joinCode }) => [name, joinCode, linkOf(joinCode)]);
    await writeFile(call.path(file), csvOf([["name", "code", "link"], ...rows]));
  }
  if (sheet !== undefined) {
    const told = await call.engine.json<Hunt>("GET", huntPath(call, ""));
    const look = await sheetLook(call, told);
    const cards = teams.map(({ name, joinCode }) => {
      const modules = qrModules(linkOf(joinCode));
      if (!modules) throw refused(`the link of ${name} is too long for a QR code`);
      return { title: name, code: joinCode, svg: qrSvg(modules) };
    });
    await writeFile(
      call.path(sheet),
      sheetHtml({ title: told.title, cards, look, titles: true, say: call.text("say") ?? JOIN_SAY }),
    );
  }
  if ((file ?? sheet) !== undefined && isLoopback(new URL(call.engine.origin))) {
    call.out.note(
      `these links lead to ${call.engine.origin}, this machine: give --url of the deployed engine`,
    );
  }
}
