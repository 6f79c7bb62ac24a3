/** `npm run load`: an open-loop load of players, with a report (scripts/lab/load/load.ts). */
import { mkdtempSync, rmSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Option } from "commander";
import { MODES } from "./lab/load/crowd.ts";
import { dueOf, type LoadSettings, loadEngine } from "./lab/load/load.ts";
import { openingOf, openingReport } from "./lab/load/opening.ts";
import { PROFILES } from "./lab/load/profile.ts";
import { besiege } from "./lab/load/siege.ts";
import { commandOf, failUsage, fromCaller, isLoopback, number } from "./local/command-line.ts";

const command = commandOf("load", "Loads an engine as a crowd of players would, and writes a report")
  .addOption(
    new Option("--profile <name>", "how the rate changes")
      .choices([...PROFILES, "siege", "opening"])
      .default("ramp"),
  )
  .option("--rate <n>", "the highest, requests/s", number(1, 1_000_000), 500)
  .option("--seconds <n>", "of all of it", number(1, 86_400), 30)
  .addOption(new Option("--mode <name>", "how events come").choices(MODES).default("http"))
  .option("--players <n>", "who join first", number(1, 100_000, { whole: true }), 1_000)
  .option("--shards <n>", "shards of an engine of its own", number(1, 1_000, { whole: true }), 1)
  .option(
    "--grow-to <n>",
    "shards up to which the hunt grows by itself; half of the players join meanwhile",
    number(1, 1_000, { whole: true }),
  )
  .option("--seed <n>", "of the arrivals and the answers", number(0, 2 ** 31, { whole: true }), 1)
  .option("--out <folder>", "of the report", "load-report")
  .option("--replay <file>", "with --profile replay: an export of a hunt, or lines with t and team")
  .option("--speed <n>", "of the replay", number(0.001, 1_000_000), 1)
  .option("--target <url>", "an engine that runs already (default: one of its own)")
  .option("--token <token>", "an organiser's for the target (default: $HUNT_TOKEN)")
  .option("--mine", "the target is another machine, and yours to burden")
  .parse();

/** Honest players of the siege. */
const SIEGE_PLAYERS = 500;

interface Options extends Omit<LoadSettings, "replay" | "target"> {
  replay?: string;
  speed: number;
  target?: string;
  token?: string;
  mine?: true;
}

if (command.opts<{ profile: string }>().profile === "siege") {
  const { text, held } = await besiege({ ...command.opts<Options>(), players: SIEGE_PLAYERS });
  process.stdout.write(`${text}\n`);
  process.exit(held ? 0 : 1);
}

const { replay, speed, target, token, mine, out, ...given } = command.opts<Options>();

if (command.opts<{ profile: string }>().profile === "opening") {
  const scratch = mkdtempSync(join(tmpdir(), "hunt-opening-"));
  try {
    const { players, seed } = given;
    const say = (line: string): void => void process.stderr.write(`${line}\n`);
    const { text, held } = openingReport(
      await openingOf({ players, seed, scratch, target: targetOf(), say }),
    );
    process.stdout.write(`${text}\n`);
    process.exitCode = held ? 0 : 1;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  process.exit();
}

const settings: LoadSettings = { ...given, out: fromCaller(out), target: targetOf(), ...(await replayed()) };
const due = readDue();
if (due.length === 0) failUsage(command, "there is nothing to send");
process.stdout.write(`${await loadEngine(settings, due)}\n`);
process.stderr.write(`${join(settings.out, "report.md")}\n`);

function targetOf(): LoadSettings["target"] {
  if (target === undefined) return undefined;
  const url = URL.parse(target) ?? failUsage(command, "--target must be a URL");
  if (!isLoopback(url) && !mine)
    failUsage(command, `${url.host} is another machine: say --mine if it is yours to burden`);
  const own = token ?? process.env.HUNT_TOKEN;
  if (!own)
    failUsage(command, "a target needs --token, or HUNT_TOKEN: an organiser's, to make a hunt for the load");
  return { url, token: own };
}

async function replayed(): Promise<Pick<LoadSettings, "replay">> {
  if (given.profile !== "replay") return {};
  if (replay === undefined)
    return failUsage(command, "--profile replay needs --replay file: an export of a hunt");
  const path = fromCaller(replay);
  const text = await readFile(path, "utf8").catch(() => failUsage(command, `${path} cannot be read`));
  return { replay: { text, speed } };
}

function readDue(): ReturnType<typeof dueOf> {
  try {
    return dueOf(settings);
  } catch (error) {
    return failUsage(command, `${replay}: ${(error as Error).message}`);
  }
}
