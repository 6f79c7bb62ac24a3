/**
 * Every object restarts under every route. A route is called as it should be,
 * and the object stops at its first call, with the work done but the result
 * lost or only begun, or at every call, before the work. The client gets a result all the
 * same, or is told to come back.
 */
import { runDurableObjectAlarm } from "cloudflare:test";
import { env, exports } from "cloudflare:workers";
import { SignJWT } from "jose";
import { afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { publicKey } from "../../src/cache/entry.ts";
import type { Joined as JoinedPlayer } from "../../src/contract/join.ts";
import type { MeApart } from "../../src/contract/me.ts";
import { pushBody } from "../../src/contract/push.ts";
import { HuntDirectory } from "../../src/control/directory.ts";
import { NameRegistry } from "../../src/control/names.ts";
import { HuntControl } from "../../src/control/object.ts";
import { signPlayerToken, signTicket } from "../../src/edge/auth.ts";
import { WebhookOutbox } from "../../src/hooks/object.ts";
import { LiveBoard } from "../../src/leaderboard/live-object.ts";
import { Leaderboard } from "../../src/leaderboard/object.ts";
import { DIRECTORY_NAME } from "../../src/objects/names.ts";
import { OriginGate } from "../../src/origin/gate/object.ts";
import { openOrigin } from "../../src/origin/open.ts";
import { PrizeVault } from "../../src/prizes/object.ts";
import { DeadLetters } from "../../src/queue/dead-letters-object.ts";
import { currentKey } from "../../src/secrets.ts";
import { HuntShard } from "../../src/shard/object.ts";
import { MetricsHub } from "../../src/telemetry/object.ts";
import {
  command,
  control,
  join,
  makeOrigin,
  type Playing,
  play,
  publish,
  setParameters,
  setPhase,
} from "../shard/workerd.ts";

const DAY = 86_400_000;

/** Nothing is answered from memory or KV, and one spectator fills a leaderboard's object. */
setParameters({
  HUNT_MEMORY_MS: 0,
  LEADERBOARD_MEMORY_MS: 0,
  LEADERBOARD_KV_MAX_AGE_MS: 0,
  LIVE_SOCKETS_PER_OBJECT: 1,
  SHIP_DELAY_MS: 10,
  REPORT_DELAY_MS: 10,
});

/** In three, so that each has a file, and they run side by side. */
const CLASSES = {
  play: { HuntShard, Leaderboard, LiveBoard, PrizeVault },
  control: { HuntControl, NameRegistry, HuntDirectory, WebhookOutbox },
  beside: { DeadLetters, OriginGate, MetricsHub },
} satisfies Record<string, Record<string, { prototype: object }>>;

/** Methods that are no calls: the platform's own, those that tests replace, and the gate library's. */
const NO_CALLS = /^(constructor|now|clock|fetching|alarm|webSocket\w+|getPersistable)$/;

const HUNT = "restarted";
const ENDED = "restarted-ended";
const DRAFT = "restarted-draft";
const REGISTERED = "restarted-registered";
const FROZEN = "restarted-frozen";
const HOOKED = "restarted-hooked";
const TEAMS = { mode: "teams", maxSize: 100 };
const PRIZE = { id: "shell", title: "Shell", mode: "odds", odds: 1, stock: 5, perTeam: 5 };

interface Asked {
  method: string;
  path: string;
  headers: Record<string, string>;
  body?: string;
}
type Token = "organiser" | "player" | "leaver" | "ops";

const clue = { round: "r", kind: "answer", answers: ["right"], points: 10 };
const CLUES = [
  { ...clue, id: "a", title: "a", body: "A text that is long. ".repeat(50) },
  { ...clue, id: "b", title: "b", opens: { solved: "a" } },
  { round: "r", kind: "submission", accept: ["text", "image"], points: 10, id: "photo", title: "photo" },
];

let tokens: Record<Token, string>;
let member: Playing;
let marked: Playing;
let frozen: Playing;
let asked = 0;

async function mint(audience: string): Promise<string> {
  const key = currentKey("ORGANISER_TOKEN_KEYS", env.ORGANISER_TOKEN_KEYS);
  return new SignJWT()
    .setProtectedHeader({ alg: "HS256", typ: "JWT", kid: key.id })
    .setAudience(audience)
    .setSubject("tests")
    .setIssuedAt()
    .setExpirationTime("1h")
    .sign(key.bytes);
}

beforeAll(async () => {
  await makeOrigin();
  for (const hunt of [HUNT, ENDED]) {
    const help = { perTeam: 20 };
    const pages = [{ id: "rules", title: "Rules", body: "Be kind." }];
    await publish(hunt, 10, { prizes: [PRIZE], teams: TEAMS, results: "manual", clues: CLUES, help, pages });
    await setPhase(hunt, "live");
  }
  await publish(DRAFT);
  await publish(HOOKED, 10, { webhooks: [{ url: "https://receiver.example/", on: ["won"] }] });
  await publish(REGISTERED, 10, { players: { require: "registered", whenOriginDown: "refuse" } });
  await setPhase(REGISTERED, "live");
  const scoring = { decay: { kind: "linear", minimum: 5, solves: 5 } };
  await publish(FROZEN, 10, { scoring, freeze: new Date(Date.now() - 1_000).toISOString() });
  await setPhase(FROZEN, "live");
  frozen = await join(FROZEN, "Frozen");
  member = await join(HUNT, "Members");
  marked = await join(HUNT, "Marked");
  await play(member, command(HUNT, { id: "claim", type: "claim", prize: "shell" }));
  const winner = await join(ENDED, "Winners");
  await play(winner, command(ENDED, { id: "claim", type: "claim", prize: "shell" }));
  await setPhase(ENDED, "ended");
  await vi.waitFor(async () => {
    await runDurableObjectAlarm(env.LEADERBOARD.getByName(HUNT));
    expect(await env.LEADERBOARD.getByName(HUNT).placed("weur-0", 1)).not.toHaveProperty("refused");
  }, 30_000);
  const claims = { hunt: HUNT, team: member.team.id, player: member.player.id };
  const leaving = { hunt: HUNT, team: marked.team.id, player: marked.player.id };
  const now = Date.now();
  tokens = {
    organiser: await mint("hunt-organiser"),
    ops: await mint("hunt-ops"),
    player: await signPlayerToken(env, claims, now, now + DAY),
    leaver: await signPlayerToken(env, leaving, now, now + DAY),
  };
});
afterEach(() => vi.restoreAllMocks());

/** One valid request a route, by the route's name; more where a route has more ways through the objects. */
const ROUTES: Record<string, (() => Promise<Asked> | Asked)[]> = {
  "GET /healthz": [() => get("/healthz")],
  "GET /readyz": [() => get("/readyz")],
  "GET /metrics": [() => get("/metrics", "ops")],
  "GET /openapi.json": [() => get("/openapi.json")],
  "GET /schema/hunt.json": [() => get("/schema/hunt.json")],
  "GET /v1/pages": [() => get("/v1/pages")],
  "GET /v1/ops/origin": [() => get("/v1/ops/origin", "organiser")],
  "GET /v1/ops/keys": [() => get("/v1/ops/keys", "organiser")],
  "GET /v1/ops/advice": [() => get("/v1/ops/advice", "organiser")],
  "GET /v1/ops/dead-letters": [() => get("/v1/ops/dead-letters", "organiser")],
  "POST /v1/ops/dead-letters/redrive": [() => post("/v1/ops/dead-letters/redrive", {})],
  "POST /v1/registrations": [() => lines("/v1/registrations", { externalId: "C-1", name: "Ada" })],
  "GET /v1/organisers/me": [() => get("/v1/organisers/me", "organiser")],
  "GET /v1/organisers": [() => get("/v1/organisers", "organiser")],
  "PUT /v1/organisers": [() => organisers()],
  "POST /v1/organisers/revoke": [() => post("/v1/organisers/revoke", { sub: "nobody", reason: "none" })],
  "GET /v1/audit": [() => get("/v1/audit", "organiser")],
  "GET /v1/hunts": [() => get("/v1/hunts", "organiser")],
  "GET /v1/hunts/{hunt}": [() => get(of(HUNT))],
  "PUT /v1/hunts/{hunt}": [() => republish()],
  "DELETE /v1/hunts/{hunt}": [
    async () => {
      const hunt = `restarted-gone-${asked}`;
      await publish(hunt);
      return { ...get(`${of(hunt)}?confirm=${hunt}&reason=test`, "organiser"), method: "DELETE" };
    },
  ],
  "GET /v1/jobs/{job}": [
    async () => {
      const hunt = `restarted-job-${asked}`;
      await publish(hunt);
      const directory = env.DIRECTORY.getByName(DIRECTORY_NAME);
      const begun = await directory.deleteHunt(hunt, "test", { actor: "a", request: "r" }, Date.now());
      return get(`/v1/jobs/${"job" in begun ? begun.job : ""}`, "organiser");
    },
  ],
  "GET /v1/hunts/{hunt}/definition": [() => get(of(HUNT, "definition"), "organiser")],
  "GET /v1/hunts/{hunt}/codes": [() => get(of(HUNT, "codes"), "organiser")],
  "POST /v1/hunts/{hunt}/phase": [
    async () => {
      const entry = await control(HUNT).publicEntry();
      const paused = "phase" in entry && entry.phase.paused;
      return post(of(HUNT, "phase"), { phase: paused ? "live" : "paused" });
    },
  ],
  "POST /v1/hunts/{hunt}/announcements": [() => post(of(HUNT, "announcements"), { text: "Hear!" })],
  "PATCH /v1/hunts/{hunt}/announcements/{announcement}": [
    async () => ({
      ...post(of(HUNT, `announcements/${await announced()}`), { text: "Hear again!", reason: "a test" }),
      method: "PATCH",
    }),
  ],
  "DELETE /v1/hunts/{hunt}/announcements/{announcement}": [
    async () => ({
      ...get(of(HUNT, `announcements/${await announced()}?reason=test`), "organiser"),
      method: "DELETE",
    }),
  ],
  "GET /v1/hunts/{hunt}/announcements": [
    () => get(of(HUNT, "announcements"), "organiser"),
    () => get(of(HUNT, "announcements"), "player"),
  ],
  "POST /v1/hunts/{hunt}/shards": [() => post(of(HUNT, "shards"), { shardsPerRegion: 8 })],
  "POST /v1/hunts/{hunt}/players": [
    () => joining(HUNT, { name: "Ann", team: { create: `Team ${asked}` } }),
    () => joining(HUNT, { name: "Bob", team: { join: member.team.joinCode } }),
    async () => {
      // Its shards ask control for the hunt.
      const hunt = `restarted-${asked}`;
      await publish(hunt);
      await setPhase(hunt, "live");
      return joining(hunt, { name: "Dee", team: { create: "First" } });
    },
    async () => {
      // Each joins once.
      const externalId = `C-${asked}`;
      await openOrigin(env).register([{ externalId, name: "Cyd", at: Date.now() }]);
      return joining(REGISTERED, { name: "Cyd", externalId, team: { create: `Team ${asked}` } });
    },
  ],
  "GET /v1/hunts/{hunt}/me": [() => get(of(HUNT, "me"), "player")],
  "PUT /v1/hunts/{hunt}/me/push": [() => ({ ...post(of(HUNT, "me/push"), DEVICE, "player"), method: "PUT" })],
  "DELETE /v1/hunts/{hunt}/me/push": [() => ({ ...get(of(HUNT, "me/push"), "player"), method: "DELETE" })],
  "GET /v1/hunts/{hunt}/pages/{page}": [() => get(of(HUNT, "pages/rules"))],
  "GET /v1/hunts/{hunt}/bodies/{digest}": [() => longText()],
  "GET /v1/hunts/{hunt}/assets": [() => get(of(HUNT, "assets"), "organiser")],
  "PUT /v1/hunts/{hunt}/assets/{name}": [() => file(`kept-${asked}.txt`)],
  "GET /v1/hunts/{hunt}/assets/{name}": [
    async () => {
      await send(file("read.txt"));
      return get(of(HUNT, "assets/read.txt"), "organiser");
    },
  ],
  "DELETE /v1/hunts/{hunt}/assets/{name}": [
    async () => {
      await send(file("gone.txt"));
      return { ...get(of(HUNT, "assets/gone.txt"), "organiser"), method: "DELETE" };
    },
  ],
  "POST /v1/hunts/{hunt}/preview": [
    async () => {
      const { body: definition } = await republish();
      return post(of(HUNT, "preview"), { definition, clue: "a", answer: "wrong" });
    },
  ],
  "POST /v1/hunts/{hunt}/rehearsal": [() => post(of(HUNT, "rehearsal"), {})],
  "DELETE /v1/hunts/{hunt}/rehearsal": [
    async () => {
      await send(post(of(HUNT, "rehearsal"), {}));
      return { ...get(of(HUNT, "rehearsal"), "organiser"), method: "DELETE" };
    },
  ],
  "POST /v1/hunts/{hunt}/events": [
    () => {
      const answer = { id: `a-${asked}`, type: "answer", clue: "a", answer: `wrong ${asked}` };
      return post(of(HUNT, "events"), { events: [answer] }, "player");
    },
    () => {
      const claim = { id: `c-${asked}`, type: "claim", prize: "shell" };
      return post(of(HUNT, "events"), { events: [claim] }, "player");
    },
  ],
  "GET /v1/hunts/{hunt}/leaderboard": [
    () => get(of(HUNT, "leaderboard")),
    () => get(of(HUNT, "leaderboard"), "organiser"),
  ],
  "GET /v1/hunts/{hunt}/leaderboard/{team}/history": [
    () => get(of(HUNT, `leaderboard/${member.team.id}/history`)),
    // The shard asks the leaderboard how clues stood at the freeze.
    () => get(of(FROZEN, `leaderboard/${frozen.team.id}/history`)),
  ],
  "GET /v1/hunts/{hunt}/clues/{clue}/solves": [() => get(of(HUNT, "clues/a/solves"), "organiser")],
  "GET /v1/hunts/{hunt}/teams/{team}": [
    () => get(of(HUNT, `teams/${member.team.id}`), "player"),
    () => get(of(HUNT, `teams/${member.team.id}`), "organiser"),
  ],
  "POST /v1/hunts/{hunt}/tickets": [() => post(of(HUNT, "tickets"), undefined, "player")],
  "GET /v1/hunts/{hunt}/live": [
    () => upgrade(of(HUNT, "live")),
    async () => {
      await fillLeaderboard();
      return upgrade(of(HUNT, "live"));
    },
    async () => {
      const exp = Math.floor(Date.now() / 1_000) + 3_600;
      const claims = { hunt: HUNT, team: member.team.id, player: member.player.id, exp };
      const { ticket } = await signTicket(env, claims, Date.now());
      return upgrade(`${of(HUNT, "live")}?ticket=${ticket}`);
    },
  ],
  "POST /v1/hunts/{hunt}/sessions": [
    () => {
      const { method, path, headers, body } = post(of(HUNT, "sessions"), { returnCode: member.returnCode });
      const { Authorization: _, ...open } = headers;
      return { method, path, headers: open, ...(body === undefined ? {} : { body }) };
    },
  ],
  "POST /v1/hunts/{hunt}/sessions/renew": [() => post(of(HUNT, "sessions/renew"), undefined, "player")],
  "POST /v1/hunts/{hunt}/sessions/end": [
    () => {
      const asking = post(of(HUNT, "sessions/end"), undefined, "leaver");
      // Sent again with the token that it voided.
      return { ...asking, headers: { ...asking.headers, "Idempotency-Key": "the-end-of-the-leaver" } };
    },
  ],
  "POST /v1/hunts/{hunt}/teams/{team}/members/{player}/return": [
    () =>
      post(of(FROZEN, `teams/${frozen.team.id}/members/${frozen.player.id}/return`), { reason: "a test" }),
  ],
  "GET /v1/hunts/{hunt}/me/data": [() => get(of(HUNT, "me/data"), "player")],
  "DELETE /v1/hunts/{hunt}/me": [async () => ({ ...withToken((await crew()).mate, "me"), method: "DELETE" })],
  "POST /v1/hunts/{hunt}/teams/{team}/members/{player}/forget": [
    async () => {
      const { mate } = await crew();
      return post(of(HUNT, `teams/${mate.team.id}/members/${mate.player.id}/forget`), { reason: "a test" });
    },
  ],
  "GET /v1/hunts/{hunt}/teams": [() => get(of(HUNT, "teams"), "organiser")],
  "GET /v1/hunts/{hunt}/clues/{clue}/guesses": [() => get(of(HUNT, "clues/a/guesses"), "player")],
  "GET /v1/hunts/{hunt}/facts": [() => get(of(HUNT, "facts"), "organiser")],
  "GET /v1/hunts/{hunt}/clues/{clue}/wrong": [() => get(of(HUNT, "clues/a/wrong"), "organiser")],
  "POST /v1/hunts/{hunt}/teams/{team}/view": [
    () => post(of(HUNT, `teams/${member.team.id}/view`), { reason: "a test" }),
  ],
  "POST /v1/hunts/{hunt}/threads": [
    async () => withToken((await crew()).captain, "threads", { text: "Help!" }),
  ],
  "GET /v1/hunts/{hunt}/threads": [() => get(of(HUNT, "threads"), "player")],
  "POST /v1/hunts/{hunt}/threads/{thread}/messages": [
    async () => {
      const { id, captain } = await requested();
      return withToken(captain, `threads/${id}/messages`, { text: "Help!" });
    },
  ],
  "GET /v1/hunts/{hunt}/help": [() => get(of(HUNT, "help"), "organiser")],
  "GET /v1/hunts/{hunt}/help/{thread}": [
    async () => get(of(HUNT, `help/${(await requested()).id}`), "organiser"),
  ],
  ...Object.fromEntries(
    ["claim", "release", "close"].map((change) => [
      `POST /v1/hunts/{hunt}/help/{thread}/${change}`,
      [async () => post(of(HUNT, `help/${(await requested()).id}/${change}`), undefined)],
    ]),
  ),
  "POST /v1/hunts/{hunt}/help/{thread}/messages": [
    async () => post(of(HUNT, `help/${(await requested()).id}/messages`), { text: "Here." }),
  ],
  "POST /v1/hunts/{hunt}/clues/{clue}/uploads": [
    async () => ({ ...withToken((await crew()).captain, "clues/photo/uploads"), body: PICTURE }),
  ],
  "GET /v1/hunts/{hunt}/sent/{upload}": [() => sentFile()],
  "GET /v1/hunts/{hunt}/submissions": [() => get(of(HUNT, "submissions"), "organiser")],
  ...Object.fromEntries(
    ["claim", "release"].map((change) => [
      `POST /v1/hunts/{hunt}/submissions/{submission}/${change}`,
      [async () => post(of(HUNT, `submissions/${await submitted()}/${change}`), undefined)],
    ]),
  ),
  "POST /v1/hunts/{hunt}/submissions/{submission}/verdict": [
    async () => post(of(HUNT, `submissions/${await submitted()}/verdict`), { accept: true }),
  ],
  "DELETE /v1/hunts/{hunt}/submissions/{submission}": [
    async () => ({
      ...get(of(HUNT, `submissions/${await submitted()}?reason=test`), "organiser"),
      method: "DELETE",
    }),
  ],
  "GET /v1/hunts/{hunt}/stuck": [() => get(of(HUNT, "stuck"), "organiser")],
  "GET /v1/hunts/{hunt}/checkins": [() => get(of(HUNT, "checkins"), "organiser")],
  "GET /v1/hunts/{hunt}/stats": [() => get(of(HUNT, "stats"), "organiser")],
  "GET /v1/hunts/{hunt}/export": [() => get(of(HUNT, "export"), "organiser")],
  "GET /v1/hunts/{hunt}/proof": [() => get(of(HUNT, "proof"))],
  "GET /v1/hunts/{hunt}/proof/{shard}/{seq}": [
    () => get(of(HUNT, "proof/weur-0/1"), "player"),
    () => get(of(HUNT, "proof/weur-0/1"), "organiser"),
  ],
  "GET /v1/hunts/{hunt}/verify": [() => get(of(ENDED, "verify"), "organiser")],
  "GET /v1/hunts/{hunt}/audit": [() => get(of(HUNT, "audit"), "organiser")],
  "GET /v1/hunts/{hunt}/dead-letters": [() => get(of(HUNT, "dead-letters"), "organiser")],
  "POST /v1/hunts/{hunt}/dead-letters/redrive": [() => post(of(HUNT, "dead-letters/redrive"), {})],
  "GET /v1/hunts/{hunt}/webhooks": [() => get(of(HOOKED, "webhooks"), "organiser")],
  "GET /v1/hunts/{hunt}/webhooks/{webhook}/secret": [
    () => get(of(HOOKED, "webhooks/hook-1/secret"), "organiser"),
  ],
  "POST /v1/hunts/{hunt}/webhooks/{webhook}/test": [
    () => post(of(HOOKED, "webhooks/hook-1/test"), undefined),
  ],
  "POST /v1/hunts/{hunt}/webhooks/{webhook}/redeliver": [
    () => post(of(HOOKED, "webhooks/hook-1/redeliver"), {}),
  ],
  "POST /v1/hunts/{hunt}/repair": [() => post(of(HUNT, "repair"), { reason: "a test" })],
  "POST /v1/hunts/{hunt}/rearchive": [() => post(of(HUNT, "rearchive"), { reason: "a test" })],
  "POST /v1/hunts/{hunt}/import": [
    () => {
      const at = "2026-06-06T18:30:00Z";
      return lines(of(DRAFT, "import"), { at, team: `Old ${asked}`, type: "join", player: "Eve" });
    },
  ],
  "PUT /v1/hunts/{hunt}/teams": [
    () => ({ ...lines(of(HUNT, "teams"), { name: `Made ${asked}` }), method: "PUT" }),
  ],
  "PATCH /v1/hunts/{hunt}/teams/{team}": [
    () => ({
      ...post(of(HUNT, `teams/${marked.team.id}`), { name: `By hand ${asked}`, reason: "a test" }),
      method: "PATCH",
    }),
  ],
  "DELETE /v1/hunts/{hunt}/teams/{team}/members/{player}": [
    async () => {
      const { mate } = await crew();
      const path = of(HUNT, `teams/${mate.team.id}/members/${mate.player.id}?reason=test`);
      return { ...get(path, "organiser"), method: "DELETE" };
    },
  ],
  "POST /v1/hunts/{hunt}/teams/{team}/members/{player}/move": [
    async () => {
      const { mate } = await crew();
      const { captain: there } = await crew();
      const path = of(HUNT, `teams/${mate.team.id}/members/${mate.player.id}/move`);
      return post(path, { to: there.team.id, reason: "a test" });
    },
  ],
  "POST /v1/hunts/{hunt}/teams/{team}/merge": [
    async () => {
      const { captain } = await crew();
      const { captain: there } = await crew();
      return post(of(HUNT, `teams/${captain.team.id}/merge`), { into: there.team.id, reason: "a test" });
    },
  ],
  "PATCH /v1/hunts/{hunt}/team": [
    async () => ({
      ...withToken((await crew()).captain, "team", { name: `Renamed ${asked}` }),
      method: "PATCH",
    }),
  ],
  "POST /v1/hunts/{hunt}/team/code": [async () => withToken((await crew()).captain, "team/code")],
  "POST /v1/hunts/{hunt}/team/captain": [
    async () => {
      const { captain, mate } = await crew();
      return withToken(captain, "team/captain", { player: mate.player.id });
    },
  ],
  "POST /v1/hunts/{hunt}/team/leave": [async () => withToken((await crew()).mate, "team/leave")],
  "DELETE /v1/hunts/{hunt}/team/members/{player}": [
    async () => {
      const { captain, mate } = await crew();
      return { ...withToken(captain, `team/members/${mate.player.id}`), method: "DELETE" };
    },
  ],
  "POST /v1/hunts/{hunt}/teams/{team}/awards": [() => post(team("awards"), { points: 5, reason: "a test" })],
  "POST /v1/hunts/{hunt}/teams/{team}/unlocks": [
    () => post(team("unlocks"), { clue: "b", reason: "a test" }),
  ],
  "POST /v1/hunts/{hunt}/teams/{team}/solves": [
    async () => post(of(HUNT, `teams/${(await crew()).captain.team.id}/solves`), BY_HAND),
  ],
  "POST /v1/hunts/{hunt}/teams/{team}/solves/{clue}/undo": [
    async () => {
      const solves = of(HUNT, `teams/${(await crew()).captain.team.id}/solves`);
      await send(post(solves, BY_HAND));
      return post(`${solves}/${BY_HAND.clue}/undo`, { reason: "a test" });
    },
  ],
  ...Object.fromEntries(
    ["ban", "unban", "hide", "show"].map((mark) => [
      `POST /v1/hunts/{hunt}/teams/{team}/${mark}`,
      [() => post(team(mark), { reason: "a test" })],
    ]),
  ),
  "POST /v1/hunts/{hunt}/teams/{team}/attempts/reset": [
    () => post(team("attempts/reset"), { reason: "a test" }),
  ],
  ...Object.fromEntries(
    ["withdraw", "restore"].map((change) => [
      `POST /v1/hunts/{hunt}/clues/{clue}/${change}`,
      [() => post(of(HUNT, `clues/b/${change}`), { reason: "a test" })],
    ]),
  ),
  "POST /v1/hunts/{hunt}/clues/{clue}/nudges": [
    () => post(of(HUNT, "clues/b/nudges"), { answer: `near ${asked}`, say: "Close!", reason: "a test" }),
  ],
  "POST /v1/hunts/{hunt}/regrade": [
    () => post(of(HUNT, "regrade"), { dryRun: true }),
    () => post(of(HUNT, "regrade"), { dryRun: false }),
  ],
  "POST /v1/hunts/{hunt}/regrade/{regrade}/undo": [
    async () => {
      const hunt = `restarted-${crypto.randomUUID()}`;
      await publish(hunt);
      await setPhase(hunt, "live");
      await play(await join(hunt, "Solvers"), command(hunt, { ...RIGHT, clue: "a" }));
      await publish(hunt, 20);
      const by = { actor: "organiser", request: "r-1" };
      const told = await env.CONTROL.getByName(hunt).regrade({ dryRun: false }, by);
      const id = "refused" in told ? "" : (told.id ?? "");
      return post(of(hunt, `regrade/${id}/undo`), { reason: "a test" });
    },
  ],
  "POST /v1/hunts/{hunt}/results/release": [() => post(of(ENDED, "results/release"), undefined)],
  "POST /v1/hunts/{hunt}/prizes/{prize}/stock": [() => post(prize("stock"), { add: 1, reason: "a test" })],
  ...Object.fromEntries(
    ["withdraw", "restore"].map((change) => [
      `POST /v1/hunts/{hunt}/prizes/{prize}/${change}`,
      [() => post(prize(change), { reason: "a test" })],
    ]),
  ),
  "POST /v1/hunts/{hunt}/prizes/{prize}/revoke": [() => post(prize("revoke"), { unit: 0, reason: "a test" })],
  "GET /v1/hunts/{hunt}/prizes/{prize}/winners": [() => get(prize("winners"), "organiser")],
  "GET /v1/hunts/{hunt}/prizes/{prize}/draw": [
    () => get(prize("draw")),
    () => get(of(ENDED, "prizes/shell/draw")),
  ],
};

const RIGHT = { id: "right", type: "answer", answer: "right" } as const;
const DEVICE = (pushBody.meta()?.examples as object[] | undefined)?.[0] ?? {};
const BY_HAND = { clue: "b", reason: "a test" };

const of = (hunt: string, rest = ""): string => `/v1/hunts/${hunt}${rest === "" ? "" : `/${rest}`}`;
const team = (action: string): string => of(HUNT, `teams/${marked.team.id}/${action}`);
const prize = (action: string): string => of(HUNT, `prizes/shell/${action}`);

const bearer = (token?: Token): Record<string, string> =>
  token === undefined ? {} : { Authorization: `Bearer ${tokens[token]}` };
const get = (path: string, token?: Token): Asked => ({ method: "GET", path, headers: bearer(token) });
const upgrade = (path: string): Asked => ({ method: "GET", path, headers: { Upgrade: "websocket" } });

function post(path: string, body: object | undefined, token: Token = "organiser"): Asked {
  const headers = { ...bearer(token), "Content-Type": "application/json" };
  return { method: "POST", path, headers, ...(body ? { body: JSON.stringify(body) } : {}) };
}

function organisers(): Asked {
  const headers = { ...bearer("organiser"), "Content-Type": "application/json", "If-Match": "*" };
  const one = { email: "ada@example.org", roles: ["viewer"], hunts: ["*"] };
  return { method: "PUT", path: "/v1/organisers", headers, body: JSON.stringify({ organisers: [one] }) };
}

function joining(hunt: string, body: object): Asked {
  const headers = { "Content-Type": "application/json", "Idempotency-Key": `key-${asked}` };
  return { method: "POST", path: of(hunt, "players"), headers, body: JSON.stringify(body) };
}

/** A team of two that nobody else asks about. */
/** A request for help of a new team, and who asked. */
async function requested(): Promise<{ id: string; captain: JoinedPlayer }> {
  const { captain } = await crew();
  const shard = env.SHARD.getByName(`${HUNT}/${captain.team.id.split("-").slice(0, 2).join("-")}`);
  const seat = { team: captain.team.id, player: captain.player.id };
  const made = (await shard.askForHelp(seat, undefined, { text: "Help!", key: "k" })) as { id: string };
  return { id: made.id, captain };
}

const PICTURE = "GIF89a\x01\0\x01\0\0\0\0;";

/** Something that a new team sent; its id. */
async function submitted(): Promise<string> {
  const { captain } = await crew();
  const { id: player } = captain.player;
  const shard = env.SHARD.getByName(`${HUNT}/${captain.team.id.split("-").slice(0, 2).join("-")}`);
  const event = { id: "sent", type: "submit", clue: "photo", text: "Look!" };
  const played = await shard.play(captain.team.id, player, JSON.stringify([event]));
  const seq = (JSON.parse(String(played)) as { results: { seq: number }[] }).results[0]?.seq;
  return `${captain.team.id}.${seq}`;
}

/** A file that a new team sent, at the address that its queue tells. */
async function sentFile(): Promise<Asked> {
  const { captain } = await crew();
  const asking = withToken(captain, "clues/photo/uploads");
  const send = (path: string, request: RequestInit): Promise<Response> =>
    exports.default.fetch(`https://hunt.example${path}`, request);
  const kept = await send(asking.path, { ...asking, method: "POST", body: PICTURE });
  const { upload } = (await kept.json()) as { upload: string };
  const event = { id: "sent", type: "submit", clue: "photo", uploads: [upload] };
  const playing = withToken(captain, "events", { events: [event] });
  await send(playing.path, playing);
  const looking = { ...get(of(HUNT, "me")), headers: playing.headers };
  const { clues } = (await (await send(looking.path, looking)).json()) as MeApart;
  const { url } = clues.find(({ id }) => id === "photo")?.submission?.files[0] ?? { url: "" };
  return get(url);
}

/** A new announcement. */
async function announced(): Promise<string> {
  const made = await env.CONTROL.getByName(HUNT).announce({ text: "Hear!" }, { actor: "test", request: "r" });
  if ("refused" in made) throw new Error(made.detail);
  return made.id;
}

async function crew(): Promise<{ captain: JoinedPlayer; mate: JoinedPlayer }> {
  const join = async (body: object): Promise<JoinedPlayer> => {
    const { path, ...request } = joining(HUNT, body);
    const headers = { ...request.headers, "Idempotency-Key": crypto.randomUUID() };
    const response = await exports.default.fetch(`https://hunt.example${path}`, { ...request, headers });
    return (await response.json()) as JoinedPlayer;
  };
  const captain = await join({ name: "Cap", team: { create: `Crew ${crypto.randomUUID()}` } });
  return { captain, mate: await join({ name: "Mate", team: { join: captain.team.joinCode } }) };
}

function withToken({ token }: JoinedPlayer, path: string, body?: object): Asked {
  const asking = post(of(HUNT, path), body);
  return { ...asking, headers: { ...asking.headers, Authorization: `Bearer ${token}` } };
}

/** An upload. */
function file(name: string): Asked {
  return {
    method: "PUT",
    path: of(HUNT, `assets/${name}`),
    headers: bearer("organiser"),
    body: `File ${asked}`,
  };
}

function lines(path: string, line: object): Asked {
  const headers = { ...bearer("organiser"), "Content-Type": "application/x-ndjson" };
  return { method: "POST", path, headers, body: `${JSON.stringify(line)}\n` };
}

/** A text of the first clue, at the address that `/me` tells. */
async function longText(): Promise<Asked> {
  const path = `https://hunt.example${of(HUNT, "me")}?bodies=apart`;
  const response = await exports.default.fetch(path, { headers: bearer("player") });
  const { clues } = (await response.json()) as MeApart;
  const { pathname, search } = new URL(clues[0]?.bodyAt?.url ?? "", "https://hunt.example");
  return get(`${pathname}${search}`);
}

async function republish(): Promise<Asked> {
  const definition = await control(HUNT).definition();
  if ("refused" in definition) throw new Error(definition.detail);
  const headers = { ...bearer("organiser"), "Content-Type": "application/json" };
  return { method: "PUT", path: of(HUNT), headers, body: definition.source };
}

/** A spectator takes the leaderboard's one place, so that the next is sent to a child. */
async function fillLeaderboard(): Promise<void> {
  const { webSocket } = await env.LEADERBOARD.getByName(HUNT).fetch("https://leaderboard/live", {
    headers: { Upgrade: "websocket" },
  });
  if (!webSocket) return;
  webSocket.accept();
  open.push(webSocket);
}

/** Sockets of the request under way. */
let open: WebSocket[] = [];

type Stop = "after its first call" | "in the midst of its first call" | "at every call";

/** From now on objects of the class stop so; the result says how often they did. */
function stopping(prototype: object, stop: Stop): () => number {
  let stops = 0;
  const holder = prototype as Record<string, (...args: unknown[]) => unknown>;
  for (const name of Object.getOwnPropertyNames(prototype)) {
    const original = holder[name];
    if (NO_CALLS.test(name) || typeof original !== "function") continue;
    vi.spyOn(holder, name).mockImplementation(async function (this: unknown, ...args: unknown[]) {
      if (stop === "after its first call") {
        const first = stops === 0;
        if (first) stops += 1;
        const result = await original.apply(this, args);
        if (!first) return result;
      } else if (stop === "in the midst of its first call") {
        if (stops > 0) return original.apply(this, args);
        stops += 1;
        // It has begun, and nobody awaits it any more.
        Promise.resolve(original.apply(this, args)).catch(() => undefined);
      } else stops += 1;
      // The gate's library keeps under `state` what others have under `ctx`.
      const { ctx, state } = this as { ctx?: DurableObjectState; state?: DurableObjectState };
      (ctx ?? state)?.abort("restarted by a test");
      throw new Error("restarted by a test");
    });
  }
  return () => stops;
}

/** Sends the request, reads the whole response, and closes what it opened. */
async function send({ method, path, headers, body }: Asked): Promise<{ status: number; headers: Headers }> {
  const response = await exports.default.fetch(`https://hunt.example${path}`, {
    method,
    headers,
    ...(body === undefined ? {} : { body }),
  });
  if (response.webSocket) {
    response.webSocket.accept();
    open.push(response.webSocket);
  } else await response.text(); // a response that was begun is complete
  for (const socket of open) {
    try {
      socket.close(1000, "the test has seen it");
    } catch {
      // Its object has stopped.
    }
  }
  open = [];
  return response;
}

/** Every route while each of these objects stops. */
export function restarts(part: keyof typeof CLASSES): void {
  describe.each(Object.entries(CLASSES[part]))("[FAULT-12] when %s stops", (_name, { prototype }) => {
    /** Requests that call it: the others need not be tried again. Empty: it is not known yet. */
    const reached = new Set<string>();
    test.each<Stop>(["after its first call", "in the midst of its first call", "at every call"])(
      "%s, every route succeeds or says when to come back",
      { timeout: 600_000 },
      async (stop) => {
        const wrong: string[] = [];
        const isKnown = reached.size > 0;
        let stops = 0;
        for (const [route, requests] of Object.entries(ROUTES)) {
          for (const [index, request] of requests.entries()) {
            const name = `${route} ${index}`;
            if (isKnown && !reached.has(name)) continue;
            asked += 1;
            const valid = await request();
            await env.CACHE.delete(publicKey(HUNT));
            const stopped = stopping(prototype, stop);
            const { status, headers } = await send(valid);
            const type = headers.get("Content-Type");
            const retry = headers.get("Retry-After");
            if (stopped() > 0) reached.add(name);
            stops += stopped();
            vi.restoreAllMocks();
            const succeeded = [101, 200, 201, 202, 204].includes(status);
            // Readiness is its response, not a problem.
            const unready = route === "GET /readyz" && status === 503;
            const comeBack = status === 503 && type === "application/problem+json" && retry !== null;
            if (!succeeded && !unready && !comeBack) wrong.push(`${name}: ${status} ${type} ${retry}`);
          }
        }
        expect(wrong).toEqual([]);
        expect(stops, "it was stopped under some route").toBeGreaterThan(0);
      },
    );
  });
}

/** Every route as it is without. */
export function routes(): void {
  test("the routes below are those of the document", async () => {
    const response = await exports.default.fetch("https://hunt.example/openapi.json");
    const { paths } = (await response.json()) as { paths: Record<string, Record<string, unknown>> };
    const declared = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    // Signing in needs an issuer outside (test/contract/sign-in.test.ts); it asks the directory as the list does.
    expect([...Object.keys(ROUTES), "GET /v1/session", "POST /v1/session"].sort()).toEqual(declared.sort());
  });

  test("without a restart every request below succeeds", { timeout: 600_000 }, async () => {
    for (const [route, requests] of Object.entries(ROUTES)) {
      for (const [index, request] of requests.entries()) {
        asked += 1;
        const { status } = await send(await request());
        expect([101, 200, 201, 202, 204], `${route} ${index}: ${status}`).toContain(status);
      }
    }
  });
}
