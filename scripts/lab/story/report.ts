/** The story's figures as a table, as goals, and as docs/story.md. */
import { arch, cpus, platform, release, totalmem } from "node:os";
import { GIVES_UP } from "./load.ts";
import { PHASES, WARM_UP } from "./phases.ts";
import type { PhaseResult, StoryResult } from "./run.ts";

export interface Report {
  machine: { cpu: string; cores: number; memoryGiB: number; os: string; node: string; day: string };
  settings: { seconds: number; rate: number; players: number; seed: number };
  baseline: StoryResult;
  engine: StoryResult;
}

interface Comparison {
  what: string;
  /** The gain of the operator's repair. */
  story: string;
  goal: string;
  baseline: string;
  engine: string;
  change: string;
  met: boolean | undefined;
}

export function machine(): Report["machine"] {
  return {
    cpu: cpus()[0]?.model ?? "unknown",
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    os: `${platform()} ${release()} ${arch()}`,
    node: process.version,
    day: new Date().toISOString().slice(0, 10),
  };
}

const ms = (value: number): string =>
  value >= 100 ? `${Math.round(value).toLocaleString("en")} ms` : `${value.toFixed(value < 10 ? 1 : 0)} ms`;
const share = (value: number): string => `${(value * 100).toFixed(value > 0 && value < 0.1 ? 2 : 1)} %`;
const each = (value: number): string => value.toFixed(value < 10 ? 2 : 0);
const seconds = (value: number | undefined): string =>
  value === undefined ? "not before the end" : `${value.toFixed(value < 10 ? 1 : 0)} s`;

/** The engine's figure against the baseline's: −80 %. */
function change(baseline: number, engine: number): string {
  if (baseline === 0) return engine === 0 ? "same" : "more";
  const percent = (engine / baseline - 1) * 100;
  return `${percent < 0 ? "−" : "+"}${Math.abs(percent).toFixed(1)} %`;
}

export function comparisonsOf({ baseline, engine }: Report): Comparison[] {
  const p99Dead = phaseOf(engine, "dead").p99;
  const errors = engine.total.errors / baseline.total.errors;
  const calls = engine.callsPerEvent.healthy / baseline.callsPerEvent.healthy;
  const compare = (
    what: string,
    story: string,
    of: (result: StoryResult) => number,
    show: (value: number) => string,
    goal = "",
    met?: boolean,
  ): Comparison => ({
    what,
    story,
    goal,
    baseline: show(of(baseline)),
    engine: show(of(engine)),
    change: change(of(baseline), of(engine)),
    met,
  });
  return [
    compare(
      "errors, all phases",
      "−75 %",
      ({ total }) => total.errors,
      share,
      "−99 % or better",
      errors <= 0.01,
    ),
    compare("latency, mean of all phases", "−50 %, to 200 ms", ({ total }) => total.mean, ms),
    compare("latency, p99 of all phases", "to 500 ms", ({ total }) => total.p99, ms),
    compare(
      "latency, p99 while the database is dead",
      "",
      (result) => phaseOf(result, "dead").p99,
      ms,
      "under 200 ms",
      p99Dead < 200,
    ),
    compare(
      "database calls per event, healthy",
      "−30 %",
      ({ callsPerEvent }) => callsPerEvent.healthy,
      each,
      "−95 % or better",
      calls <= 0.05,
    ),
    compare(
      "database calls per event recorded, all phases",
      "",
      ({ callsPerEvent }) => callsPerEvent.recorded,
      each,
    ),
    compare("latency, mean while healthy", "", (result) => phaseOf(result, "healthy").mean, ms),
    compare("latency, p99 while healthy", "", (result) => phaseOf(result, "healthy").p99, ms),
  ];
}

function phaseOf(result: StoryResult, name: string): PhaseResult {
  const found = result.phases.find(({ phase }) => phase === name);
  if (!found) throw new Error(`no phase is named ${name}`);
  return found;
}

const HEAD = ["phase", "requests", "errors", "mean", "p50", "p99", "calls/s", "connections/s"];

