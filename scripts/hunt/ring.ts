/** `hunt ring`: a key ring for a secret of a deployed engine. */
import { newRing } from "../local/secrets.ts";
import type { Command } from "./command.ts";

export const ring: Command = {
  name: "ring",
  summary: "Print a new key with an id that names it, as a secret of a deployed engine has them",
  usage: "",
  options: {},
  example: "ring | npx wrangler secret put ANSWER_PEPPERS",
  async run({ out }) {
    await out.result({ ring: newRing() }, ({ ring: made }) => out.line(made));
    return undefined;
  },
};
