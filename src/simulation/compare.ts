/** Two versions of a hunt, simulated with the same seed: what differs. Teams are the same in both. PURE. */
import type { Difference, SimulationReport } from "../contract/simulation.ts";

/** Every figure that is not the same in both, those of the hunt first. */
export function differencesOf(before: SimulationReport, after: SimulationReport): Difference[] {
  const [was, is] = [figuresOf(before), figuresOf(after)];
  const keys = [...new Set([...was.keys(), ...is.keys()])];
  return keys.flatMap((key) => {
    const [old, now] = [was.get(key), is.get(key)];
    const named = old ?? now;
    if (!named || old?.value === now?.value) return [];
    return [
      {
        figure: named.figure,
        ...(named.about === undefined ? {} : { about: named.about }),
        ...(old === undefined ? {} : { before: old.value }),
        ...(now === undefined ? {} : { after: now.value }),
      },
    ];
  });
}

interface Figure {
  figure: string;
  about?: string;
  value: number;
}

function figuresOf(report: SimulationReport): Map<string, Figure> {
  const figures = new Map<string, Figure>();
  const add = (figure: string, value: number | undefined, about?: string): void => {
    if (value === undefined) return;
    figures.set(`${about ?? ""}\n${figure}`, { figure, value, ...(about === undefined ? {} : { about }) });
  };
  add("finished", report.finished.mean);
  add("finishedAt", report.finishedAt?.p50);
  add("stuck", report.stuck.mean);
  add("waiting", report.waiting.mean);
  add("solves", report.solves.mean);
  add("score", report.score.mean);
  for (const clue of report.clues) {
    add("opened", clue.opened.mean, clue.clue);
    add("solved", clue.solved.mean, clue.clue);
    add("took", clue.took?.p50, clue.clue);
    add("wrong", clue.wrong, clue.clue);
    add("exhausted", clue.exhausted, clue.clue);
    add("hinted", clue.hinted, clue.clue);
    add("stuck", clue.stuck, clue.clue);
  }
  for (const prize of report.prizes) {
    add("won", prize.won.mean, prize.prize);
    add("gone", prize.gone, prize.prize);
    add("goneAt", prize.goneAt?.p50, prize.prize);
  }
  return figures;
}
