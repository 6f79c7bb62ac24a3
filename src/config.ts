/**
 * Every parameter of the engine, once: name, unit, default, range, what it
 * trades and which metric shows it. A value comes from a var of the same name
 * (wrangler.toml `[vars]`, or the environment of the local engine).
 */

interface NumberParameter {
  kind: "number";
  /** It has no speed: the right value follows from where and by whom the engine is run. */
  setting?: true;
  unit: string;
  default: number;
  min: number;
  max: number;
  trades: string;
  shows: string;
}

interface ChoiceParameter {
  kind: "choice";
  /** As of numbers. */
  setting?: true;
  default: string;
  choices: readonly string[];
  /** The form of a free text, and how a refusal says it. */
  form?: { is: RegExp; says: string };
  trades: string;
  shows: string;
}

/** What is fetched from there is believed: https, or http on the machine itself. */
const URL_FORM = {
  is: /^(?:https:\/\/[^\s/?#@]+|http:\/\/(?:localhost|127\.0\.0\.1|\[::1\])(?::\d{1,5})?)(?:\/[^\s?#]*)?$/,
  says: "an https address (http only on localhost)",
};

export const PARAMETERS = {
  SHARDS_PER_REGION: {
    kind: "number",
    unit: "shards",
    default: 1,
    min: 1,
    max: 1_000,
    trades: "more shards carry more events per second; each costs memory, reports and fan-out calls",
    shows: "events per second by shard bucket",
  },
  SHARDS_MAX: {
    kind: "number",
    unit: "shards",
    // Nine regions of so many are about as many as one leaderboard takes the reports of.
    default: 16,
    min: 1,
    max: 1_000,
    trades:
      "shards a region up to which a hunt grows by itself. A hunt that has as many (SHARDS_PER_REGION, or by hand) does not grow by itself, so that 1 leaves the number to the operator; by hand it may be more",
    shows: "hunt_shards_added_total",
  },
  SHARD_CAPACITY: {
    kind: "number",
    unit: "events/s",
    // A shard carries 500 to 1,000 requests a second in production; batches and sockets carry more events.
    default: 500,
    min: 1,
    max: 1_000_000,
    trades:
      "events a second that count as all that a shard carries, for GROW_AT: a small figure adds shards early, which costs memory and reports; a large one late",
    shows: "hunt_shards_added_total, hunt_shard_spread",
  },
  GROW_AT: {
    kind: "number",
    unit: "of SHARD_CAPACITY",
    default: 0.7,
    min: 0.01,
    max: 1,
    trades:
      "use of a region's busiest shards from which shards are added for new teams: earlier leaves room for a crowd that comes at once, later makes fewer shards",
    shows: "hunt_shards_added_total",
  },
  JUDGED_AT_ONCE: {
    kind: "number",
    setting: true,
    unit: "shards",
    default: 8,
    min: 1,
    max: 100,
    trades:
      "shards that judge their logs again at the same time in a regrade, or for what is said before one. More is sooner done; where objects share a thread, as on the local engine (1 there), play waits for all of them",
    shows: "event latency p99 during a regrade",
  },
  DEFAULT_REGION: {
    kind: "choice",
    setting: true,
    default: "weur",
    choices: ["wnam", "enam", "sam", "weur", "eeur", "apac", "apac-ne", "apac-se", "oc", "afr", "me"],
    trades: "where teams live when the request does not tell its place",
    shows: "event latency by region",
  },
  WAITING_COMMANDS_MAX: {
    kind: "number",
    unit: "commands",
    default: 2_000,
    // One request may carry 100 events.
    min: 100,
    max: 100_000,
    trades: "a longer queue in a shard absorbs bursts; a shorter one refuses with 503 sooner instead of late",
    shows: "overloaded responses, event latency p99",
  },
  PAGE_FLUSH_FACTS: {
    kind: "number",
    unit: "facts",
    default: 20_000,
    min: 100,
    max: 1_000_000,
    trades: "a longer log tail writes fewer rows; a shorter one recovers sooner after an eviction",
    shows: "rows written per event, recovery seconds",
  },
  SHIP_DELAY_MS: {
    kind: "number",
    unit: "ms",
    default: 500,
    min: 10,
    max: 60_000,
    trades: "waiting longer packs more facts into a queue message; the origin learns later",
    shows: "queue messages per event, archive lag",
  },
  RESEND_AFTER_MS: {
    kind: "number",
    unit: "ms",
    default: 60_000,
    min: 1_000,
    max: 3_600_000,
    trades: "how long a shipped segment may stay unacknowledged before it is sent again",
    shows: "segments sent again, archive lag",
  },
  QUEUE_BACKLOG_MAX: {
    kind: "number",
    unit: "messages",
    // The local queue simulator fails at about 10,000 waiting messages.
    default: 5_000,
    min: 10,
    max: 10_000_000,
    trades: "shards stop shipping while the queue holds more; a small value keeps the backlog in their logs",
    shows: "queue backlog, archive lag",
  },
  SHIP_WINDOW_MESSAGES: {
    kind: "number",
    unit: "messages",
    default: 64,
    min: 1,
    max: 10_000,
    trades:
      "unacknowledged messages of a shard: more drain a backlog faster, fewer burden queue and origin less",
    shows: "archive lag, queue backlog",
  },
  ORIGIN: {
    kind: "choice",
    setting: true,
    default: "d1",
    choices: ["d1", "postgres"],
    trades: "which database is the origin: D1, or PostgreSQL through Hyperdrive (binding ORIGIN_POSTGRES)",
    shows: "origin call seconds",
  },
  ORIGIN_TIMEOUT_MS: {
    kind: "number",
    unit: "ms",
    default: 1_500,
    min: 50,
    max: 30_000,
    trades: "a longer wait forgives a slow origin; a shorter one finds a dead one sooner",
    shows: "origin call seconds, gate state",
  },
  ORIGIN_SLOW_MS: {
    kind: "number",
    unit: "ms",
    default: 1_000,
    min: 10,
    max: 30_000,
    trades: "calls that take longer count as slow; the gate opens when most are",
    shows: "slow origin calls, gate state",
  },
  ORIGIN_CONCURRENCY: {
    kind: "number",
    unit: "calls",
    // The platform lets a request have six connections waiting for headers.
    default: 6,
    min: 1,
    max: 100,
    trades: "calls of one isolate on the origin at the same time: more drain faster and burden it more",
    shows: "origin calls in flight, archive lag",
  },
  GATE_MIN_CALLS: {
    kind: "number",
    unit: "calls",
    default: 20,
    min: 1,
    max: 100_000,
    trades: "calls in the window before their shares are judged: fewer react sooner and err more often",
    shows: "gate state, rejected calls",
  },
  GATE_FAILED_SHARE: {
    kind: "number",
    unit: "of calls",
    default: 0.5,
    min: 0.01,
    max: 1,
    trades: "share of failed calls at which the gate opens",
    shows: "gate state, failed origin calls",
  },
  GATE_SLOW_SHARE: {
    kind: "number",
    unit: "of calls",
    default: 0.8,
    min: 0.01,
    max: 1,
    trades: "share of slow calls at which the gate opens",
    shows: "gate state, slow origin calls",
  },
  GATE_OPEN_MS: {
    kind: "number",
    unit: "ms",
    default: 5_000,
    min: 100,
    max: 600_000,
    trades: "how long the gate stays open the first time; doubles up to GATE_OPEN_MAX_MS, ± 25 %",
    shows: "gate state",
  },
  GATE_OPEN_MAX_MS: {
    kind: "number",
    unit: "ms",
    // With the jitter and a probe on top, a healed origin is back within 15 s.
    default: 8_000,
    min: 100,
    max: 3_600_000,
    trades: "a longer pause spares a dead origin; a shorter one notices sooner that it is back",
    shows: "gate state, archive lag",
  },
  GATE_PROBES_PER_SECOND: {
    kind: "number",
    unit: "calls/s",
    default: 3,
    min: 0.1,
    max: 1_000,
    trades: "calls let through a half-open gate: more close it sooner, and burden a weak origin more",
    shows: "gate state, origin calls while half open",
  },
  LOOKUP_LIMIT_MS: {
    kind: "number",
    unit: "ms",
    default: 400,
    min: 10,
    max: 30_000,
    trades: "longest a joining player waits for the origin; then the hunt's policy decides",
    shows: "provisional joinings, join latency",
  },
  LOOKUP_FRESH_MS: {
    kind: "number",
    unit: "ms",
    default: 300_000,
    min: 0,
    max: 86_400_000,
    trades: "how long a looked-up player is believed without asking the origin again",
    shows: "origin look-ups, cache hits",
  },
  LOOKUP_STALE_MS: {
    kind: "number",
    unit: "ms",
    default: 86_400_000,
    min: 0,
    max: 2_592_000_000,
    trades: "how long an old look-up is still used, while one request refreshes it or the origin is away",
    shows: "stale look-ups",
  },
  LOOKUP_NEGATIVE_MS: {
    kind: "number",
    unit: "ms",
    default: 30_000,
    min: 0,
    max: 86_400_000,
    trades:
      "how long 'not registered' is believed: longer spares the origin, shorter lets late registrations in",
    shows: "origin look-ups, refused joinings",
  },
  REPORT_DELAY_MS: {
    kind: "number",
    unit: "ms",
    default: 200,
    min: 10,
    max: 10_000,
    trades: "a shorter delay shows solves sooner; each report is a call on the leaderboard object",
    shows: "leaderboard age, leaderboard calls per second",
  },
  ROOT_EVERY_MS: {
    kind: "number",
    unit: "ms",
    default: 60_000,
    // The platform allows one write a second to a key of KV.
    min: 1_000,
    max: 3_600_000,
    trades: "a shorter time proves facts sooner; each root asks every shard that recorded something",
    shows: "age of the newest root",
  },
  PUBLISH_DELAY_MS: {
    kind: "number",
    unit: "ms",
    default: 1_000,
    min: 1_000,
    max: 60_000,
    trades: "time between leaderboard snapshots in KV (the platform allows one write a second and key)",
    shows: "leaderboard age, KV writes",
  },
  LIVE_PUSH_MS: {
    kind: "number",
    unit: "ms",
    default: 400,
    min: 50,
    max: 60_000,
    trades:
      "time between two changes of the standings shown to spectators' sockets; each is a message to all of them",
    shows: "messages to sockets, age of what spectators see",
  },
  LIVE_SOCKETS_PER_OBJECT: {
    kind: "number",
    unit: "sockets",
    // The platform holds 32,768; each push is a message to every one of them.
    default: 10_000,
    min: 1,
    max: 32_000,
    trades:
      "live sockets of one object: of a shard, beyond it players are refused and may poll; of the leaderboard, beyond it spectators go to further objects",
    shows: "live sockets, overloaded responses",
  },
  LEADERBOARD_MEMORY_MS: {
    kind: "number",
    unit: "ms",
    default: 500,
    min: 0,
    max: 60_000,
    trades: "how long an isolate repeats its copy of the leaderboard before it reads KV again",
    shows: "KV reads, leaderboard age",
  },
  LEADERBOARD_KV_MAX_AGE_MS: {
    kind: "number",
    unit: "ms",
    // KV may repeat a value for 30 s at its edge, and lag as much again.
    default: 60_000,
    min: 0,
    max: 600_000,
    trades: "an older KV snapshot than this sends the reader to the leaderboard object itself",
    shows: "leaderboard calls per second, leaderboard age",
  },
  HUNT_KV_MAX_AGE_MS: {
    kind: "number",
    unit: "ms",
    default: 60_000,
    min: 0,
    max: 3_600_000,
    trades:
      "an isolate asks control about a hunt's entry in KV that is older than this, at most once in this time; until then an entry that somebody put back holds",
    shows: "control calls per second, age of the hunt's page",
  },
  HUNT_MEMORY_MS: {
    kind: "number",
    unit: "ms",
    default: 1_000,
    min: 0,
    max: 600_000,
    trades: "how long an isolate repeats the public half of a hunt before it reads KV again",
    shows: "KV reads, age of the hunt's page",
  },
  METRICS_FLUSH_MS: {
    kind: "number",
    unit: "ms",
    default: 10_000,
    min: 100,
    max: 600_000,
    trades: "how often an isolate tells its counts: seldom costs fewer calls, often shows sooner",
    shows: "hunt_metrics_flushes_total, age of what /metrics shows",
  },
  LOG_SAMPLE: {
    kind: "number",
    unit: "of requests",
    default: 0.01,
    min: 0,
    max: 1,
    trades: "share of requests that leave a log line; failures of the engine always do",
    shows: "lines in the logs",
  },
  PLAYER_TOKEN_DAYS: {
    kind: "number",
    setting: true,
    unit: "days",
    default: 30,
    min: 1,
    max: 400,
    trades: "life of a player token in a hunt without a closing time",
    shows: "unauthenticated responses",
  },
  RATE_LIMITS: {
    kind: "choice",
    setting: true,
    default: "on",
    choices: ["on", "off"],
    trades:
      "limits per token, address and team: requests by wrangler.toml's ratelimits, the rest by JOIN_RATE to TEAM_EVENTS_PER_MINUTE",
    shows: "rate_limited responses",
  },
  JOIN_RATE: {
    kind: "number",
    unit: "joinings a minute",
    default: 300,
    min: 1,
    max: 1_000_000,
    trades:
      "joinings from one address (IPv6: a /56): more lets a crowd behind one address in faster, fewer makes throw-away teams dearer. Exact in an isolate; all isolates of a place let about as many pass, 300 at least",
    shows: "rate_limited responses",
  },
  WRONG_RATE: {
    kind: "number",
    unit: "texts a minute",
    default: 300,
    min: 1,
    max: 1_000_000,
    trades:
      "distinct wrong answers to one clue from one address, over all teams; beyond it every answer to the clue from there is a cooldown. More serves larger crowds behind one address, fewer stops guessing sooner. Exact in an isolate; all isolates of a place let about as many pass, 300 at least",
    shows: "events by outcome: cooldown",
  },
  CHECKINS_PER_MINUTE: {
    kind: "number",
    unit: "check-ins a minute",
    default: 20,
    min: 1,
    max: 100_000,
    trades: "recorded check-ins of one player: fewer find no place by trying, more let impatient players try",
    shows: "events by outcome: cooldown",
  },
  NUDGES_PER_MINUTE: {
    kind: "number",
    unit: "nudges a minute",
    default: 20,
    min: 1,
    max: 100_000,
    trades: "recorded nudges of one player, which take no attempt: more of them only fill the log",
    shows: "events by outcome: cooldown",
  },
  TEAM_BYTES_PER_HOUR: {
    kind: "number",
    unit: "bytes an hour",
    default: 2_000_000,
    min: 1_000,
    max: 10_000_000_000,
    trades: "what one team may add to the log: beyond it that team alone gets 503 for a while",
    shows: "overloaded responses",
  },
  TEAM_EVENTS_PER_MINUTE: {
    kind: "number",
    unit: "events a minute",
    default: 3_000,
    min: 100,
    max: 10_000_000,
    trades:
      "events of one team that are decided, recorded or not, and, counted apart, its looks at /me; a tenth of them at once: beyond it that team alone gets 503 for a moment, so that its flood slows nobody",
    shows: "overloaded responses",
  },
  TEAM_AGE: {
    kind: "number",
    unit: "s",
    default: 0,
    min: 0,
    max: 86_400,
    trades:
      "how old a team must be before its answers, scans and check-ins are judged (RATE_LIMITS or not): longer makes throw-away teams useless, and everybody wait",
    shows: "events by outcome: cooldown",
  },
  SHARD_FULL_BYTES: {
    kind: "number",
    unit: "bytes",
    // The platform holds 10 GB an object; what is left is for solves and organisers' acts.
    default: 8_000_000_000,
    min: 100_000,
    max: 9_500_000_000,
    trades:
      "size of a shard's database from which it records solves and organisers' acts only; `GET /v1/ops/advice` tells long before",
    shows: "advice",
  },
  CORS_ORIGINS: {
    kind: "choice",
    setting: true,
    default: "*",
    choices: [],
    trades: "which pages may call player routes: * or a list of origins, separated by commas",
    shows: "failed preflights in the browser",
  },
  TRUST_PROXY: {
    kind: "choice",
    setting: true,
    default: "off",
    choices: ["on", "off"],
    trades:
      "of the local engine: whose address counts for limits. off: that of the connection; on: the one a proxy in front tells, which clients can make up if they reach the port past it",
    shows: "rate_limited responses",
  },
  RETENTION: {
    kind: "choice",
    setting: true,
    default: "none",
    choices: [],
    form: { is: /^(?:none|[1-9]\d{0,6}[smhd])$/, says: "none, or a duration such as 90d" },
    trades:
      "how long after a hunt's end everything that tells who its players are is kept, where the definition has no `retention`: then all of them are forgotten by themselves; none: until somebody asks for it",
    shows: "the audit, as retention",
  },
  TURNSTILE_URL: {
    kind: "choice",
    setting: true,
    default: "https://challenges.cloudflare.com/turnstile/v0/siteverify",
    choices: [],
    form: { is: /^https?:\/\/\S{1,500}$/, says: "an http or https address" },
    trades:
      "where the response of Turnstile is verified, in hunts with `check: turnstile` (the secret is TURNSTILE_SECRET): another address is for tests and stand-ins",
    shows: "hunt_entry_checks_total",
  },
  TURNSTILE_SITE_KEY: {
    kind: "choice",
    setting: true,
    default: "",
    choices: [],
    trades:
      "Turnstile's site key, which pages of hunts with `check: turnstile` show it by; empty: they cannot, and nobody joins there",
    shows: "hunt_entry_checks_total",
  },
  PUSH_ALLOW: {
    kind: "choice",
    setting: true,
    default: "",
    choices: [],
    form: {
      is: /^(?:[a-z0-9.-]+(?::\d{1,5})?(?:,[a-z0-9.-]+(?::\d{1,5})?){0,9})?$/i,
      says: "hosts with their ports, such as 127.0.0.1:8819, with commas between them",
    },
    trades:
      "hosts that push messages are sent to whatever they are, over http too: for a push service on this machine, in tests; empty in any deployment",
    shows: "hunt_push_messages_total",
  },
  MAP_TILES: {
    kind: "choice",
    setting: true,
    default: "",
    choices: [],
    trades:
      "tiles behind the pages' maps, such as https://tiles.example/{z}/{x}/{y}.png: players' browsers then ask that host; empty asks nobody",
    shows: "maps in the pages",
  },
  PUBLIC_URL: {
    kind: "choice",
    setting: true,
    default: "",
    choices: [],
    // Scheme, host and port; nothing that a browser would read as something else.
    form: {
      is: /^https?:\/\/(?:[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\])(?::\d{1,5})?$/i,
      says: "an http(s) origin such as https://hunt.example",
    },
    trades:
      "the address that players reach the engine at, in every absolute link it gives (QR codes, openapi.json); empty takes each request's own, which its sender names",
    shows: "links of GET …/codes",
  },
  WEBHOOK_ALLOW: {
    kind: "choice",
    setting: true,
    default: "",
    choices: [],
    form: {
      is: /^(?:(?:[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\]):\d{1,5}(?:,(?!$)|$))*$/i,
      says: "a list of host:port, separated by commas",
    },
    trades:
      "hosts that webhooks may call whatever their addresses are, over http too: receivers on the machine of a local engine. On Cloudflare leave it empty",
    shows: "GET …/webhooks",
  },
  WEBHOOK_DNS_URL: {
    kind: "choice",
    setting: true,
    default: "https://cloudflare-dns.com/dns-query",
    choices: [],
    form: URL_FORM,
    trades:
      "who resolves the names of webhooks' receivers before each call (DNS over HTTPS, JSON), so that none is called whose address is private: another resolver sees what this one sees now",
    shows: "GET …/webhooks",
  },
  OIDC_ISSUER: {
    kind: "choice",
    setting: true,
    default: "",
    choices: [],
    form: URL_FORM,
    trades:
      "who vouches for organisers that sign in by OpenID Connect, letter by letter as its tokens name it; empty: nobody signs in so",
    shows: "POST /v1/session",
  },
  OIDC_AUDIENCE: {
    kind: "choice",
    setting: true,
    default: "",
    choices: [],
    trades:
      "the console's client id at the issuer, for which ID tokens must be made; with OIDC_ISSUER (the secret OIDC_CLIENT_SECRET, if the issuer asks for one)",
    shows: "POST /v1/session",
  },
  OIDC_KEYS_URL: {
    kind: "choice",
    setting: true,
    default: "",
    choices: [],
    form: URL_FORM,
    trades:
      "where the issuer's keys are (a JWK set); empty asks its discovery document, without which the console itself signs nobody in",
    shows: "POST /v1/session",
  },
  ACCESS_TEAM_URL: {
    kind: "choice",
    setting: true,
    default: "",
    choices: [],
    form: URL_FORM,
    trades:
      "the Cloudflare Access team whose word counts for organisers, such as https://team.cloudflareaccess.com; empty: nobody signs in so",
    shows: "POST /v1/session",
  },
  ACCESS_AUD: {
    kind: "choice",
    setting: true,
    default: "",
    choices: [],
    trades: "the audience tag of the Access application before the engine; with ACCESS_TEAM_URL",
    shows: "POST /v1/session",
  },
  ASSET_TICKET_MINUTES: {
    kind: "number",
    setting: true,
    unit: "minutes",
    default: 1_440,
    min: 1,
    max: 43_200,
    trades:
      "how long the address of a file can be used that a player was told: a longer time lets browsers keep pictures longer; a shorter one closes sooner what somebody passed on, or kept after leaving. A replaced file is kept as long",
    shows: "GET /v1/hunts/{hunt}/assets/{name}",
  },
} as const satisfies Record<string, NumberParameter | ChoiceParameter>;

type Name = keyof typeof PARAMETERS;
export type Config = {
  readonly [K in Name]: (typeof PARAMETERS)[K]["kind"] extends "number" ? number : string;
};

/** Reads the parameters out of the vars. Throws with name, value and range on the first bad one. */
export function readConfig(vars: object): Config {
  const config: Record<string, number | string> = {};
  for (const [name, parameter] of Object.entries(PARAMETERS) as [
    string,
    NumberParameter | ChoiceParameter,
  ][]) {
    const given: unknown = (vars as Record<string, unknown>)[name];
    if (given === undefined || given === "") config[name] = parameter.default;
    else if (parameter.kind === "number") config[name] = readNumber(name, parameter, given);
    else config[name] = readChoice(name, parameter, given);
  }
  return config as unknown as Config;
}

function readNumber(name: string, parameter: NumberParameter, given: unknown): number {
  const value = typeof given === "string" && given.trim() !== "" ? Number(given) : given;
  if (typeof value !== "number" || !(value >= parameter.min && value <= parameter.max)) {
    throw new Error(
      `parameter ${name} is ${JSON.stringify(given)}; it must be ${parameter.min} to ${parameter.max} ${parameter.unit}`,
    );
  }
  return value;
}

function readChoice(name: string, parameter: ChoiceParameter, given: unknown): string {
  const { form } = parameter;
  if (form && !(typeof given === "string" && form.is.test(given))) {
    throw new Error(`parameter ${name} is ${JSON.stringify(given)}; it must be ${form.says}`);
  }
  if (typeof given === "string" && (parameter.choices.length === 0 || parameter.choices.includes(given))) {
    return given;
  }
  throw new Error(
    `parameter ${name} is ${JSON.stringify(given)}; it must be one of ${parameter.choices.join(", ")}`,
  );
}

/** The figure of JOIN_PLACE_RATE and WRONG_PLACE_RATE in wrangler.toml, a minute. */
const PLACE_RATE = 300;

/**
 * Of how many one is counted by the platform, so that its fixed figure bounds a
 * place at the rate of a parameter that is higher.
 */
export const placeShare = (perMinute: number): number => Math.ceil(perMinute / PLACE_RATE);

/** Texts of the environment that are no parameters: the secrets (src/secrets.ts). */
export const SECRET_NAMES = ["PLAYER_TOKEN_KEYS", "ORGANISER_TOKEN_KEYS", "ANSWER_PEPPERS", "CODE_KEYS"];

/**
 * Secrets that only some deployments need: the keys of entry tickets, Turnstile's, the console's at an OIDC issuer,
 * and the keys of push messages.
 */
export const OPTIONAL_SECRETS = [
  "ENTRY_KEYS",
  "TURNSTILE_SECRET",
  "OIDC_CLIENT_SECRET",
  "VAPID_KEYS",
] as const;

/** Every name a text of the environment may have. */
const KNOWN_NAMES: readonly string[] = [...Object.keys(PARAMETERS), ...SECRET_NAMES, ...OPTIONAL_SECRETS];

/** Gives a sentence for the first text whose name is unknown; undefined: all names are known. */
export function unknownVariable(vars: object): string | undefined {
  const [name] = unknownNames(vars);
  return name === undefined ? undefined : unknownSentence(name);
}

function unknownNames(vars: object): string[] {
  return (
    Object.entries(vars)
      .filter(([name, value]) => typeof value === "string" && !KNOWN_NAMES.includes(name))
      .map(([name]) => name)
      // Tools that run the Worker mark texts of their own so.
      .filter((name) => !name.startsWith("__"))
  );
}

function unknownSentence(name: string): string {
  const nearest = nearestName(name, KNOWN_NAMES, Math.ceil(name.length / 3));
  const advice = nearest === undefined ? "docs/parameters.md lists them" : `did you mean ${nearest}?`;
  return `unknown parameter ${name}; ${advice}`;
}

/** Gives the known name, in capitals, with the fewest edits from the given one, if at most `edits` of them lie between. */
export function nearestName(name: string, known: readonly string[], edits: number): string | undefined {
  let nearest: string | undefined;
  let least = edits;
  for (const candidate of known) {
    const distance = editsBetween(name.toUpperCase(), candidate);
    if (distance < least || (distance === least && nearest === undefined)) {
      nearest = candidate;
      least = distance;
    }
  }
  return nearest;
}

/** Characters to insert, delete or replace, or neighbours to swap (optimal string alignment). */
function editsBetween(one: string, other: string): number {
  let last: number[] = [];
  let row = Array.from({ length: other.length + 1 }, (_, column) => column);
  for (let i = 1; i <= one.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= other.length; j += 1) {
      const same = one[i - 1] === other[j - 1];
      let least = Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + (same ? 0 : 1));
      const swapped = i > 1 && j > 1 && one[i - 1] === other[j - 2] && one[i - 2] === other[j - 1];
      if (swapped) least = Math.min(least, (last[j - 2] ?? 0) + 1);
      next[j] = least;
    }
    last = row;
    row = next;
  }
  return row[other.length] ?? 0;
}

/** Names that this isolate has reported already: each object has an environment of its own. */
const reported = new Set<string>();

/**
 * Logs each unknown name once. It does not throw: a deployment that is rolled
 * back finds vars that only the newer code knows, and must run all the same.
 */
function reportUnknown(env: object): void {
  for (const name of unknownNames(env)) {
    if (reported.has(name)) continue;
    reported.add(name);
    console.error({ message: unknownSentence(name) });
  }
}

/** Parsed once per vars object, because isolates and objects get the same one for life. */
const parsed = new WeakMap<object, Config>();

export function configOf(env: object): Config {
  let config = parsed.get(env);
  if (!config) {
    config = readConfig(env);
    reportUnknown(env);
    parsed.set(env, config);
  }
  return config;
}
