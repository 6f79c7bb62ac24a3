/** `hunt delete`: a hunt and everything of it, for good. */
import { setTimeout as sleep } from "node:timers/promises";
import type { DeletionBegun, DeletionJob } from "../../src/contract/deletion.ts";
import type { Command } from "./command.ts";
import { EXIT, Failure, wrongUsage } from "./failure.ts";

/** Between two looks at the job, ms. */
const LOOK_EVERY = 1_000;

export const deleteHunt: Command = {
  name: "delete",
  summary: "Delete a hunt and everything of it, for good; waits until nothing is left",
  usage: "<hunt>",
  options: {
    confirm: { type: "string", value: "hunt", about: "the hunt's id once more" },
    reason: { type: "string", value: "text", about: "why, for the audit, which keeps that it happened" },
  },
  example: 'delete my-hunt --confirm my-hunt --reason "the campaign is over"',
  async run(call) {
    const { engine, out } = call;
    const hunt = call.argument("hunt");
    const confirm = call.text("confirm");
    const reason = call.text("reason");
    if (confirm !== hunt) throw wrongUsage(`deleting is for good: --confirm ${hunt} says that it is meant`);
    if (reason === undefined) throw wrongUsage("--reason is missing");
    const { job } = await engine.json<DeletionBegun>("DELETE", `/v1/hunts/${encodeURIComponent(hunt)}`, {
      query: { confirm, reason },
    });
    const look = () => engine.json<DeletionJob>("GET", `/v1/jobs/${encodeURIComponent(job)}`);
    let told = await look();
    const progress = out.progress(`deleting ${hunt}`, "lines", told.of);
    progress.add(told.done);
    let waitsFor: string | undefined;
    while (told.state === "running") {
      if (told.waitsFor !== undefined && told.waitsFor !== waitsFor) out.note(`waits for ${told.waitsFor}`);
      waitsFor = told.waitsFor;
      await sleep(LOOK_EVERY);
      const { done } = told;
      told = await look();
      progress.add(told.done - done);
    }
    progress.end();
    if (told.state === "failed") {
      throw new Failure(
        EXIT.refused,
        `given up at step ${told.done} of ${told.of} (${told.waitsFor}); the same command goes on`,
      );
    }
    await out.confirm(told, `${hunt} is deleted; its id is free`);
    return EXIT.ok;
  },
};
