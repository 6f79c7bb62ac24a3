/** A person's data: what is kept of a player, and forgetting it. */
import { assetPeriod, sentUrl } from "../../assets/ticket.ts";
import {
  type KeptFact,
  personalData,
  personalDataQuery,
  type PersonalData as Told,
} from "../../contract/personal.ts";
import { reasonBody } from "../../contract/teams.ts";
import { accepted } from "../../errors.ts";
import { calling, controlStub, shardStub } from "../../objects/call.ts";
import type { PersonalData } from "../../objects/shard.ts";
import type { Fact, JoinFact } from "../../protocol.ts";
import type { PlayerClaims } from "../auth.ts";
import { declared } from "../declare.ts";
import { huntOf, iso, shardOf, shardOfNamed } from "../hunt.ts";
import { limitLooks } from "../limits.ts";
import type { App, Asking } from "../request.ts";
import { organiser, unseatedPlayer } from "../roles.ts";

/** Facts in one response, about. */
const FACTS_MAX = 5_000;

/** Calls on shards for one response, each of a slice of a log. */
const CALLS_MAX = 25;

/** Teams that a player's facts are looked for in. */
const READINGS_MAX = 50;

export function personalRoutes(app: App): void {
  app.openapi(
    declared({
      method: "get",
      path: "/v1/hunts/{hunt}/me/data",
      summary: "Everything that is kept of the player",
      role: unseatedPlayer,
      query: personalDataQuery,
      responses: { 200: { description: "What is kept", schema: personalData } },
      errors: ["unavailable"],
    }),
    async (c) => {
      const { cursor } = c.req.valid("query");
      return c.json(await dataOf(c, c.get("player"), cursor ?? "0.0"), 200);
    },
  );

  app.openapi(
    declared({
      method: "delete",
      path: "/v1/hunts/{hunt}/me",
      summary: "Forget the player: all that tells who it is. The team's score stays, and so does every proof",
      role: unseatedPlayer,
      responses: { 204: { description: "Forgotten; every token and the return code are void" } },
      errors: ["unavailable"],
    }),
    async (c) => {
      const { hunt, team, player, gen } = c.get("player");
      const { shard } = shardOf(team);
      accepted(await calling(async () => shardStub(c.env, hunt, shard).forget(team, player, { gen })));
      return c.body(null, 204);
    },
  );

  app.openapi(
    declared({
      method: "post",
      path: "/v1/hunts/{hunt}/teams/{team}/members/{player}/forget",
      summary: "Forget a player of the team, also one who left",
      role: organiser,
      json: reasonBody,
      responses: { 204: { description: "Forgotten; every token and the return code are void" } },
      errors: ["unavailable"],
    }),
    async (c) => {
      const hunt = huntOf(c);
      const { team, player } = c.req.valid("param");
      const { reason } = c.req.valid("json");
      // A guessed id names no shard: control would write it into the audit.
      await shardOfNamed(c.env, hunt, team, c.get("now"));
      const by = c.get("by");
      accepted(await calling(async () => controlStub(c.env, hunt).forget(team, player, reason, by)));
      return c.body(null, 204);
    },
  );
}

/** Where a player's facts are read: the shard, and the team that leads to them there. */
interface Reading {
  shard: string;
  team: string;
  seat: { gen?: number | undefined } | "earlier";
  /** The shard was read for another team: this one only says where the player was before. */
  isKnown?: true;
}

/**
 * The player's shard, then those of the teams that it came from. The cursor says in which of them, and behind
 * which fact.
 */
