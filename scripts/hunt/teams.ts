/** Commands on one team, and announcements to all. */
import type { Announced, AnnouncementBody } from "../../src/contract/running.ts";
import type {
  AwardBody,
  Awarded,
  Banned,
  Hidden,
  ReasonBody,
  UnlockBody,
  Unlocked,
} from "../../src/contract/teams.ts";
import { type Call, type Command, type Options, wholeNumber } from "./command.ts";
import { EXIT } from "./failure.ts";
import { count } from "./text.ts";

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
    await call.out.confirm(response, `${call.argument("team")} has ${count(response.score)} points now`);
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

export const announce: Command = {
  name: "announce",
  summary: "Tell all players something, or those who have a clue open",
  usage: "<hunt> <text>",
  options: { clue: { type: "string", value: "clue", about: "only to teams that have this clue open" } },
  example: 'announce harbour-nights "The pier closes at ten." --clue pier',
  async run(call) {
    const clue = call.text("clue");
    const response = await call.engine.json<Announced>(
      "POST",
      `/v1/hunts/${encodeURIComponent(call.argument("hunt"))}/announcements`,
      {
        body: {
          text: call.argument("text"),
          ...(clue === undefined ? {} : { clue }),
        } satisfies AnnouncementBody,
        once: true,
      },
    );
    await call.out.confirm(response, `announced at ${response.at}`);
    return EXIT.ok;
  },
};
