/** `hunt rehearse`: a copy of the hunt with a clock of its own, and its end. */
import { timeGiven } from "../../src/contract/basics.ts";
import type { Rehearsal } from "../../src/contract/rehearsal.ts";
import type { Command } from "./command.ts";
import { EXIT, wrongUsage } from "./failure.ts";
import { readTextFile } from "./text-file.ts";

export const rehearse: Command = {
  name: "rehearse",
  summary: "Make the hunt's rehearsal, anew if there is one: a copy with a clock of its own, and play money",
  usage: "<hunt>",
  options: {
    at: {
      type: "string",
      value: "time",
      about: "what time it is there: 2026-06-06T18:30:00Z (default: what time it is)",
    },
    as: { type: "string", value: "id", about: "the id that it gets (default: the hunt's with -rehearsal)" },
    file: {
      type: "string",
      value: "file",
      about: "rehearses this definition instead of the published one (- reads standard input)",
    },
    end: { type: "boolean", about: "remove the rehearsal: nothing of it is left" },
  },
  example: "rehearse harbour-nights --at 2026-06-06T20:25:00+02:00",
  async run(call) {
    const { engine, out } = call;
    const hunt = call.argument("hunt");
    const path = `/v1/hunts/${encodeURIComponent(hunt)}/rehearsal`;
    const [at, as, file] = [call.text("at"), call.text("as"), call.text("file")];
    if (call.flag("end")) {
      const unfit = Object.entries({ at, as, file }).find(([, given]) => given !== undefined)?.[0];
      if (unfit !== undefined) throw wrongUsage(`--${unfit} says nothing of a rehearsal that ends`);
      await (await engine.stream("DELETE", path)).dump();
      await out.confirm({ hunt, ended: true }, `${hunt} has no rehearsal any more`);
      return EXIT.ok;
    }
    if (at !== undefined && !timeGiven.safeParse(at).success) {
      throw wrongUsage(`--at must be a time such as 2026-06-06T18:30:00Z, not "${at}"`);
    }
    const definition = file === undefined ? undefined : await readTextFile(call, file);
    const made = await engine.json<Rehearsal>("POST", path, {
      body: {
        ...(at === undefined ? {} : { at }),
        ...(as === undefined ? {} : { hunt: as }),
        ...(definition === undefined ? {} : { definition }),
      },
      once: true,
    });
    // In the fragment: it is not sent to servers and stays out of their logs.
    const link = new URL(`/organise/${made.hunt}#token=${made.token}`, made.url).href;
    await out.result({ ...made, link }, async () => {
      await out.line(`${made.hunt} is there`);
      await out.line(`players:  ${made.url}`);
      await out.line(`console:  ${link}`);
      await out.line(`token:    ${made.token}`);
    });
    return EXIT.ok;
  },
};
