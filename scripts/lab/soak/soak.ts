/**
 * The soak: players play one hunt while the engine is killed and restarted, bits
 * of its logs flipped, its origin cut off, its clock set wrong and its organiser at
 * work, all at random. Then everything is let heal, the export is compared with what
 * players were told and held against the roots, and the engine verifies itself. The seed decides what happens in which
 * order; the moments depend on the machine.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable, Writable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { request } from "undici";
import type { Verification } from "../../../src/contract/data.ts";
import type { Joined } from "../../../src/contract/join.ts";
import type { OriginState } from "../../../src/contract/ops.ts";
import { main } from "../../hunt/main.ts";
import { type Engine, startEngine } from "../../local/engine.ts";
import { type Postgres, startPostgres } from "../../local/postgres.ts";
import { createSecrets, mintOrganiserToken } from "../../local/secrets.ts";
import { buildEntry } from "../engine-entry.ts";
import { type FaultProxy, startProxy } from "../faults/proxy.ts";
import { below, type Chance, chance } from "../measure/chance.ts";
import { flipInLog } from "./flip.ts";
import { definitionOf } from "./hunt.ts";
import { Ledger, type LoggedFact } from "./ledger.ts";
import { callEngine, PlayerLoop, type SoakPlayer, type World } from "./players.ts";

export const ORIGINS = ["postgres", "d1"] as const;

const HUNT = "soak";
const TEAMS = 12;
const PLAYERS = 36;

/** Between two disturbances, ms. */
const PAUSE = { min: 1_500, max: 6_000 };

/** After a start requests may find sockets and connections of before, ms. */
const RESTARTED = 3_000;

/** How long the clock is wrong, ms, and by how much at most. */
const SKEWED = 10_000;
const SKEWS = [3_600_000, -3_600_000, 600_000, -600_000, 30_000, -30_000];

/** How long the origin is away, ms at most. */
const AWAY = 12_000;

/** After a disturbance of the clock everything is as usual within this time, ms. */
const HEALED = 30_000;

/** Until the origin holds everything, ms: a gate that was open probes first, and shards send again what was lost. */
const ARCHIVED = 180_000;

/** Roots come often, so that the proof at the end is over many, ms. */
const ROOT_EVERY = 5_000;

/** How long a broken log waits for its repair, ms at most. */
const UNREPAIRED = 4_000;

/** Until a log is whole again, ms: the origin's gate may be open when a repair begins. */
const REPAIRED = 60_000;

/** The roots have every fact within this time after the last, ms. */
const ROOTED = 90_000;

export interface SoakSettings {
  minutes: number;
  seed: number;
  origin: (typeof ORIGINS)[number];
}

export interface SoakReport {
  faults: readonly string[];
  facts: number;
  events: number;
  disturbances: number;
  /** Recorded events of which the engine says that a flip destroyed them. */
  lost: number;
  /** Facts that the roots prove. */
  proven: number;
  /** By the name of each disturbance. */
  counts: Record<string, number>;
}

/** `say` gets a line a disturbance, and a summary a minute. */
export async function runSoak(settings: SoakSettings, say: (line: string) => void): Promise<SoakReport> {
  const scratch = await mkdtemp(join(tmpdir(), "hunt-soak-"));
  const soak = new Soak(settings, scratch, say);
  try {
    return await soak.run();
  } finally {
    await soak.end();
    await rm(scratch, { recursive: true, force: true });
  }
}

