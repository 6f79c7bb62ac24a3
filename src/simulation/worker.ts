/** The simulation in a worker of the console's page: what is asked comes as a message, and so does what came of it. */
import { SIMULATION_FORM, type SimulationAsked, type SimulationTold } from "../contract/simulation.ts";
import type { CompiledHunt } from "../hunt/compiled.ts";
import { differencesOf } from "./compare.ts";
import { compiledFrom } from "./compiled.ts";
import { objectionTo, simulating } from "./simulate.ts";

const tell = (told: SimulationTold): void => self.postMessage(told);

self.addEventListener("message", ({ data }: MessageEvent<SimulationAsked>) => answer(data));

function answer({ form, hunt, definition, against, options }: SimulationAsked): void {
  if (form !== SIMULATION_FORM) {
    tell({
      told: "refused",
      issues: [{ path: "", code: "", message: "the page is of another release: load it anew" }],
    });
    return;
  }
  const hunts: CompiledHunt[] = [];
  for (const text of against === undefined ? [definition] : [definition, against]) {
    const compiled = compiledFrom(text, text.trimStart().startsWith("{") ? "json" : "yaml", hunt);
    if (compiled.issues) {
      tell({ told: "refused", issues: compiled.issues });
      return;
    }
    const objection = objectionTo(compiled.hunt, options);
    if (objection !== undefined) {
      tell({ told: "refused", issues: [{ path: "", code: "", message: objection }] });
      return;
    }
    hunts.push(compiled.hunt);
  }
  const [report, before] = hunts.map((each, index) => {
    const steps = simulating(each, options);
    let step = steps.next();
    for (; !step.done; step = steps.next()) {
      tell({ told: "progress", run: index * options.runs + step.value, of: hunts.length * options.runs });
    }
    return step.value;
  });
  if (!report) return;
  tell({
    told: "report",
    report,
    ...(before ? { against: before, differences: differencesOf(before, report) } : {}),
  });
}
