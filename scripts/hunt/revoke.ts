/** `hunt revoke`: takes back a win, or what somebody is signed in with. */
import type { Command } from "./command.ts";
import { EXIT, wrongUsage } from "./failure.ts";
import { revokeTokens, tokensToRevoke } from "./organisers.ts";
import { revokeWin } from "./prizes.ts";

export const revoke: Command = {
  name: "revoke",
  summary: "Take a win back, or void an organiser's token or all tokens of a person",
  usage: "[hunt] [prize] [unit]",
  options: {
    person: {
      type: "string",
      value: "name",
      about: "void every token of this organiser that was made up to now, as the audit names them",
    },
    "token-id": { type: "string", value: "id", about: "void the token with this id (its claim jti)" },
    reason: { type: "string", value: "text", about: "why, for the audit (default: from the command line)" },
  },
  example: 'revoke harbour-nights dinner 3 --reason "two accounts"',
  async run(call) {
    const named = ["hunt", "prize", "unit"].filter((name) => call.argument(name) !== "");
    const tokens = tokensToRevoke(call);
    if (tokens) {
      if (named.length > 0) throw wrongUsage("a win and a token are not taken back in one go");
      await revokeTokens(call, tokens);
      return EXIT.ok;
    }
    if (named.length < 3) {
      throw wrongUsage("name a win (<hunt> <prize> <unit>), or --person, or --token-id");
    }
    await revokeWin(call);
    return EXIT.ok;
  },
};
