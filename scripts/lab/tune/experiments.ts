/** All experiments, in the order of src/config.ts. */
import { PARAMETERS } from "../../../src/config.ts";
import type { Experiment, ParameterName } from "./experiment.ts";
import { archiveExperiments } from "./experiments/archive.ts";
import { backgroundExperiments } from "./experiments/background.ts";
import { cacheExperiments } from "./experiments/cache.ts";
import { gateExperiments } from "./experiments/gate.ts";
import { growthExperiments } from "./experiments/growth.ts";
import { limitExperiments } from "./experiments/limits.ts";
import { lookupExperiments } from "./experiments/lookups.ts";
import { queueExperiments } from "./experiments/queue.ts";
import { shardExperiments } from "./experiments/shards.ts";
import { standingsExperiments } from "./experiments/standings.ts";

const all: readonly Experiment[] = [
  ...shardExperiments,
  ...growthExperiments,
  ...archiveExperiments,
  ...queueExperiments,
  ...gateExperiments,
  ...lookupExperiments,
  ...standingsExperiments,
  ...cacheExperiments,
  ...backgroundExperiments,
  ...limitExperiments,
];

const places = Object.keys(PARAMETERS);

export const EXPERIMENTS: readonly Experiment[] = all.toSorted(
  (one, other) => places.indexOf(one.parameter) - places.indexOf(other.parameter),
);

export const experimentOf = (parameter: string): Experiment | undefined =>
  EXPERIMENTS.find((experiment) => experiment.parameter === (parameter as ParameterName));
