/** The log judged again: what it moves, making it so, taking it back. */
import type { Effects, RegradeBody, Regraded, RegradeUndone } from "../../src/contract/regrade.ts";
import type { ReasonBody } from "../../src/contract/teams.ts";
import type { Command, Options } from "./command.ts";
import { EXIT } from "./failure.ts";
import { left, type Output, right } from "./output.ts";
import { plural } from "./text.ts";

/** Teams printed; --json has them all. */
const SHOWN = 20;

const REASON: Options = {
  reason: { type: "string", value: "text", about: "why, for the audit (default: from the command line)" },
};

/** Says what moves, in players' terms. */
export async function tellEffects(out: Output, told: Effects): Promise<void> {
  const { events, teamsMoved, changes, clues, prizes } = told;
  await out.line(
    `${plural(events, "event")} judged again: ${plural(teamsMoved, "team moves", "teams move")}`,
  );
  for (const { clue, solves } of clues) {
    await out.line(`${clue}: solved by ${plural(solves.after, "team")} instead of ${solves.before}`);
  }
  for (const { prize, eligible } of prizes) {
    await out.line(`${prize}: ${plural(eligible.after, "team")} may claim it instead of ${eligible.before}`);
  }
  if (changes.length === 0) return;
  const place = ({ rank }: { rank?: number }): string => (rank === undefined ? "-" : String(rank));
  await out.table(
    [left("team"), right("place"), right("now"), right("score"), right("now")],
    changes
      .slice(0, SHOWN)
      .map(({ team, before, after }) => [team, place(before), place(after), before.score, after.score]),
  );
  if (changes.length > SHOWN) await out.line(`and ${plural(teamsMoved - SHOWN, "more team")}`);
}

export const regrade: Command = {
  name: "regrade",
  summary: "Judge the log again by the present definition; what is open stays open",
  usage: "<hunt>",
  options: { "dry-run": { type: "boolean", about: "only say whom it would move" }, ...REASON },
  example: 'regrade harbour-nights --reason "the key was wrong"',
  async run(call) {
    const { out } = call;
    const dryRun = call.flag("dry-run");
    const path = `/v1/hunts/${encodeURIComponent(call.argument("hunt"))}/regrade`;
    const body: RegradeBody = { dryRun, reason: call.text("reason") ?? "from the command line" };
    const told = await call.engine.json<Regraded>("POST", path, { body, once: !dryRun });
    await out.result(told, async () => {
      await tellEffects(out, told);
      if (dryRun) return;
      await out.line(told.id === undefined ? "nothing was changed" : `undo it: regrade-undo … ${told.id}`);
    });
    return EXIT.ok;
  },
};

export const regradeUndo: Command = {
  name: "regrade-undo",
  summary: "Take back what a regrade changed; what was done since stays",
  usage: "<hunt> <id>",
  options: REASON,
  example: 'regrade-undo harbour-nights 7K2QM4TVBX9R3DEF --reason "the key was right"',
  async run(call) {
    const [hunt, id] = [encodeURIComponent(call.argument("hunt")), encodeURIComponent(call.argument("id"))];
    const body: ReasonBody = { reason: call.text("reason") ?? "from the command line" };
    const told = await call.engine.json<RegradeUndone>("POST", `/v1/hunts/${hunt}/regrade/${id}/undo`, {
      body,
      once: true,
    });
    await call.out.confirm(told, `as before: ${plural(told.teams, "team")} changed back`);
    return EXIT.ok;
  },
};
