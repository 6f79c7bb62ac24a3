/**
 * A thread of the attacker's own (siege.ts): what it costs to attack must not
 * delay the honest players' requests, which the main thread sends.
 */
import { parentPort, workerData } from "node:worker_threads";
import { chance } from "../measure/chance.ts";
import { attack } from "./attack.ts";

export interface Orders {
  origin: string;
  hunt: string;
  token: string;
  address: string;
  seed: number;
  rate: number;
  seconds: number;
}

const { seed, rate, seconds, ...attacked } = workerData as Orders;
parentPort?.postMessage(await attack({ ...attacked, random: chance(seed) }, { rate, seconds }));
