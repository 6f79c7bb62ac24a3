/** Commands about the origin: its gate, its backlog, and the messages it refuses. */
import type { Rearchived, Repaired } from "../../src/contract/data.ts";
import type { DeadLetters, OriginState, RedriveBody, Redriven } from "../../src/contract/ops.ts";
import type { ReasonBody } from "../../src/contract/teams.ts";
import type { Call, Command } from "./command.ts";
import { EXIT } from "./failure.ts";
import { left, right } from "./output.ts";
import { duration, plural } from "./text.ts";

/** The word for messages that belong to no hunt. */
const NO_HUNT = "-";

export const origin: Command = {
  name: "origin",
  summary:
    "The origin database: its gate, the last ten seconds of calls, and the backlog; exit code 1 unless closed",
  usage: "",
  options: {},
  example: "origin",
  async run(call) {
    const { out } = call;
    const response = await call.engine.json<OriginState>("GET", "/v1/ops/origin");
    const { state, since, window, driver, backlog } = response;
    await out.result(response, () =>
      out.table(
        [
          left("origin"),
          left("gate"),
          left("since"),
          right("calls"),
          right("failed"),
          right("slow"),
          left("backlog"),
        ],
        [
          [
            driver,
            state.replace("_", " "),
            since,
            window.calls,
            window.failed,
            window.slow,
            backlog.segments === 0
              ? "none"
              : `${plural(backlog.segments, "segment")}, the oldest ${duration(backlog.oldestSeconds)}`,
          ],
        ],
      ),
    );
    if (backlog.unknownShards > 0) out.note(`${plural(backlog.unknownShards, "shard")} could not be asked`);
    return state === "closed" ? EXIT.ok : EXIT.refused;
  },
};

export const rearchive: Command = {
  name: "rearchive",
  summary: "Send a hunt's whole log to the origin again: it is another one, or lost its rows",
  usage: "<hunt>",
  options: {
    reason: { type: "string", value: "text", about: "why, for the audit (default: from the command line)" },
  },
  example: "rearchive harbour-nights",
  async run(call) {
    const hunt = encodeURIComponent(call.argument("hunt"));
    const response = await call.engine.json<Rearchived>("POST", `/v1/hunts/${hunt}/rearchive`, {
      body: { reason: call.text("reason") ?? "from the command line" } satisfies ReasonBody,
    });
    await call.out.confirm(response, `${plural(response.facts, "fact")} on the way to the origin`);
    return EXIT.ok;
  },
};

export const repair: Command = {
  name: "repair",
  summary: "Close the gaps of a hunt's logs from the origin's archive; exit code 1 when some stay",
  usage: "<hunt>",
  options: {
    reason: { type: "string", value: "text", about: "why, for the audit (default: from the command line)" },
  },
  example: "repair harbour-nights",
  async run(call) {
    const { out } = call;
    const hunt = encodeURIComponent(call.argument("hunt"));
    const response = await call.engine.json<Repaired>("POST", `/v1/hunts/${hunt}/repair`, {
      body: { reason: call.text("reason") ?? "from the command line" } satisfies ReasonBody,
    });
    const { repaired, facts, left: staying } = response;
    await out.confirm(response, `${plural(repaired, "gap")} closed, with ${plural(facts, "fact")}`);
    for (const { shard, first, last, why } of staying) {
      const facts = first === undefined ? "could not be asked" : `facts ${first} to ${last} stay away`;
      out.note(`${shard}: ${facts}: ${why}`);
    }
    return staying.length === 0 ? EXIT.ok : EXIT.refused;
  },
};

const pathOf = (call: Call): string => {
  const hunt = call.argument("hunt");
  return hunt === NO_HUNT ? "/v1/ops/dead-letters" : `/v1/hunts/${encodeURIComponent(hunt)}/dead-letters`;
};

export const deadLetters: Command = {
  name: "dead-letters",
  summary: `Messages that the origin refuses, with their error; ${NO_HUNT}: those of no hunt`,
  usage: "<hunt>",
  options: {},
  example: "dead-letters harbour-nights",
  async run(call) {
    const { out } = call;
    const response = await call.engine.json<DeadLetters>("GET", pathOf(call));
    await out.result(response, async ({ letters, total }) => {
      if (letters.length > 0) {
        await out.table(
          [
            left("id"),
            left("at"),
            left("shard"),
            right("facts"),
            right("deaths"),
            { title: "error", whole: true },
          ],
          letters.map(({ id, at, shard, first, last, deaths, error }) => [
            id,
            at,
            shard,
            first === undefined ? "" : first === last ? String(first) : `${first}–${last}`,
            deaths,
            error,
          ]),
        );
      }
      out.note(
        `${plural(total, "dead letter")}${letters.length < total ? `, the newest ${letters.length} shown` : ""}`,
      );
    });
    return EXIT.ok;
  },
};

export const redrive: Command = {
  name: "redrive",
  summary: "Send dead letters to the origin again, all of a hunt or some",
  usage: "<hunt>",
  options: { ids: { type: "string", value: "id,id", about: "only these (dead-letters lists them)" } },
  example: "redrive harbour-nights",
  async run(call) {
    const ids = call
      .text("ids")
      ?.split(",")
      .map((id) => id.trim())
      .filter((id) => id !== "");
    const response = await call.engine.json<Redriven>("POST", `${pathOf(call)}/redrive`, {
      body: (ids === undefined ? {} : { ids }) satisfies RedriveBody,
    });
    await call.out.confirm(response, `${plural(response.redriven, "dead letter")} sent to the origin again`);
    return EXIT.ok;
  },
};