class Soak {
  readonly #settings: SoakSettings;
  readonly #scratch: string;
  readonly #say: (line: string) => void;
  readonly #random: Chance;
  readonly #secrets = createSecrets();
  readonly #ledger = new Ledger();
  readonly #world: World = {
    hunt: HUNT,
    origin: undefined,
    cut: new AbortController(),
    over: false,
    excusedUntil: 0,
    lost: 0,
    refused: 0,
    broken: 0,
  };
  readonly #counts: Record<string, number> = {};
  readonly #teams: string[] = [];
  #engine: Engine | undefined;
  #postgres: Postgres | undefined;
  #proxy: FaultProxy | undefined;
  #entry = "";
  #token = "";
  #version = 1;
  #phase: "live" | "paused" = "live";

  constructor(settings: SoakSettings, scratch: string, say: (line: string) => void) {
    this.#settings = settings;
    this.#scratch = scratch;
    this.#say = say;
    this.#random = chance(settings.seed);
  }

  async run(): Promise<SoakReport> {
    const { minutes, seed, origin } = this.#settings;
    this.#say(`soak: ${minutes} minutes, seed ${seed}, origin ${origin}`);
    this.#entry = await buildEntry(new URL("./skewed/worker.ts", import.meta.url));
    this.#token = await mintOrganiserToken(this.#secrets);
    if (origin === "postgres") await this.#startOrigin();
    await this.#start();
    await this.#organise("PUT", "", definitionOf(HUNT, this.#version));
    await this.#organise("POST", "phase", { phase: "live" });
    const players = await this.#join();
    const loops = players.map((player) => {
      return new PlayerLoop(this.#world, this.#ledger, player, chance(seed + 1 + player.number));
    });
    const playing = Promise.all(loops.map((loop) => loop.play()));
    const begun = Date.now();
    let told = begun;
    while (Date.now() - begun < minutes * 60_000) {
      await sleep(PAUSE.min + this.#random() * (PAUSE.max - PAUSE.min));
      await this.#disturb();
      if (Date.now() - told < 60_000) continue;
      told = Date.now();
      this.#say(this.#summary(Math.round((told - begun) / 60_000)));
    }
    // However short it was.
    if (!this.#counts.flip) await this.#disturb("flip");
    this.#world.over = true;
    await playing;
    await this.#heal();
    const base = this.#origin;
    await Promise.all(loops.map((loop) => loop.settle(base)));
    const facts = await this.#compare();
    const proven = await this.#prove();
    return {
      faults: this.#ledger.faults,
      facts,
      lost: this.#ledger.lost,
      proven,
      events: this.#ledger.events,
      disturbances: Object.values(this.#counts).reduce((sum, count) => sum + count, 0),
      counts: this.#counts,
    };
  }

  async end(): Promise<void> {
    this.#world.over = true;
    await this.#engine?.kill();
    await this.#proxy?.close();
    await this.#postgres?.stop();
  }

  get #origin(): string {
    const { origin } = this.#world;
    if (origin === undefined) throw new Error("the engine is away");
    return origin;
  }

  #summary(minute: number): string {
    const { results, duplicates, events, faults } = this.#ledger;
    const { lost, refused, broken } = this.#world;
    return `minute ${minute}: ${events} events, ${results} results (${duplicates} repeated), ${lost} without a response, ${refused} told to come back, ${broken} that their record is broken, ${faults.length} faults`;
  }

  async #startOrigin(): Promise<void> {
    this.#postgres = await startPostgres();
    const { hostname, port } = new URL(this.#postgres.url);
    this.#proxy = await startProxy({ upstream: { host: hostname, port: Number(port) } });
  }

  async #start(): Promise<void> {
    let origin: { postgres: string } | undefined;
    if (this.#postgres && this.#proxy) {
      const url = new URL(this.#postgres.url);
      url.host = `${this.#proxy.host}:${this.#proxy.port}`;
      origin = { postgres: url.href };
    }
    this.#engine = await startEngine({
      dataDir: join(this.#scratch, "data"),
      secrets: this.#secrets,
      vars: {
        RATE_LIMITS: "off",
        RESEND_AFTER_MS: "2000",
        SHARDS_PER_REGION: "2",
        ROOT_EVERY_MS: String(ROOT_EVERY),
      },
      entry: this.#entry,
      log: () => undefined,
      origin,
    });
    this.#world.origin = this.#engine.url.origin;
  }

  async #join(): Promise<SoakPlayer[]> {
    const players: SoakPlayer[] = [];
    const codes: string[] = [];
    for (let number = 0; number < PLAYERS; number += 1) {
      const code = codes[number % TEAMS];
      const team = number < TEAMS ? { create: `Team ${number}` } : { join: code ?? "" };
      const joined = (await callEngine(this.#world, this.#ledger, {
        url: `${this.#origin}/v1/hunts/${HUNT}/players`,
        method: "POST",
        body: { name: `Player ${number}`, team },
      })) as Joined | undefined;
      if (!joined) throw new Error("a player could not join an engine that is well");
      if (number < TEAMS) {
        codes.push(joined.team.joinCode ?? "");
        this.#teams.push(joined.team.id);
      }
      players.push({ token: joined.token, team: joined.team.id, number });
    }
    return players;
  }

  /** A call of the organiser; a hunt that was asked for something impossible (409) is as it was. */
  async #organise(method: "GET" | "POST" | "PUT", path: string, body?: object): Promise<unknown> {
    return callEngine(this.#world, this.#ledger, {
      url: `${this.#origin}/v1/hunts/${HUNT}${path === "" ? "" : `/${path}`}`,
      method,
      token: this.#token,
      body,
      allowed: [409],
    });
  }

  /** By chance, unless it is named. */
  async #disturb(named?: "flip"): Promise<void> {
    const disturbances = {
      kill: () => this.#restart("kill"),
      stop: () => this.#restart("stop"),
      flip: () => this.#flip(),
      "cut clients": async () => this.#cutClients(),
      "cut origin": () => this.#cutOrigin(),
      clock: () => this.#skew(),
      publish: () => this.#publish(),
      phase: () => this.#changePhase(),
      announce: async () => {
        await this.#organise("POST", "announcements", { text: "Hear!" });
      },
      "act on a team": () => this.#actOnTeam(),
    };
    const names = Object.keys(disturbances) as (keyof typeof disturbances)[];
    const name = named ?? names[below(this.#random, names.length)] ?? "kill";
    this.#counts[name] = (this.#counts[name] ?? 0) + 1;
    this.#say(`  ${name}`);
    await disturbances[name]();
  }

  /** While the engine is killed, a bit of a log flips; a while later an organiser repairs it. */
  async #flip(): Promise<void> {
    await this.#restart("kill", () => {
      const where = flipInLog(join(this.#scratch, "data"), this.#random);
      this.#say(`    ${where ?? "nothing to flip"}`);
    });
    await sleep(this.#random() * UNREPAIRED);
    const deadline = Date.now() + REPAIRED;
    let told = "";
    while (Date.now() < deadline) {
      const { exit, text } = await this.#command("repair", HUNT);
      if (exit === 0) return;
      // The origin may be away still, behind its gate.
      told = text;
      await sleep(1_000);
    }
    this.#ledger.fault(`what the origin has does not mend the log: ${told}`);
  }

  /** Runs a command of `hunt`, as its command line would. */
  async #command(...args: string[]): Promise<{ exit: number; text: string }> {
    let text = "";
    const sink = new Writable({
      write: (chunk: Buffer, _, done) => {
        text += chunk.toString("utf8");
        done();
      },
    });
    const env = { HUNT_TOKEN: this.#token };
    const exit = await main([...args, "--url", this.#origin], {
      stdin: Readable.from([]),
      stdout: sink,
      stderr: sink,
      env,
    });
    return { exit, text };
  }

  async #restart(how: "kill" | "stop", meanwhile: () => void = () => undefined): Promise<void> {
    const engine = this.#engine;
    this.#world.excusedUntil = Number.POSITIVE_INFINITY;
    if (how === "stop") {
      this.#world.origin = undefined;
      await engine?.stop();
    } else {
      await engine?.kill();
      this.#world.origin = undefined;
    }
    meanwhile();
    await this.#start();
    this.#world.excusedUntil = Date.now() + RESTARTED;
  }

  #cutClients(): void {
    this.#world.cut.abort();
    this.#world.cut = new AbortController();
  }

  /** In one of three ways: gone, frozen, or slow and lossy. */
  async #cutOrigin(): Promise<void> {
    const proxy = this.#proxy;
    if (!proxy) return;
    const how = below(this.#random, 3);
    if (how === 0) await proxy.down();
    else if (how === 1) proxy.freeze();
    else {
      proxy.add({ type: "latency", latency: 300, jitter: 300 });
      proxy.add({ type: "reset_peer", timeout: 500, toxicity: 0.3 });
    }
    await sleep(this.#random() * AWAY);
    await proxy.heal();
  }

  async #skew(): Promise<void> {
    const ahead = SKEWS[below(this.#random, SKEWS.length)] ?? 0;
    this.#world.excusedUntil = Number.POSITIVE_INFINITY;
    await this.#setClock(ahead);
    await sleep(SKEWED);
    await this.#setClock(0);
    this.#world.excusedUntil = Date.now() + HEALED;
    // Everything is as usual again in time: the standings are as old as they say.
    const deadline = Date.now() + HEALED;
    while (Date.now() < deadline) {
      const board = (await this.#organise("GET", "leaderboard")) as { asOf?: string } | undefined;
      const age = Date.now() - Date.parse(board?.asOf ?? "");
      if (age > -2_000 && age < 60_000) return;
      await sleep(500);
    }
    this.#ledger.fault(
      `${HEALED / 1_000} s after a clock was ${ahead / 1_000} s wrong the standings still are`,
    );
  }

  async #setClock(ahead: number): Promise<void> {
    await request(`${this.#origin}/-/clock?ahead=${ahead}`).then(({ body }) => body.dump());
  }

  async #publish(): Promise<void> {
    this.#version += 1;
    await this.#organise("PUT", "", definitionOf(HUNT, this.#version));
  }

  async #changePhase(): Promise<void> {
    const phase = this.#phase === "live" ? "paused" : "live";
    if (await this.#organise("POST", "phase", { phase })) this.#phase = phase;
    if (phase === "paused") {
      await sleep(1_000);
      if (await this.#organise("POST", "phase", { phase: "live" })) this.#phase = "live";
    }
  }

  async #actOnTeam(): Promise<void> {
    const team = this.#teams[below(this.#random, this.#teams.length)] ?? "";
    const reason = "a soak";
    switch (below(this.#random, 3)) {
      case 0:
        await this.#organise("POST", `teams/${team}/awards`, { points: below(this.#random, 9) - 4, reason });
        return;
      case 1:
        await this.#organise("POST", `teams/${team}/ban`, { reason });
        await sleep(500);
        await this.#until(() => this.#organise("POST", `teams/${team}/unban`, { reason }));
        return;
      default:
        await this.#organise("POST", `teams/${team}/hide`, { reason });
        await sleep(500);
        await this.#until(() => this.#organise("POST", `teams/${team}/show`, { reason }));
    }
  }

  /** Tries until it succeeds, for a while. */
  async #until(act: () => Promise<unknown>): Promise<void> {
    for (let tries = 0; tries < 20; tries += 1) {
      if (await act()) return;
      await sleep(500);
    }
    this.#ledger.fault("an act of the organiser did not succeed for ten seconds");
  }

  /** No fault is left: the hunt plays, and the origin gets everything. */
  async #heal(): Promise<void> {
    await this.#proxy?.heal();
    await this.#setClock(0);
    await this.#until(() => this.#organise("POST", "announcements", { text: "It is over." }));
    if (this.#phase === "paused") await this.#until(() => this.#organise("POST", "phase", { phase: "live" }));
    const deadline = Date.now() + ARCHIVED;
    while (Date.now() < deadline) {
      const state = (await callEngine(this.#world, this.#ledger, {
        url: `${this.#origin}/v1/ops/origin`,
        method: "GET",
        token: this.#token,
      })) as OriginState | undefined;
      if (state?.backlog.segments === 0) return;
      await sleep(1_000);
    }
    this.#ledger.fault(`after ${ARCHIVED / 1_000} s without faults the origin does not hold everything`);
  }

  /** Holds the export against the roots, once they have all of it. Gives the number of facts that are proven. */
  async #prove(): Promise<number> {
    const path = join(this.#scratch, "export.ndjson");
    const deadline = Date.now() + ROOTED;
    for (;;) {
      const exported = await this.#command("export", HUNT, "--out", path);
      const { exit, text } = await this.#command("proof", HUNT, path, "--json");
      if (exported.exit === 0 && exit === 0) {
        const { proven, newer } = JSON.parse(text) as { proven: number; newer: number };
        if (newer === 0) return proven;
      }
      if (Date.now() > deadline) {
        this.#ledger.fault(`the export is not proven: ${exported.text} ${text.slice(0, 500)}`);
        return 0;
      }
      await sleep(2_000);
    }
  }

  /** Compares the export with what players were told, and lets the engine verify itself. Gives the number of facts. */
  async #compare(): Promise<number> {
    const response = await request(`${this.#origin}/v1/hunts/${HUNT}/export`, {
      headers: { authorization: `Bearer ${this.#token}` },
    });
    const text = await response.body.text();
    const facts = text
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line) as LoggedFact);
    this.#ledger.compare(facts);
    const deadline = Date.now() + ARCHIVED;
    for (;;) {
      const verified = (await this.#organise("GET", "verify")) as Verification | undefined;
      if (verified?.ok) return facts.length;
      if (Date.now() > deadline) {
        this.#ledger.fault(`verify: ${JSON.stringify(verified ?? "no response").slice(0, 500)}`);
        return facts.length;
      }
      await sleep(2_000);
    }
  }
}
