/** `hunt token`: a token for the local engine. */
import { mintOrganiserToken, secretsOf } from "../secrets.ts";
import type { Command } from "./command.ts";

export const token: Command = {
  name: "token",
  summary: "Print an organiser token for the local engine, good for 30 days",
  usage: "",
  options: {},
  example: "token --data-dir .data",
  async run({ out, dataDir }) {
    const made = await mintOrganiserToken(await secretsOf(dataDir));
    await out.answer({ token: made }, ({ token }) => out.line(token));
    return undefined;
  },
};
