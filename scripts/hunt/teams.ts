/** Commands on one team, and announcements to all. */
import type { Announced, AnnouncementBody, AnnouncementEdit } from "../../src/contract/running.ts";
import type { MergeBody, TeamNow } from "../../src/contract/team.ts";
import type {
  AttemptsReset,
  AwardBody,
  Awarded,
  Banned,
  Hidden,
  ReasonBody,
  ResetBody,
  SolveBody,
  SolvedByHand,
  TakenBack,
  Teams,
  UnlockBody,
  Unlocked,
} from "../../src/contract/teams.ts";
import { type Call, type Command, type Options, wholeNumber } from "./command.ts";
import { EXIT, wrongUsage } from "./failure.ts";
import { plural } from "./text.ts";

const POINTS_MAX = 1_000_000;

const REASON: Options = {
  reason: { type: "string", value: "text", about: "why, for the audit (default: from the command line)" },
};

/** Does something to the team the arguments name. An award given twice is two: see `once`. */
function act<Told, Body extends ReasonBody>(
  call: Call,
  path: string,
  body: Omit<Body, "reason">,
): Promise<Told> {
  const hunt = encodeURIComponent(call.argument("hunt"));
  const team = encodeURIComponent(call.argument("team"));
  return call.engine.json<Told>("POST", `/v1/hunts/${hunt}/teams/${team}/${path}`, {
    body: { ...body, reason: call.text("reason") ?? "from the command line" },
    once: true,
  });
}

export const award: Command = {
  name: "award",
  summary: "Give a team points, or take them: -50",
  usage: "<hunt> <team> <points>",
  options: REASON,
  example: 'award harbour-nights weur-0-1-a1b2c -50 --reason "left the quay dirty"',
  async run(call) {
    const points = wholeNumber("<points>", call.argument("points"), -POINTS_MAX, POINTS_MAX);
    const response = await act<Awarded, AwardBody>(call, "awards", { points });
    await call.out.confirm(response, `${call.argument("team")} has ${plural(response.score, "point")} now`);
    return EXIT.ok;
  },
};

export const unlock: Command = {
  name: "unlock",
  summary: "Open a clue for one team, whatever its condition says",
  usage: "<hunt> <team> <clue>",
  options: REASON,
  example: 'unlock harbour-nights weur-0-1-a1b2c figurehead --reason "the sheet was gone"',
  async run(call) {
    const response = await act<Unlocked, UnlockBody>(call, "unlocks", { clue: call.argument("clue") });
    await call.out.confirm(response, `${response.unlocked.join(", ")} is open to ${call.argument("team")}`);
    return EXIT.ok;
  },
};

export const solve: Command = {
  name: "solve",
  summary: "Count a clue as solved by a team, from now on or from a time before",
  usage: "<hunt> <team> <clue>",
  options: {
    at: {
      type: "string",
      value: "time",
      about: "from when on it counts: 2026-06-06T18:30:00Z (default: now)",
    },
    ...REASON,
  },
  example:
    'solve harbour-nights weur-0-1-a1b2c figurehead --at 2026-06-06T18:30:00Z --reason "the sheet was gone"',
  async run(call) {
    const at = call.text("at");
    const response = await act<SolvedByHand, SolveBody>(call, "solves", {
      clue: call.argument("clue"),
      ...(at === undefined ? {} : { at }),
    });
    const opened = response.unlocked.length === 0 ? "" : `; open now: ${response.unlocked.join(", ")}`;
    await call.out.confirm(
      response,
      `${call.argument("team")} has ${plural(response.score, "point")} now${opened}`,
    );
    return EXIT.ok;
  },
};

export const unsolve: Command = {
  name: "unsolve",
  summary: "Take a team's solve back; what the team has open stays open",
  usage: "<hunt> <team> <clue>",
  options: REASON,
  example: 'unsolve harbour-nights weur-0-1-a1b2c figurehead --reason "the photo was of another ship"',
  async run(call) {
    const clue = encodeURIComponent(call.argument("clue"));
    const response = await act<TakenBack, ReasonBody>(call, `solves/${clue}/undo`, {});
    await call.out.confirm(response, `${call.argument("team")} has ${plural(response.score, "point")} now`);
    return EXIT.ok;
  },
};

export const reset: Command = {
  name: "reset",
  summary: "Give a team its tries back, at all clues or at one",
  usage: "<hunt> <team>",
  options: {
    clue: { type: "string", value: "id", about: "only those at this clue (default: all that it used)" },
    ...REASON,
  },
  example: 'reset harbour-nights weur-0-1-a1b2c --clue figurehead --reason "the clue was wrong"',
  async run(call) {
    const clue = call.text("clue");
    const response = await act<AttemptsReset, ResetBody>(
      call,
      "attempts/reset",
      clue === undefined ? {} : { clue },
    );
    const at = clue === undefined ? "" : ` at ${clue}`;
    await call.out.confirm(response, `${call.argument("team")} has its tries${at} again`);
    return EXIT.ok;
  },
};

export const merge: Command = {
  name: "merge",
  summary: "Merge a team into another one: players, solves, hints, awards, each counted once",
  usage: "<hunt> <team> <into>",
  options: REASON,
  example: 'merge harbour-nights weur-0-1-a1b2c weur-0-4-d3e4f --reason "they joined twice"',
  async run(call) {
    const { team } = await act<TeamNow, MergeBody>(call, "merge", { into: call.argument("into") });
    await call.out.confirm({ team }, `${call.argument("team")} is part of ${team.name} (${team.id}) now`);
    return EXIT.ok;
  },
};