function phaseRows(result: StoryResult): string[][] {
  const row = (
    name: string,
    figures: Pick<PhaseResult, "requests" | "errors" | "mean" | "p50" | "p99">,
    calls: string,
    connections: string,
  ) => [
    name,
    figures.requests.toLocaleString("en"),
    share(figures.errors),
    ms(figures.mean),
    ms(figures.p50),
    ms(figures.p99),
    calls,
    connections,
  ];
  return [
    ...result.phases
      .filter(({ phase }) => phase !== WARM_UP)
      .map((phase) => row(phase.phase, phase, each(phase.callsPerSecond), each(phase.connectionsPerSecond))),
    row("all", result.total, "", ""),
  ];
}

function comparisonRows(report: Report): string[][] {
  return comparisonsOf(report).map(({ what, story, goal, baseline, engine, change: changed, met }) => [
    what,
    baseline,
    engine,
    changed,
    story,
    met === undefined ? goal : `${goal}: ${met ? "met" : "missed"}`,
  ]);
}

const COMPARISON_HEAD = ["", "baseline", "engine", "change", "the story's repair", "goal"];

function afterwards({ baseline, engine }: Report): string[][] {
  const row = (what: string, of: (result: StoryResult) => string) => [what, of(baseline), of(engine)];
  return [
    row("errors and p99 back to normal after healing", ({ recoverSeconds }) => seconds(recoverSeconds)),
    row("database holds everything again after healing", ({ name, catchUpSeconds }) =>
      name === "baseline" ? "at once: it writes before it responds" : seconds(catchUpSeconds),
    ),
    row("events sent", ({ events }) => events.sent.toLocaleString("en")),
    row("of them with a result that says recorded", ({ kept }) => kept.acknowledged.toLocaleString("en")),
    row("of those lost", ({ kept }) => String(kept.lost)),
    row("of those kept twice", ({ kept }) => String(kept.doubled)),
    row("connections to the database", ({ connections }) => connections.toLocaleString("en")),
    row("what the proxy did", ({ faults }) =>
      Object.entries(faults)
        .filter(([, count]) => count > 0)
        .map(([name, count]) => `${name} ${count.toLocaleString("en")}`)
        .join(", "),
    ),
    row("failures", ({ failures }) => {
      const texts = Object.entries(failures).map(
        ([text, count]) => `${count.toLocaleString("en")} × ${text}`,
      );
      return texts.length === 0 ? "none" : texts.slice(0, 4).join("; ");
    }),
    row("worst delay of the load generator itself", ({ latestSend }) => ms(latestSend)),
  ];
}

/** For a terminal: columns of the same width. */
function aligned(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, column) =>
          column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
        )
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

function markdown(rows: readonly (readonly string[])[]): string {
  const [head = [], ...body] = rows;
  return [head, head.map(() => "---"), ...body].map((row) => `| ${row.join(" | ")} |`).join("\n");
}

export function asText(report: Report): string {
  const { baseline, engine } = report;
  return [
    `baseline\n${aligned([HEAD, ...phaseRows(baseline)])}`,
    `engine\n${aligned([HEAD, ...phaseRows(engine)])}`,
    aligned([COMPARISON_HEAD, ...comparisonRows(report)]),
    aligned([["", "baseline", "engine"], ...afterwards(report)]),
  ].join("\n\n");
}

