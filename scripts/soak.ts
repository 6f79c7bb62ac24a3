/** `npm run soak`: plays, publishes, kills, cuts and sets clocks wrong, at random (scripts/lab/soak/soak.ts). */
import { Option } from "commander";
import { ORIGINS, runSoak } from "./lab/soak/soak.ts";
import { commandOf, number } from "./local/command-line.ts";

interface Options {
  minutes: number;
  seed: number;
  origin: (typeof ORIGINS)[number];
}

const { minutes, seed, origin } = commandOf(
  "soak",
  "Plays a hunt while the engine, its origin and its clock are disturbed at random, and verifies it at the end",
)
  .option("--minutes <n>", "how long", number(0.1, 10_000), 30)
  .option(
    "--seed <n>",
    "of everything that is random",
    number(0, 2 ** 31, { whole: true }),
    Date.now() % 1_000_000,
  )
  .addOption(new Option("--origin <name>", "the database behind it").choices(ORIGINS).default("postgres"))
  .parse()
  .opts<Options>();

const report = await runSoak({ minutes, seed, origin }, (line) => process.stdout.write(`${line}\n`));
for (const fault of report.faults) process.stdout.write(`FAULT ${fault}\n`);
process.stdout.write(
  `${report.faults.length === 0 ? "held" : "broken"}: ${report.facts} facts (${report.proven} proven, ${report.lost} told as lost), ${report.events} events, ${report.disturbances} disturbances, seed ${seed}\n`,
);
process.exitCode = report.faults.length === 0 ? 0 : 1;
