/** A clue out of play, and back. */
import type { ClueChanged, WithdrawClueBody } from "../../src/contract/regrade.ts";
import type { Call, Command, Options } from "./command.ts";
import { EXIT } from "./failure.ts";
import { tellEffects } from "./regrade.ts";

const OPTIONS: Options = {
  "dry-run": { type: "boolean", about: "only say whom it would move" },
  reason: { type: "string", value: "text", about: "why, for the audit (default: from the command line)" },
};

async function change(call: Call, path: "withdraw" | "restore", isVoid: boolean): Promise<typeof EXIT.ok> {
  const { out } = call;
  const [hunt, clue] = [call.argument("hunt"), call.argument("clue")];
  const dryRun = call.flag("dry-run");
  const body: WithdrawClueBody = {
    ...(isVoid ? { void: true } : {}),
    reason: call.text("reason") ?? "from the command line",
  };
  const told = await call.engine.json<ClueChanged>(
    "POST",
    `/v1/hunts/${encodeURIComponent(hunt)}/clues/${encodeURIComponent(clue)}/${path}`,
    { query: { dryRun: dryRun ? "true" : undefined }, body },
  );
  await out.result(told, async () => {
    await tellEffects(out, told.effects);
    const now = told.withdrawn ? `withdrawn${told.void ? " and void" : ""}` : "in play";
    await out.line(`${clue} ${dryRun ? "would be" : "is"} ${now}`);
  });
  return EXIT.ok;
}

export const withdrawClue: Command = {
  name: "withdraw-clue",
  summary: "Take a clue out of play: nobody can act on it",
  usage: "<hunt> <clue>",
  options: {
    void: { type: "boolean", about: "it counts for nothing either: no points, and what it opens is open" },
    ...OPTIONS,
  },
  example: 'withdraw-clue harbour-nights figurehead --void --reason "the ship has sailed"',
  run: (call) => change(call, "withdraw", call.flag("void")),
};

export const restoreClue: Command = {
  name: "restore-clue",
  summary: "Put a withdrawn clue back into play",
  usage: "<hunt> <clue>",
  options: OPTIONS,
  example: 'restore-clue harbour-nights figurehead --reason "the ship is back"',
  run: (call) => change(call, "restore", false),
};
