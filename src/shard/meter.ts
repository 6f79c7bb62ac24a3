/** The counters of a shard's work. */
import type { Command, Fact, Result } from "../protocol.ts";
import { meter, shardBucket } from "../telemetry/meter.ts";
import type { Counter } from "../telemetry/metrics.ts";
import type { RecentWork } from "./recent-work.ts";

/** By type and outcome, of which there are few: looked up for each event. */
const events = new Map<string, Counter>();

function eventCounter(type: string, outcome: string): Counter {
  const key = `${type} ${outcome}`;
  const counter = events.get(key);
  if (counter) return counter;
  const made = meter.counter("hunt_events_total", type, outcome);
  events.set(key, made);
  return made;
}

export class ShardMeter {
  readonly #bucket: string;
  readonly #commitFacts = meter.histogram("hunt_commit_facts");
  readonly #commitSeconds = meter.histogram("hunt_commit_duration_seconds");
  readonly #committed: Counter;
  #settled = 0;
  #resends = 0;
  #rows = 0;

  readonly #recent: RecentWork;

  constructor(shard: string, recent: RecentWork) {
    this.#recent = recent;
    this.#bucket = shardBucket(shard);
    this.#committed = meter.counter("hunt_facts_committed_total", this.#bucket);
  }

  /** An earlier instance of the object has counted the facts up to `settled`. */
  begin(settled: number): void {
    this.#settled = settled;
  }

  committed(facts: readonly Fact[], ms: number): void {
    this.#commitFacts.observe(facts.length);
    this.#commitSeconds.observe(ms / 1_000);
    this.#committed.value += facts.length;
    let joins = 0;
    for (const fact of facts) {
      if (fact.type !== "join") continue;
      joins += 1;
      if (fact.created) this.#recent.madeTeam();
    }
    if (joins > 0) meter.add("hunt_joins_total", joins);
  }

  /** The hunt was restored from a backup: these facts came with it, and are to be settled. */
  restored(facts: number): void {
    this.#committed.value += facts;
  }

  decided(commands: readonly Command[], results: readonly Result[]): void {
    let duplicates = 0;
    for (let index = 0; index < results.length; index += 1) {
      const result = results[index];
      if (!result) continue;
      if (result.duplicate) duplicates += 1;
      else eventCounter(commands[index]?.type ?? "unknown", result.outcome).value += 1;
    }
    if (duplicates > 0) meter.add("hunt_event_duplicates_total", duplicates);
  }

  /** A segment of the log does not check. */
  broken(): void {
    meter.add("hunt_log_gaps_total", 1, this.#bucket);
  }

  overloaded(): void {
    meter.add("hunt_commands_overloaded_total", 1);
  }

  /** A team asked for more than one may have. */
  limited(): void {
    meter.add("hunt_rate_limited_total", 1, "team");
  }

  /** A fact cannot be folded. Told once a team by each instance of the shard, and of some teams only. */
  setAside(): void {
    meter.add("hunt_facts_set_aside_total", 1, this.#bucket);
  }

  /** `resends`: in all, of this instance of the object. */
  sent(messages: number, resends: number): void {
    meter.add("hunt_ship_messages_total", messages, "all");
    // The shipper counts a resend after it is sent: these are of earlier turns.
    if (resends > this.#resends) meter.add("hunt_ship_messages_total", resends - this.#resends, "again");
    this.#resends = resends;
  }

  /** The settled watermark as it is now. When shipping starts over it falls; facts settled again were counted before. */
  settled(seq: number): void {
    if (seq <= this.#settled) return;
    meter.add("hunt_facts_settled_total", seq - this.#settled, this.#bucket);
    this.#settled = seq;
  }

  /** Rows written in all by this instance of the object. */
  rows(written: number): void {
    if (written > this.#rows) meter.add("hunt_rows_written_total", written - this.#rows, this.#bucket);
    this.#rows = written;
  }

  failed(stage: "ship" | "report" | "webhook"): void {
    meter.add("hunt_delivery_failures_total", 1, stage);
  }

  /** More than a shard remembers. */
  pushDropped(messages: number): void {
    meter.add("hunt_push_messages_total", messages, "dropped");
  }

  alarm(): void {
    meter.add("hunt_alarms_total", 1, "shard");
  }
}
