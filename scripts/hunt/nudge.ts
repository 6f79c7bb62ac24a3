/** Something said to a wrong answer that many teams give. */
import type { NudgeBody, Nudged } from "../../src/contract/regrade.ts";
import type { Command } from "./command.ts";
import { EXIT, wrongUsage } from "./failure.ts";
import { tellEffects } from "./regrade.ts";
import { plural } from "./text.ts";

export const nudge: Command = {
  name: "nudge",
  summary: "Say something to a wrong answer: a new version, tries back and word to the teams that gave it",
  usage: "<hunt> <clue>",
  options: {
    answer: { type: "string", value: "text", about: "the wrong answer, as somebody gave it" },
    say: {
      type: "string",
      value: "text",
      about: "what a team is told for it from now on, instead of incorrect",
    },
    tell: {
      type: "string",
      value: "text",
      about: "what the teams are told that gave it and have not solved the clue (default: nothing)",
    },
    "dry-run": { type: "boolean", about: "only say whom it concerns and what it would move" },
    reason: { type: "string", value: "text", about: "why, for the audit (default: from the command line)" },
  },
  example:
    'nudge harbour-nights old-lamp --answer "lighthouse keeper" --say "Close: who lives below?" --tell "Your tries are back."',
  async run(call) {
    const { out } = call;
    const [hunt, clue] = [call.argument("hunt"), call.argument("clue")];
    const [answer, say, tell] = [call.text("answer"), call.text("say"), call.text("tell")];
    if (answer === undefined || say === undefined)
      throw wrongUsage("say which answer, and what is said to it: --answer, --say");
    const dryRun = call.flag("dry-run");
    const body: NudgeBody = {
      answer,
      say,
      ...(tell === undefined ? {} : { tell }),
      reason: call.text("reason") ?? "from the command line",
    };
    const told = await call.engine.json<Nudged>(
      "POST",
      `/v1/hunts/${encodeURIComponent(hunt)}/clues/${encodeURIComponent(clue)}/nudges`,
      { query: { dryRun: dryRun ? "true" : undefined }, body, once: !dryRun },
    );
    await out.result(told, async () => {
      if (told.effects) await tellEffects(out, told.effects);
      const concerned = `${plural(told.teams.length, "team")} of ${told.total}`;
      if (dryRun) {
        await out.line(`${concerned} would get their tries back`);
        return;
      }
      await out.line(`version ${told.version} says it; ${concerned} have their tries back`);
      if (told.announcement !== undefined) await out.line(`they are told: ${told.announcement}`);
      for (const team of told.failed ?? []) await out.line(`${team} has not got them: say it again`);
    });
    return (told.failed ?? []).length > 0 ? EXIT.refused : EXIT.ok;
  },
};
