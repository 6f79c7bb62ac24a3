/** Commands of the help desk: what teams ask, and answering it. */
import type { AskedMade, HelpQueue, ReplyBody } from "../../src/contract/help.ts";
import type { Call, Command } from "./command.ts";
import { EXIT } from "./failure.ts";
import { left } from "./output.ts";
import { duration, plural } from "./text.ts";

/** In one page; with long texts a page has fewer. */
const MOST = 200;
const USUAL = 100;

const pathOf = (call: Call, ...rest: string[]): string =>
  `/v1/${["hunts", call.argument("hunt"), "help", ...rest].map(encodeURIComponent).join("/")}`;

export const requests: Command = {
  name: "requests",
  summary: "What teams ask the organisers, the longest wait first",
  usage: "<hunt>",
  options: {
    state: {
      type: "string",
      value: "state",
      about: "open, claimed, answered or closed (default: what waits)",
    },
    clue: { type: "string", value: "id", about: "only about this clue" },
    limit: { type: "string", value: "n", about: `requests, ${MOST} at most (default: 100)` },
  },
  example: "requests harbour-nights",
  async run(call) {
    const { out } = call;
    const limit = call.count("limit", 1, MOST) ?? USUAL;
    const query = { state: call.text("state"), clue: call.text("clue") };
    const page = (left: number, cursor?: string): Promise<HelpQueue> =>
      call.engine.json<HelpQueue>("GET", pathOf(call), { query: { ...query, limit: left, cursor } });
    let response = await page(limit);
    while (response.cursor !== undefined && response.threads.length < limit) {
      const next = await page(limit - response.threads.length, response.cursor);
      response = { ...next, threads: [...response.threads, ...next.threads] };
    }
    await out.result(response, async ({ threads, total }) => {
      await out.table(
        [
          { title: "request", whole: true },
          left("waits"),
          left("state"),
          left("has it"),
          left("team"),
          left("clue"),
          left("last"),
        ],
        threads.map(({ id, waitingSeconds, state, claimedBy, team, clue, messages }) => [
          id,
          waitingSeconds > 0 ? duration(waitingSeconds) : "",
          state,
          claimedBy ?? "",
          team.name,
          clue ?? "",
          messages.at(-1)?.text ?? "",
        ]),
      );
      out.note(`${plural(threads.length, "request")} of ${total}`);
    });
    return EXIT.ok;
  },
};

export const reply: Command = {
  name: "reply",
  summary: "Answer a request for help",
  usage: "<hunt> <request> <text>",
  options: { close: { type: "boolean", about: "closes it with that" } },
  example: 'reply harbour-nights weur-0-1-a1b2c.1 "Somebody is on the way." --close',
  async run(call) {
    const response = await call.engine.json<AskedMade>(
      "POST",
      pathOf(call, call.argument("request"), "messages"),
      { body: { text: call.argument("text"), close: call.flag("close") } satisfies ReplyBody, once: true },
    );
    await call.out.confirm(response, `${call.argument("request")} is ${response.thread.state}`);
    return EXIT.ok;
  },
};
