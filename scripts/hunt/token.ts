/** `hunt token`: a token for the local engine. */
import { mintOpsToken, mintOrganiserToken, secretsOf } from "../local/secrets.ts";
import type { Command } from "./command.ts";

export const token: Command = {
  name: "token",
  summary: "Print an organiser token for the local engine, or a scraper's for /metrics; good for 30 days",
  usage: "",
  options: { ops: { type: "boolean", about: "a token that opens /metrics and nothing else" } },
  example: "token --data-dir .data",
  async run({ out, dataDir, flag }) {
    const secrets = await secretsOf(dataDir);
    const made = flag("ops") ? await mintOpsToken(secrets) : await mintOrganiserToken(secrets);
    await out.result({ token: made }, ({ token }) => out.line(token));
    return undefined;
  },
};
