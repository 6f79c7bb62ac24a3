/** The prize vault against an object of one call and one row per claim, in one workerd, taking turns. */
import { join } from "node:path";
import { buildWorker, startWorker } from "../lone-worker.ts";
import { type Case, caseOf } from "./figures.ts";
import type { Settings } from "./rounds.ts";

/** Claims of one run. */
const CLAIMS = 10_000;

/** Claims in one call of a shard in a crowd: those that came while the call before was under way. */
const BATCH = 100;

/** Calls under way at the same time: as many shards. */
const WAVE = 4;

const STOCKS = { "7 units": 7, "a unit for everybody": CLAIMS } as const;

export async function measurePrizes(scratch: string, { rounds, say }: Settings): Promise<Case[]> {
  const script = join(scratch, "vault.js");
  await buildWorker(new URL("./vault-worker/worker.ts", import.meta.url), script);
  const object = (className: string) => ({ className, useSQLite: true });
  const miniflare = startWorker("vault", script, {
    durableObjects: {
      PRIZES: object("PrizeVault"),
      NAIVE: object("NaiveVault"),
      SHARD: object("Recorder"),
      CONTROL: object("Recorder"),
      METRICS: object("MetricsHub"),
    },
    resourcePersistencePath: join(scratch, "vault"),
  });
  try {
    const url = await miniflare.ready;
    const rateOf = async (kind: "vault" | "naive", stock: number, name: string): Promise<number> => {
      const query = new URLSearchParams({
        object: kind,
        name,
        stock: String(stock),
        claims: String(CLAIMS),
        batch: String(BATCH),
        wave: String(WAVE),
      });
      const begun = performance.now();
      const response = await fetch(new URL(`/run?${query}`, url));
      const seconds = (performance.now() - begun) / 1_000;
      const { won } = (await response.json()) as { won: number };
      if (won !== Math.min(stock, CLAIMS)) throw new Error(`${kind} gave ${won} of ${stock} units`);
      return CLAIMS / seconds;
    };
    const cases: Case[] = [];
    for (const [label, stock] of Object.entries(STOCKS)) {
      const rates = { vault: [] as number[], naive: [] as number[] };
      // The first round compiles.
      for (let round = 0; round <= rounds; round += 1) {
        for (const kind of round % 2 === 0 ? (["vault", "naive"] as const) : (["naive", "vault"] as const)) {
          const rate = await rateOf(kind, stock, `${label}-${round}`);
          if (round > 0) rates[kind].push(rate);
          say(`prizes ${label} ${kind} ${rate.toFixed(0)}/s`);
        }
      }
      cases.push(caseOf(`prizes, ${label}: naive object`, "1/s", rates.naive));
      cases.push(caseOf(`prizes, ${label}: vault`, "1/s", rates.vault));
      const ratios = rates.vault.map((rate, index) => rate / (rates.naive[index] ?? Number.NaN));
      cases.push(caseOf(`prizes, ${label}: vault / naive`, "x", ratios));
    }
    return cases;
  } finally {
    await miniflare.dispose();
  }
}
