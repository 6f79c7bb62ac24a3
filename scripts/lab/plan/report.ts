/** A plan for people. */
import type { Advised } from "../../../src/contract/ops.ts";
import { archiveRate, type Measured, type Plan, type Question } from "./plan.ts";

/** What `GET /v1/ops/advice` would tell at the peak with so many shards a region. */
export interface ToldWith {
  shardsPerRegion: number;
  /** In which the players are split. */
  hunts: number;
  advice: readonly Advised[];
}

/** Prints a plan for people. */
export function printPlan(
  title: string,
  question: Question,
  plan: Plan,
  measured: Measured,
  told: readonly ToldWith[],
): void {
  const number = (value: number): string =>
    value >= 100 ? Math.round(value).toLocaleString("en") : value.toPrecision(3);
  console.log(`\n## ${title}\n`);
  console.log(
    `${number(question.players)} players, ${number(question.peak)} events/s for ${question.burst} s, ${question.mode}`,
  );
  console.log(
    `\nSHARDS_PER_REGION = "${plan.shardsPerRegion}" (${plan.shards} shards in ${question.regions} regions), ${plan.queues} queue${plan.queues > 1 ? "s" : ""}`,
  );
  if (plan.hunts > 1) {
    console.log(
      `${plan.hunts} hunts, by country say: one leaderboard holds about a million teams and takes the reports of 150 shards. The figures below are of all of them; SHARDS_PER_REGION of each is ${Math.ceil(plan.shardsPerRegion / plan.hunts)}.`,
    );
  }
  console.table(
    plan.stages.map(({ name, unit, limit, asked, count, breaksAt }) => ({
      stage: name,
      count,
      "each is asked": `${number(asked)} ${unit}`,
      "each carries": number(limit),
      "breaks at": Number.isFinite(breaksAt)
        ? breaksAt === 0
          ? "now"
          : `${number(breaksAt)} events/s`
        : "never by load",
    })),
  );
  const { shard, first } = plan;
  console.log(
    `A shard, simulated: p50 ${(shard.p50 * 1_000).toFixed(1)} ms, p99 ${(shard.p99 * 1_000).toFixed(1)} ms, ${shard.perCommit.toFixed(1)} events a commit, busy ${(shard.busy * 100).toFixed(0)} %, ${(shard.refused * 100).toFixed(2)} % refused.`,
  );
  console.log(
    first.breaksAt === 0
      ? `Does not fit: ${first.name} (${number(first.asked)} of ${number(first.limit)} ${first.unit}).`
      : `First to break: ${first.name}, at ${number(first.breaksAt)} events/s.`,
  );
  console.log(
    `The archive takes ${number(archiveRate(measured))} events/s in one D1; what comes faster waits in the shards' logs and drains ${question.peak > archiveRate(measured) ? `in ${number((question.peak * question.burst) / archiveRate(measured))} s` : "as it comes"}.`,
  );
  console.log(
    `$${plan.dollarsPerHour.toFixed(2)} for the busiest hour, $${plan.archivePerHour.toFixed(2)} more for its rows in D1 (included amounts left out).`,
  );
  for (const { shardsPerRegion, hunts, advice } of told) {
    const of = hunts > 1 ? `${hunts} hunts and ` : "";
    const what = advice.length === 0 ? "nothing" : "";
    console.log(
      `With ${of}SHARDS_PER_REGION = "${shardsPerRegion}" \`hunt advice\` would tell at the peak: ${what}`,
    );
    for (const { change, evidence } of advice) console.log(`- ${evidence}: ${change}`);
  }
}