async function dataOf(c: Asking, claims: PlayerClaims, cursor: string): Promise<Told> {
  const { hunt, team, player, gen } = claims;
  limitLooks(c.env, team, c.get("now"));
  const [place = 0, after = 0] = cursor.split(".").map(Number);
  const read = async (reading: Reading, from: number): Promise<PersonalData> => {
    const { shard, team: of, seat } = reading;
    const data = await calling(async () =>
      shardStub(c.env, hunt, shard).personalData(of, player, seat, from),
    );
    return accepted(data) as PersonalData;
  };
  const period = assetPeriod(c.env, c.get("now"));
  const readings: Reading[] = [{ shard: shardOf(team).shard, team, seat: { gen } }];
  const facts: Fact[] = [];
  const messages: PersonalData["messages"] = [];
  let head: PersonalData | undefined;
  let next: string | undefined;
  let calls = 0;
  for (let index = 0; index < Math.min(readings.length, READINGS_MAX) && next === undefined; index += 1) {
    const reading = readings[index] as Reading;
    const isRead = index < place || reading.isKnown === true;
    // Behind everything: only where it leads.
    let from: number | undefined = isRead ? Number.MAX_SAFE_INTEGER : index === place ? after : 0;
    while (from !== undefined && next === undefined) {
      if (!isRead && (calls >= CALLS_MAX || facts.length >= FACTS_MAX)) {
        next = `${index}.${from}`;
        break;
      }
      calls += isRead ? 0 : 1;
      const page: PersonalData = await read(reading, from);
      head ??= page;
      messages.push(...page.messages);
      facts.push(...page.facts);
      addEarlier(readings, page.earlier);
      from = page.next;
    }
  }
  if (!head) throw new Error("a player's data was read from nowhere");
  return {
    ...toldHead(head),
    ...(messages.length === 0
      ? {}
      : { messages: messages.map(({ at, ...rest }) => ({ ...rest, at: iso(at) })) }),
    facts: facts.map((fact) => toldFact(fact, player, (upload) => sentUrl(c.env, hunt, upload, period))),
    ...(next === undefined ? {} : { cursor: next }),
  };
}

/** A shard that is known already has told all that it has, but its other teams may lead to further ones. */
function addEarlier(readings: Reading[], earlier: readonly string[]): void {
  for (const team of earlier) {
    if (readings.some((reading) => reading.team === team)) continue;
    const { shard } = shardOf(team);
    const isKnown = readings.some((reading) => reading.shard === shard);
    readings.push({ shard, team, seat: "earlier", ...(isKnown ? { isKnown } : {}) });
  }
}

function toldHead({
  player,
  team,
  externalId,
  joining,
  lastCheckin,
  wins,
  devices,
}: PersonalData): Omit<Told, "facts" | "cursor" | "messages"> {
  const { fields = [], consents = [] } = joining ?? {};
  return {
    player: {
      id: player.id,
      name: player.name,
      joinedAt: iso(player.joinedAt),
      ...(externalId === undefined ? {} : { externalId }),
      // Who came from another team said more there: it stands at the fact of joining.
      ...(joining ? notedIn(joining) : {}),
    },
    team,
    fields: fields.map(({ id, value, registered }) => (registered ? { id, registered } : { id, value })),
    consents: consents.map(({ at, ...consent }) => ({ ...consent, at: iso(at) })),
    ...(lastCheckin === undefined ? {} : { lastCheckin: { ...lastCheckin, at: iso(lastCheckin.at) } }),
    wins: wins.map(({ at, ...win }) => ({ ...win, at: iso(at) })),
    ...(devices.length === 0
      ? {}
      : { devices: devices.map(({ at, ...device }) => ({ ...device, at: iso(at) })) }),
  };
}

/** What a joining noted of who joins. */
const NOTED = [
  "locale",
  "source",
  "country",
  "check",
  "oldEnough",
  "provisional",
] as const satisfies (keyof KeptFact & keyof JoinFact)[];

function notedIn(joining: object): Pick<KeptFact, (typeof NOTED)[number]> {
  const has = joining as Readonly<Record<string, unknown>>;
  return Object.fromEntries(NOTED.flatMap((name) => (has[name] === undefined ? [] : [[name, has[name]]])));
}

/** Members of a fact that are told as they are. A distance would tell where a place is. */
const TOLD = [
  "outcome",
  "clientAt",
  "clue",
  "answer",
  "text",
  "position",
  "hint",
  "cost",
  "prize",
  "points",
  "score",
  "reason",
] as const satisfies (keyof KeptFact)[];

function toldFact(fact: Fact, self: string, urlOf: (upload: string) => string): KeptFact {
  const { seq, at, type } = fact;
  const has = fact as unknown as Partial<Record<string, unknown>>;
  const told: Record<string, unknown> = { seq, at: iso(at), type };
  if ("outcome" in fact) told.id = fact.event;
  for (const name of TOLD) if (has[name] !== undefined) told[name] = has[name];
  if (type === "submit" && fact.files) {
    told.files = fact.files.map(({ upload, type: of, size }) => ({ type: of, size, url: urlOf(upload) }));
  }
  if (type === "rename") told.name = fact.name;
  if (type === "join" || type === "arrive") Object.assign(told, { name: fact.name }, notedIn(fact));
  if ("player" in fact && fact.player !== undefined && fact.player !== self) told.player = fact.player;
  return told as KeptFact;
}
