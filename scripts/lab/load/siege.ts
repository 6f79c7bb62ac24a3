/**
 * The siege: honest players play on while one address and one team attack by
 * every means (attack.ts). Peace and siege take turns, so that what the machine
 * does besides falls on both; the ratio of the p99s of each pair is told.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { benchDefinition } from "../bench/hunt.ts";
import { chance } from "../measure/chance.ts";
import { medianOf } from "../measure/statistics.ts";
import type { Orders } from "./attack-thread.ts";
import { actionsOf } from "./crowd.ts";
import { arrivalsOf, stretchesOf } from "./profile.ts";
import { type LoadRun, quantileMs, runLoad } from "./run.ts";
import { openStage } from "./stage.ts";

/** Pairs of a stretch of peace and one of siege. */
const PAIRS = 3;

/** Requests a second of the attacker: ten times what one player may send. */
const ATTACK_RATE = 300;

/** Seconds that are played before anything is measured. */
const WARM_UP = 3;

/** The honest players' p99 under siege, as a multiple of that in peace. */
export const RATIO_MAX = 1.2;

/** The benchmarks' hunt with everything that can be attacked. */
const definition = {
  ...benchDefinition,
  teams: { mode: "teams", maxSize: 5 },
  clues: [
    ...benchDefinition.clues.map((clue) => ({ ...clue, nudges: [{ match: ["nearly"], say: "Nearly." }] })),
    {
      id: "pier",
      round: "all",
      title: "Pier",
      kind: "place",
      points: 10,
      place: { lat: 53.5436, lng: 9.9669, radius: 50, maxAccuracy: 100, maxSpeed: 300 },
    },
  ],
};

const ATTACKER = "192.0.2.7";

/** An address of the player's own. */
const addressOf = (player: number): string =>
  `10.${(player >> 16) & 255}.${(player >> 8) & 255}.${player & 255}`;

export interface SiegeSettings {
  /** Requests a second of all honest players. */
  rate: number;
  /** Of all stretches together. */
  seconds: number;
  players: number;
  seed: number;
}

export interface SiegeReport {
  text: string;
  held: boolean;
}

export async function besiege({ rate, seconds, players, seed }: SiegeSettings): Promise<SiegeReport> {
  const scratch = mkdtempSync(join(tmpdir(), "hunt-siege-"));
  try {
    const stage = await openStage({
      // The last of them is the attacker.
      players: players + 1,
      sockets: 0,
      scratch,
      vars: { RATE_LIMITS: "on" },
      addressOf,
      definition,
    });
    try {
      const attacker = stage.players.pop();
      if (!attacker) throw new Error("a siege needs an attacker");
      const random = chance(seed);
      const { origin, hunt } = stage;
      const attacked = { origin, hunt, token: attacker.token, address: ATTACKER, rate: ATTACK_RATE };
      let stretches = 0;
      const play = (length: number): Promise<LoadRun> => {
        stretches += 1;
        const due = arrivalsOf(stretchesOf("soak", rate, length), random);
        const crowd = { players, clues: 50, mode: "http" as const, random, name: `s${stretches}` };
        return runLoad(actionsOf(due, crowd), stage);
      };
      await play(WARM_UP);
      const length = seconds / (2 * PAIRS);
      const pairs: { peace: LoadRun; siege: LoadRun }[] = [];
      const ended: Blows = new Map();
      for (let pair = 0; pair < PAIRS; pair += 1) {
        const peace = await play(length);
        const [siege, blows] = await Promise.all([
          play(length),
          attack({ ...attacked, seed: seed + 1 + pair, seconds: length }),
        ]);
        pairs.push({ peace, siege });
        for (const [means, statuses] of blows) {
          const own = ended.get(means) ?? new Map<string, number>();
          for (const [status, count] of statuses) own.set(status, (own.get(status) ?? 0) + count);
          ended.set(means, own);
        }
      }
      return reportOf(pairs, ended);
    } finally {
      await stage.close();
    }
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

type Blows = Map<string, Map<string, number>>;

function attack(orders: Orders): Promise<Blows> {
  return new Promise((done, failed) => {
    const thread = new Worker(new URL("./attack-thread.ts", import.meta.url), { workerData: orders });
    thread.once("message", done);
    thread.once("error", failed);
  });
}

function reportOf(
  pairs: readonly { peace: LoadRun; siege: LoadRun }[],
  ended: ReadonlyMap<string, ReadonlyMap<string, number>>,
): SiegeReport {
  const ratios = pairs.map(({ peace, siege }) => quantileMs(siege.all, 99) / quantileMs(peace.all, 99));
  const ratio = medianOf(ratios);
  const refused = new Map<string, number>();
  for (const { siege } of pairs) {
    for (const [reason, count] of siege.failures) refused.set(reason, (refused.get(reason) ?? 0) + count);
  }
  const ms = (run: LoadRun, percentile: number): string => `${quantileMs(run.all, percentile).toFixed(1)} ms`;
  const lines = [
    "| | peace p50, p99 | siege p50, p99 | ratio of the p99s |",
    "| --- | --- | --- | --- |",
    ...pairs.map(({ peace, siege }, index) => {
      const cells = [peace, siege].map((run) => `${ms(run, 50)}, ${ms(run, 99)}`);
      return `| pair ${index + 1} | ${cells.join(" | ")} | ${(ratios[index] ?? 0).toFixed(2)} |`;
    }),
    "",
    `ratio, median: ${ratio.toFixed(2)} (at most ${RATIO_MAX})`,
    `honest requests that failed: ${refused.size === 0 ? "none" : told(refused)}`,
    "",
    "| means | ended |",
    "| --- | --- |",
    ...[...ended].map(([means, statuses]) => `| ${means} | ${told(statuses)} |`),
  ];
  return { text: lines.join("\n"), held: refused.size === 0 && ratio <= RATIO_MAX };
}

const told = (counts: ReadonlyMap<string, number>): string =>
  [...counts]
    .sort(([, a], [, b]) => b - a)
    .map(([name, count]) => `${name} × ${count}`)
    .join(", ");
