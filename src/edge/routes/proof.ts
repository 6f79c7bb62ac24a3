/** Roots over the logs, and the way from a fact to the root that has it. */
import { rootsPage } from "../../cache/kv.ts";
import { proof, roots, rootsQuery } from "../../contract/proof.ts";
import { accepted, errorOf, RequestError } from "../../errors.ts";
import { calling, leaderboardStub, shardStub } from "../../objects/call.ts";
import { NOT_YOURS } from "../../proof/leaves.ts";
import { hashIn, hashText, rootBy } from "../../proof/tree.ts";
import { declared } from "../declare.ts";
import { huntEntry, huntOf, iso, shardOf, takesPart } from "../hunt.ts";
import type { App } from "../request.ts";
import { anyone, playerOrOrganiser } from "../roles.ts";

const NO_FACT = "no such fact";

export function proofRoutes(app: App): void {
  app.openapi(
    declared({
      method: "get",
      path: "/v1/hunts/{hunt}/proof",
      summary: "The roots over all that was recorded, page by page",
      role: anyone,
      query: rootsQuery,
      responses: { 200: { description: "Roots, and the next page's cursor", schema: roots } },
    }),
    async (c) => {
      const { cursor = "0" } = c.req.valid("query");
      const now = c.get("now");
      const entry = await huntEntry(c.env, huntOf(c), now);
      return c.json(await rootsPage(c.env, entry, Number(cursor), now), 200);
    },
  );

  app.openapi(
    declared({
      method: "get",
      path: "/v1/hunts/{hunt}/proof/{shard}/{seq}",
      summary: "That a recorded result is in a root; of one's own team",
      role: playerOrOrganiser,
      responses: { 200: { description: "The way from the fact to its root", schema: proof } },
      errors: ["not_found", "unavailable"],
    }),
    async (c) => {
      const hunt = huntOf(c);
      const { shard } = c.req.valid("param");
      const seq = Number(c.req.valid("param").seq);
      const player = c.get("player");
      if (player && shardOf(player.team).shard !== shard) throw errorOf(NOT_YOURS);
      // A guessed name makes no object.
      if (!(await takesPart(c.env, hunt, shard, c.get("now")))) throw new RequestError("not_found", NO_FACT);
      const { subtree, hash, ...placed } = accepted(
        await calling(async () => leaderboardStub(c.env, hunt).placed(shard, seq)),
      );
      const fact = accepted(
        await calling(async () => shardStub(c.env, hunt, shard).proveFact(seq, subtree, player?.team)),
      );
      const path = [...fact.steps, ...placed.steps];
      const leaf = hashIn(fact.leaf);
      const root = leaf && rootBy(leaf, path);
      if (fact.hash !== hash || !root || hashText(root) !== placed.root) {
        console.error({ message: "a fact is not as its root has it", hunt, shard, seq });
        throw new RequestError("unavailable", "the log is not as it was recorded");
      }
      return c.json({ fact: fact.line, leaf: fact.leaf, path, root: placed.root, at: iso(placed.at) }, 200);
    },
  );
}
