/** The engines of a benchmark: the current one and, if a kept bundle is given, the one it takes turns with. */
import { join } from "node:path";
import { type Engine, type EngineOptions, startEngine } from "../../local/engine.ts";
import { startedBy } from "../measure/cpu.ts";

/** `SHARDS_MAX`: a hunt that grew while it is measured would be another one. */
export const BENCH_VARS = { RATE_LIMITS: "off", SHARDS_PER_REGION: "1", SHARDS_MAX: "1" };

/** Ends the names of everything the kept bundle does. */
export const BASELINE = " (baseline)";

export interface BenchEngine {
  /** Ends the names of its cases: nothing for the current engine, else BASELINE. */
  suffix: "" | typeof BASELINE;
  engine: Engine;
  /** Its address. */
  origin: string;
  /** Its workerd process, for CPU time. */
  pid: number | undefined;
}

/** Starts them with data of their own under `scratch`; `stopAll` ends them. */
export async function startEngines(
  scratch: string,
  baseline: string | undefined,
  options: EngineOptions = {},
): Promise<BenchEngine[]> {
  const bundles = [
    { suffix: "" as const },
    ...(baseline === undefined ? [] : [{ suffix: BASELINE, baseline }]),
  ];
  const started: BenchEngine[] = [];
  try {
    for (const { suffix, ...kept } of bundles as { suffix: BenchEngine["suffix"]; baseline?: string }[]) {
      const { value: engine, pid } = await startedBy(() =>
        startEngine({
          dataDir: join(scratch, suffix === "" ? "engine" : "baseline"),
          vars: BENCH_VARS,
          ...(kept.baseline === undefined ? {} : { bundle: kept.baseline }),
          ...options,
        }),
      );
      started.push({ suffix, engine, pid, origin: engine.url.origin });
    }
    return started;
  } catch (error) {
    await stopAll(started);
    throw error;
  }
}

export async function stopAll(engines: readonly BenchEngine[]): Promise<void> {
  await Promise.all(engines.map(({ engine }) => engine.stop()));
}
