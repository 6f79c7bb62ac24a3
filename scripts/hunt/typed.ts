/** Commands that show what teams type: the facts, and the wrong answers of a clue. */
import type { Facts, WrongAnswers } from "../../src/contract/guesses.ts";
import type { Call, Command } from "./command.ts";
import { EXIT } from "./failure.ts";
import { left, right } from "./output.ts";
import { plural } from "./text.ts";

/** Facts asked for at once; the engine's own bound. */
const PAGE = 200;

/** Facts told unless asked for more. */
const TOLD = 50;

const pathOf = (call: Call, rest: string): string =>
  `/v1/hunts/${encodeURIComponent(call.argument("hunt"))}/${rest}`;

export const facts: Command = {
  name: "facts",
  summary: "What happened, the newest first: of all teams, or of one team, clue, player, type, outcome",
  usage: "<hunt>",
  options: {
    team: { type: "string", value: "id", about: "only of this team: its timeline" },
    clue: { type: "string", value: "id", about: "only about this clue" },
    player: { type: "string", value: "id", about: "only of this player" },
    type: { type: "string", value: "type", about: "only of this type: answer, scan, hint, award, …" },
    outcome: { type: "string", value: "outcome", about: "only with this outcome: incorrect, …" },
    limit: { type: "string", value: "n", about: `stop after n facts (default: ${TOLD})` },
  },
  example: "facts harbour-nights --clue old-lamp --outcome incorrect",
  async run(call) {
    const { out } = call;
    const limit = call.count("limit", 1, Number.MAX_SAFE_INTEGER) ?? TOLD;
    const found: Facts["facts"] = [];
    const names = new Map<string, string>();
    let cursor: string | undefined;
    do {
      const page: Facts = await call.engine.json("GET", pathOf(call, "facts"), {
        query: {
          team: call.text("team"),
          clue: call.text("clue"),
          player: call.text("player"),
          type: call.text("type"),
          outcome: call.text("outcome"),
          limit: Math.min(PAGE, limit - found.length),
          cursor,
        },
      });
      found.push(...page.facts);
      for (const { id, name } of page.teams) names.set(id, name);
      cursor = page.cursor;
    } while (cursor !== undefined && found.length < limit);
    const teams = [...names].map(([id, name]) => ({ id, name }));
    await out.result({ facts: found, teams }, () =>
      out.table(
        [left("at"), left("team"), left("name"), left("what"), left("outcome"), left("about")],
        found.map((fact) => {
          const told = fact as Partial<Record<string, unknown>>;
          const team = String(told.team ?? "");
          return [text(told.at), team, names.get(team) ?? "", fact.type, text(told.outcome), aboutOf(told)];
        }),
      ),
    );
    return EXIT.ok;
  },
};

const text = (value: unknown): string => (value === undefined ? "" : String(value));

const aboutOf = (fact: Partial<Record<string, unknown>>): string =>
  [fact.clue, fact.answer, fact.prize, fact.hint, fact.points, fact.reason]
    .filter((part) => part !== undefined)
    .map(String)
    .join(" · ");

export const wrong: Command = {
  name: "wrong",
  summary: "What teams answer wrongly at a clue, that of most teams first",
  usage: "<hunt> <clue>",
  options: { limit: { type: "string", value: "n", about: `answers, ${PAGE} at most (default: ${TOLD})` } },
  example: "wrong harbour-nights old-lamp",
  async run(call) {
    const { out } = call;
    const clue = encodeURIComponent(call.argument("clue"));
    const response = await call.engine.json<WrongAnswers>("GET", pathOf(call, `clues/${clue}/wrong`), {
      query: { limit: call.count("limit", 1, PAGE) },
    });
    await out.result(response, async ({ answers }) => {
      await out.table(
        [right("teams"), right("times"), left("last"), left("nudge"), { title: "answer", whole: true }],
        answers.map(({ answer, teams, count, last, nudge }) => [
          teams,
          count,
          last,
          nudge ? "yes" : "",
          answer,
        ]),
      );
      out.note(plural(answers.length, "answer"));
    });
    return EXIT.ok;
  },
};
