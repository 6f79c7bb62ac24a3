/** An open-loop load of players on an engine, with a report and the limits of the generator itself. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startFloor } from "../bench/floor.ts";
import { chance } from "../measure/chance.ts";
import { quantileOf, rising } from "../measure/statistics.ts";
import { actionsOf, type Mode } from "./crowd.ts";
import { arrivalsOf, type Due, type ProfileName, replayOf, stretchesOf } from "./profile.ts";
import { type Calibration, generatorLimit, writeReport } from "./report.ts";
import { type LoadRun, quantileMs, runLoad } from "./run.ts";
import { openStage } from "./stage.ts";

const CLUES = 50;

/** Seconds of the null worker at the highest rate. */
const CALIBRATION = 4;

export interface LoadSettings {
  profile: ProfileName;
  /** The highest, requests a second. */
  rate: number;
  seconds: number;
  mode: Mode;
  players: number;
  seed: number;
  /** Shards a region of an engine of its own. */
  shards: number;
  /** Up to so many shards a region the hunt grows by itself, and half of the players join while it is loaded; undefined: it does not grow. */
  growTo?: number;
  /** The folder of the report. */
  out: string;
  /** For the profile `replay`: the text of an export, and how much faster than it was. */
  replay?: { text: string; speed: number };
  /** An engine that runs already, and its organiser's token. */
  target?: { url: URL; token: string } | undefined;
}

/** Gives the requests of the settings. Throws when a replay's text cannot be read. */
export function dueOf({ profile, rate, seconds, seed, replay }: LoadSettings): Due[] {
  if (profile !== "replay") return [...arrivalsOf(stretchesOf(profile, rate, seconds), chance(seed))];
  if (!replay) throw new Error("the profile replay needs a replay");
  return replayOf(replay.text.split("\n"), replay.speed).filter(({ at }) => at < seconds * 1_000);
}

/** Offers the requests that are due, and resolves to the report's text, which is also in `out`. */
export async function loadEngine(settings: LoadSettings, due: readonly Due[]): Promise<string> {
  const { profile, mode, players, seed, target, out } = settings;
  const scratch = mkdtempSync(join(tmpdir(), "hunt-load-"));
  try {
    const bySecond = Map.groupBy(due, ({ at }) => Math.floor(at / 1_000));
    const highest = Math.max(...[...bySecond.values()].map(({ length }) => length));
    say(`calibrating: a null worker at ${highest}/s\n`);
    const calibration = await calibrate(scratch, highest, settings);
    say(`${players} players join\n`);
    const sockets = mode === "socket" || mode === "mix" ? players : 0;
    const early = settings.growTo === undefined ? players : Math.ceil(players / 2);
    const stage = await openStage({
      players: early,
      sockets: Math.min(sockets, early),
      target,
      scratch,
      vars: shardVars(settings, highest),
    });
    try {
      const actions = actionsOf(due, { players, clues: CLUES, mode, random: chance(seed + 1) });
      const begun = Date.now();
      const [run] = await Promise.all([
        runLoad(actions, stage, show),
        stage.joinLater(players - early, settings.seconds),
      ]);
      if (tty) say("\n");
      const { shards, grown } = await stage.shards();
      const text = await writeReport(
        out,
        run,
        {
          title: `Load: ${profile}`,
          settings: {
            profile,
            mode,
            "highest second": `${highest} requests`,
            seconds: (due.at(-1)?.at ?? 0) / 1_000,
            players:
              early === players ? players : `${early}, and ${players - early} who join while it is loaded`,
            "shards a region": target ? "the target's" : settings.shards,
            ...(settings.growTo === undefined ? {} : { "grows by itself up to": settings.growTo }),
            seed,
            target: target
              ? target.url.host
              : "an engine of its own on this machine, which the generator shares",
          },
        },
        calibration,
        { shards, grown: grown.map(({ at, ...to }) => ({ ...to, second: (at - begun) / 1_000 })) },
      );
      const limit = generatorLimit(run, calibration);
      if (limit !== undefined) say(`the generator is the limit: ${limit}\n`);
      return text;
    } finally {
      await stage.close();
    }
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** With growth, a shard's capacity is such that the highest rate needs all of them. */
function shardVars({ shards, growTo }: LoadSettings, highest: number): Record<string, string> {
  const vars = { SHARDS_PER_REGION: String(shards), SHARDS_MAX: String(growTo ?? shards) };
  return growTo === undefined ? vars : { ...vars, SHARD_CAPACITY: String(Math.ceil(highest / growTo)) };
}

/** Sends the same requests at the highest rate to a worker that does nothing: the generator's own limits show. */
async function calibrate(
  scratch: string,
  highest: number,
  { players, mode, seed }: LoadSettings,
): Promise<Calibration> {
  const floor = await startFloor(scratch);
  try {
    const random = chance(seed);
    const of = (length: number) =>
      actionsOf(arrivalsOf(stretchesOf("soak", highest, length), random), {
        players,
        clues: CLUES,
        mode: mode === "batch" ? "batch" : "http",
        random,
      });
    const stage = { origin: floor.url, hunt: "null", players: [{ token: "none" }] };
    await runLoad(of(1), stage); // code is compiled then
    const run = await runLoad(of(CALIBRATION), stage);
    return {
      rate: highest,
      p99: quantileMs(run.all, 99),
      latestSend: run.latestSend,
      achieved: Math.min(1, CALIBRATION / run.took),
    };
  } finally {
    await floor.stop();
  }
}

const tty = process.stderr.isTTY;
const BARS = "▁▂▃▄▅▆▇█";

/** One line a second; on a terminal in its place, with the last half minute's p99 as bars. */
function show(run: LoadRun): void {
  const done = run.seconds.slice(0, -1);
  const last = done.at(-1);
  if (!last) return;
  const p99 = done.slice(-30).map(({ latencies }) => quantileOf(rising(latencies), 0.99) || 0);
  const most = Math.max(...p99, 1);
  const bars = p99.map((value) => BARS[Math.min(7, Math.floor((value / most) * 7.99))]).join("");
  const line = `${String(done.length).padStart(4)} s  ${String(last.offered).padStart(6)}/s  p50 ${(quantileOf(rising(last.latencies), 0.5) || 0).toFixed(1).padStart(7)} ms  p99 ${(p99.at(-1) ?? 0).toFixed(1).padStart(7)} ms  failed ${run.failed}`;
  process.stderr.write(tty ? `\r\u001b[K${line}  ${bars}` : `${line}\n`);
}

const say = (text: string): void => void process.stderr.write(text);
