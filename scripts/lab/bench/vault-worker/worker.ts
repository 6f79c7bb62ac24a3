/**
 * The prize vault beside the object one would write first: one call and one
 * row for each claim. `GET /run?object=vault|naive&stock=n&claims=n&batch=n&wave=n`
 * sends the claims in waves of calls at once and tells how long it took.
 */
import { DurableObject } from "cloudflare:workers";
import { PrizeVault } from "../../../../src/prizes/object.ts";

export { MetricsHub } from "../../../../src/telemetry/object.ts";
export { PrizeVault };

/** The floor: asks the table how many are left, and keeps every claim's result. */
export class NaiveVault extends DurableObject {
  constructor(ctx: DurableObjectState, env: object) {
    super(ctx, env as never);
    ctx.storage.sql.exec(
      "CREATE TABLE IF NOT EXISTS claim (team TEXT, event TEXT, won INTEGER, PRIMARY KEY (team, event)) WITHOUT ROWID",
    );
    ctx.storage.sql.exec("CREATE TABLE IF NOT EXISTS stock (won INTEGER)");
    ctx.storage.sql.exec("INSERT INTO stock SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM stock)");
  }

  claim(team: string, event: string, stock: number): boolean {
    const { sql } = this.ctx.storage;
    const known = sql
      .exec<{ won: number }>("SELECT won FROM claim WHERE team = ? AND event = ?", team, event)
      .toArray()[0];
    if (known) return known.won === 1;
    const won = sql.exec<{ won: number }>("SELECT won FROM stock").one().won < stock;
    if (won) sql.exec("UPDATE stock SET won = won + 1");
    sql.exec("INSERT INTO claim (team, event, won) VALUES (?, ?, ?)", team, event, won ? 1 : 0);
    return won;
  }
}

/** Stands for the shards: takes the wins of the vault and does nothing with them. */
export class Recorder extends DurableObject {
  recordWins(): undefined {
    return undefined;
  }
}

interface VaultBenchEnv {
  PRIZES: DurableObjectNamespace<PrizeVault>;
  NAIVE: DurableObjectNamespace<NaiveVault>;
}

export default {
  async fetch(request, env) {
    const query = new URL(request.url).searchParams;
    const number = (name: string): number => Number(query.get(name));
    const name = query.get("name") ?? "";
    const claims = number("claims");
    const batch = number("batch");
    const stock = number("stock");
    const teamOf = (index: number): string => `weur-0-${index.toString(36)}-aaaaa`;
    if (query.get("object") === "vault") {
      await env.PRIZES.getByName(name).configure({
        revision: 1,
        seed: "seed",
        prizes: [{ id: "shell", mode: "first-come", stock: [{ units: stock }], perTeam: 1 }],
      });
    }
    const call = async (from: number): Promise<number> => {
      const indexes = Array.from({ length: batch }, (_, place) => from + place);
      if (query.get("object") === "naive") {
        const won = await Promise.all(
          indexes.map((index) => env.NAIVE.getByName(name).claim(teamOf(index), "claim", stock)),
        );
        return won.filter(Boolean).length;
      }
      const response = await env.PRIZES.getByName(name).claim({
        shard: "weur-0",
        revision: 1,
        claims: indexes.map((index) => ({
          prize: "shell",
          team: teamOf(index),
          player: "p",
          event: "claim",
        })),
      });
      if ("refused" in response) throw new Error(response.detail);
      return response.answers.filter(({ outcome }) => outcome === "won").length;
    };
    let won = 0;
    for (let from = 0; from < claims; from += number("wave") * batch) {
      const wave = Array.from({ length: number("wave") }, (_, index) => call(from + index * batch));
      for (const count of await Promise.all(wave)) won += count;
    }
    return Response.json({ won });
  },
} satisfies ExportedHandler<VaultBenchEnv>;