function mark(name: string, summary: string, told: string): Command {
  return {
    name,
    summary,
    usage: "<hunt> <team>",
    options: REASON,
    example: `${name} harbour-nights weur-0-1-a1b2c --reason "…"`,
    async run(call) {
      const response = await act<Banned | Hidden, ReasonBody>(call, name, {});
      await call.out.confirm(response, `${call.argument("team")} ${told}`);
      return EXIT.ok;
    },
  };
}

export const ban = mark("ban", "Stop a team: it plays no more and has no place", "is banned");
export const unban = mark("unban", "Let a banned team play again", "is no longer banned");
export const hide = mark("hide", "Take a team out of the places; it plays on (staff, tests)", "is hidden");
export const show = mark("show", "Give a hidden team its place back", "is shown");

/** A player of the team, also one who left, by its id or its name. */
async function playerOf(call: Call): Promise<string> {
  const wanted = call.argument("player");
  const { teams }: Teams = await call.engine.json(
    "GET",
    `/v1/hunts/${encodeURIComponent(call.argument("hunt"))}/teams`,
    { query: { search: call.argument("team"), limit: 500 } },
  );
  const team = teams.find(({ id }) => id === call.argument("team"));
  const players = [...(team?.members ?? []), ...(team?.former ?? [])];
  const found = players.filter(({ id, name }) => id === wanted || name === wanted);
  const [player] = found;
  if (found.length > 1) {
    throw wrongUsage(`several players are called so: ${found.map(({ id }) => id).join(", ")}`);
  }
  // The engine knows what the list does not tell: it says so if there is nobody.
  return player?.id ?? wanted;
}

export const forget: Command = {
  name: "forget",
  summary: "Delete all that tells who a player is, also one who left; the team's score stays",
  usage: "<hunt> <team> <player>",
  options: REASON,
  example: 'forget harbour-nights weur-0-1-a1b2c p-3k9x0q2m4t7v --reason "asked for by mail"',
  async run(call) {
    const player = await playerOf(call);
    const path = ["hunts", call.argument("hunt"), "teams", call.argument("team"), "members", player];
    const body = await call.engine.stream("POST", `/v1/${path.map(encodeURIComponent).join("/")}/forget`, {
      body: { reason: call.text("reason") ?? "from the command line" } satisfies ReasonBody,
    });
    await body.dump();
    await call.out.confirm({ forgotten: player }, `${player} is forgotten`);
    return EXIT.ok;
  },
};

export const announce: Command = {
  name: "announce",
  summary: "Tell all players something, or those who have a clue open",
  usage: "<hunt> <text>",
  options: {
    clue: { type: "string", value: "clue", about: "only to teams that have this clue open" },
    erratum: { type: "boolean", about: "it corrects that clue, and stays at it" },
    teams: { type: "string", value: "id,id", about: "only to these teams" },
    bracket: { type: "string", value: "id", about: "only to teams of this bracket" },
    unsolved: { type: "string", value: "clue", about: "only to teams that have not solved this clue" },
    at: { type: "string", value: "time", about: "when it is sent: 2026-06-06T18:30:00Z (default: now)" },
  },
  example: 'announce harbour-nights "The pier closes at ten." --clue pier',
  async run(call) {
    const clue = call.text("clue");
    const teams = call.text("teams");
    const bracket = call.text("bracket");
    const unsolved = call.text("unsolved");
    const at = call.text("at");
    const to = {
      ...(teams === undefined ? {} : { teams: teams.split(",") }),
      ...(bracket === undefined ? {} : { bracket }),
      ...(unsolved === undefined ? {} : { unsolved }),
    };
    const response = await call.engine.json<Announced>(
      "POST",
      `/v1/hunts/${encodeURIComponent(call.argument("hunt"))}/announcements`,
      {
        body: {
          text: call.argument("text"),
          ...(clue === undefined ? {} : { clue }),
          ...(call.flag("erratum") ? { erratum: true as const } : {}),
          ...(Object.keys(to).length === 0 ? {} : { to }),
          ...(at === undefined ? {} : { at }),
        } satisfies AnnouncementBody,
        once: true,
      },
    );
    const when = Date.parse(response.at) > Date.now() ? "is sent" : "announced";
    await call.out.confirm(response, `${when} at ${response.at}: ${response.id}`);
    return EXIT.ok;
  },
};

export const edit: Command = {
  name: "edit-announcement",
  summary: "Give an announcement another text: who was told is told the new one",
  usage: "<hunt> <id> <text>",
  options: REASON,
  example:
    'edit-announcement harbour-nights a-4kq0xz7m2b "The pier closes at eleven." --reason "they called"',
  async run(call) {
    const path = ["hunts", call.argument("hunt"), "announcements", call.argument("id")];
    const response = await call.engine.json("PATCH", `/v1/${path.map(encodeURIComponent).join("/")}`, {
      body: {
        text: call.argument("text"),
        reason: call.text("reason") ?? "from the command line",
      } satisfies AnnouncementEdit,
    });
    await call.out.confirm(response, `${call.argument("id")} has the new text`);
    return EXIT.ok;
  },
};

export const takeBack: Command = {
  name: "remove-announcement",
  summary: "Take an announcement back, or one that is not sent yet",
  usage: "<hunt> <id>",
  options: REASON,
  example: 'remove-announcement harbour-nights a-4kq0xz7m2b --reason "the pier stays open"',
  async run(call) {
    const path = ["hunts", call.argument("hunt"), "announcements", call.argument("id")];
    const reason = encodeURIComponent(call.text("reason") ?? "from the command line");
    const body = await call.engine.stream(
      "DELETE",
      `/v1/${path.map(encodeURIComponent).join("/")}?reason=${reason}`,
    );
    await body.dump();
    await call.out.confirm({ removed: call.argument("id") }, `${call.argument("id")} is taken back`);
    return EXIT.ok;
  },
};
