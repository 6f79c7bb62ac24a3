/** Which limit of the engine comes next, and what to change. */
import type { Advice } from "../../src/contract/ops.ts";
import type { Command } from "./command.ts";
import { EXIT } from "./failure.ts";
import { clean } from "./text.ts";

export const advice: Command = {
  name: "advice",
  summary:
    "Limits of the engine that come near, the nearest first: what to change, and why; exit code 1 when there are any",
  usage: "",
  options: {},
  example: "advice",
  async run(call) {
    const { out } = call;
    const response = await call.engine.json<Advice>("GET", "/v1/ops/advice");
    await out.result(response, async ({ advice: lines }) => {
      if (lines.length === 0) {
        out.note("no limit comes near");
        return;
      }
      for (const { limit, at, change, evidence } of lines)
        await out.line(clean(`${limit} ${Math.round(at * 100)} %: ${evidence}; ${change}`));
    });
    return response.advice.length === 0 ? EXIT.ok : EXIT.refused;
  },
};