export function asMarkdown(report: Report): string {
  const { settings, machine: on, baseline, engine } = report;
  const phases = PHASES.map(({ name, what, share: times }) => [
    name,
    `${(times * settings.seconds).toFixed(0)} s`,
    what,
  ]);
  return `# The story, measured

Written by \`npm run story\`: change that command's report, not this page.

An operator's treasure hunt fell over because every event asked the database, and the database became
slow. Their repair (cache, more nodes, circuit breaker, monitoring) bought latency − 50 %, errors − 75 %,
queries − 30 %, a mean of 200 ms and a p99 of 500 ms. Here two engines are compared: a small one built as
theirs was (the baseline), and this one. Both get the same players, the same requests at the same moments,
and the same database behind the same faults.

${markdown([COMPARISON_HEAD, ...comparisonRows(report)])}

Latency is measured for every request, failed or not, from the moment the player meant to send it. A call is
a message that makes PostgreSQL work: a simple query or an execute.

## What happens

${markdown([["phase", "lasts", "the database"], ...phases])}

${settings.rate} requests per second on average, arriving as independent players do (exponential gaps, seed
${settings.seed}), by ${settings.players} players: 70 % answers (8 % of them right), 14 % the player's own
page, 12 % leaderboard, 3 % the hunt's page, 1 % joining. A player gives up after ${GIVES_UP / 1_000} s;
that is an error which took ${GIVES_UP / 1_000} s.

## Baseline

${markdown([HEAD, ...phaseRows(baseline)])}

## Engine

${markdown([HEAD, ...phaseRows(engine)])}

## Afterwards

${markdown([["", "baseline", "engine"], ...afterwards(report)])}

"Back to normal": from that second on, each second has at most 1 % errors and a p99 of at most 200 ms or
three times the healthy one. The engine's run ends only when its backlog is empty and
\`GET /v1/hunts/{hunt}/verify\` finds logs, scores, leaderboard and PostgreSQL in agreement. "Lost" and "kept
twice" compare the results players got with the engine's export or the baseline's table. Neither engine
records an answer to a clue already solved.

## The baseline

It (\`scripts/lab/story/baseline\`) is written with Hono and \`pg\` and has the same routes. It decides answers, keeps scores in transactions,
ranks teams with an index and recognises repeated events. A wrong answer is seven statements, a right one
nine. Within a request it waits for each statement, 30 s at most, and as long for one of its 50 connections
(frameworks come with 10 to 15). When each statement takes 300 ms more, these carry about 24 answers a second,
and everybody else waits. Its leaderboard cache is emptied by every answer, as theirs was. It has no
circuit breaker.

## Repeat it

\`\`\`sh
npm run story                        # about ${Math.round((PHASES.reduce((sum, { share: times }) => sum + times, 0) * settings.seconds * 2 + 60) / 60)} minutes; writes this page
npm run story -- --seconds 5         # shorter phases
npm run story -- --json --out /tmp/story.md
\`\`\`

This run: ${on.day}, ${on.cores} × ${on.cpu}, ${on.memoryGiB} GiB, ${on.os}, Node ${on.node}. The load generator,
the proxy, PostgreSQL and the engine under test share these cores.

## What carries over to other machines, and what does not

- **Carries over**: the shares of errors, the calls and connections per event, events lost or kept twice, and
  that the engine's latency does not depend on the database's. These follow from the requests and their
  moments, not from the speed of the machine, as long as it carries the load: see the healthy phase and the
  generator's own worst delay.
- **Does not**: milliseconds while healthy, and how many requests per second either of the two can take. The
  rate here is one the baseline serves well on this machine; that is not the engine's limit
  (docs/performance.md).

## Limits of the comparison

- Both run in one workerd process beside the load generator. On the platform, network delays come on top for
  both, and the engine's parts run on machines of their own.
- The baseline's pool stands for Hyperdrive's, which the local simulation lacks: its connections live as long
  as they work. The engine has no pool here and opens a connection for each batch of the queue: these are the
  connections above.
- "All phases" contain as many seconds of each fault as the table above says. An evening with more healthy hours
  has fewer errors on both sides. The rows by phase do not depend on that choice.
- While the database is dead, the kernel refuses connections, so attempts to connect are not counted. While it is
  frozen, they are (connections/s).
- PostgreSQL runs without fsync for both. That favours the baseline, which waits for it.
- The engine's calls per event fall with the load, because more facts travel in one message, and rise when there
  is little; the baseline's stay the same.
- A transaction's BEGIN with its time limit is one message of the engine and counts as one call; signing in
  counts as a connection, not as a call.
- The baseline fails fast once connections are refused, because TCP tells it; its errors while frozen are
  players who gave up.
- The engine gives players their results before the database has the facts. That is its design; the price is the
  time until the database holds everything, in the table above.
- Joining needs no registration here. Hunts for registered players do ask the database, through cache and gate,
  and can let new players in provisionally while it is away.
`;
}
