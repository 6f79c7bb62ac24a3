/** What teams type: a team's own guesses, all facts for organisers, the wrong answers of a clue. */
import type { ExportLine } from "../../contract/export.ts";
import {
  type Facts,
  facts,
  factsQuery,
  GUESSES_MAX,
  guesses,
  guessesQuery,
  viewBody,
  viewToken,
  wrongAnswers,
  wrongQuery,
} from "../../contract/guesses.ts";
import { isOperator, type OrganiserRole, seesPersons } from "../../contract/role-table.ts";
import { accepted, RequestError } from "../../errors.ts";
import { calling, controlStub, shardStub } from "../../objects/call.ts";
import { byTeams } from "../../objects/orders.ts";
import type { FactsPage, FactsWanted, GuessesPage, WrongGiven } from "../../objects/shard.ts";
import type { Exported } from "../../people/personal.ts";
import { exportText } from "../../proof/line.ts";
import { signViewToken } from "../auth.ts";
import { declared } from "../declare.ts";
import { huntEntry, huntOf, iso, shardOf, shardOfNamed, shardsOf } from "../hunt.ts";
import { limitLooks } from "../limits.ts";
import { noteReading } from "../readings.ts";
import type { App, Asking } from "../request.ts";
import { looker, organiser } from "../roles.ts";

/** Calls on shards for one page of facts, beyond one each. */
const CALLS_MORE = 10;

/** Answers of each shard that are put together, for each that is told. */
const ANSWERS_OF_SHARD = 5;

export function guessRoutes(app: App): void {
  app.openapi(
    declared({
      method: "get",
      path: "/v1/hunts/{hunt}/clues/{clue}/guesses",
      summary: "What the player's team has tried at a clue, the newest first",
      role: looker,
      query: guessesQuery,
      responses: { 200: { description: "Answers, scans, check-ins, solves by hand", schema: guesses } },
      errors: ["forbidden", "not_found", "unavailable"],
    }),
    async (c) => {
      const claims = c.get("looker");
      const { hunt, team } = claims;
      const { clue } = c.req.valid("param");
      const { limit, before } = c.req.valid("query");
      limitLooks(c.env, team, c.get("now"));
      const { shard } = shardOf(team);
      const seat =
        "player" in claims ? { player: claims.player, gen: claims.gen } : { incarnation: claims.incarnation };
      const page: GuessesPage = accepted(
        await calling(async () => shardStub(c.env, hunt, shard).guesses(team, seat, clue, before, limit)),
      );
      return c.json(
        {
          guesses: page.guesses.map(({ at, ...guess }) => ({ ...guess, at: iso(at) })),
          ...(page.next === undefined ? {} : { before: page.next }),
        },
        200,
      );
    },
  );

  app.openapi(
    declared({
      method: "get",
      path: "/v1/hunts/{hunt}/facts",
      summary:
        "What happened, the newest first, over all shards or of one team, clue, player, type or outcome. Viewers and editors see no names, codes, positions and accepted answers",
      role: organiser,
      query: factsQuery,
      responses: {
        200: { description: "Facts as the export has them, and the next page's cursor", schema: facts },
      },
      errors: ["unavailable"],
    }),
    async (c) => {
      const hunt = huntOf(c);
      const { cursor, limit, ...wanted } = c.req.valid("query");
      const now = c.get("now");
      const shards =
        wanted.team === undefined
          ? await shardsOf(c.env, hunt, now)
          : [await shardOfNamed(c.env, hunt, wanted.team, now)];
      const persons = seesPersons(c.get("organiser"));
      if (persons) await noteReading(c.env, hunt, c.get("by"), now, "facts");
      const { hunt: known } = await huntEntry(c.env, hunt, now);
      const page = await factsOf(c, shards, { wanted, cursor, limit });
      const { roles } = c.get("organiser");
      return c.json(
        {
          facts: page.facts.map(({ shard, fact }) =>
            factTold(shard, fact, { roles, persons, isRight: page.right.has(`${shard}/${fact.seq}`) }),
          ),
          // Who plays alone is called like the team.
          teams: persons || known.teams.mode === "teams" ? page.teams : [],
          ...(page.cursor === undefined ? {} : { cursor: page.cursor }),
        },
        200,
      );
    },
  );

  app.openapi(
    declared({
      method: "get",
      path: "/v1/hunts/{hunt}/clues/{clue}/wrong",
      summary:
        "What teams answer wrongly at a clue, that of most teams first; hidden and banned ones do not count",
      role: organiser,
      query: wrongQuery,
      responses: { 200: { description: "Wrong answers", schema: wrongAnswers } },
      errors: ["unavailable"],
    }),
    async (c) => {
      const hunt = huntOf(c);
      const { clue } = c.req.valid("param");
      const { limit } = c.req.valid("query");
      const shards = await shardsOf(c.env, hunt, c.get("now"));
      // Without one no shard can say whether there is such a clue; then it has no answers either.
      const parts = await Promise.all(
        shards.map(async (shard): Promise<WrongGiven[]> => {
          const most = Math.max(GUESSES_MAX, ANSWERS_OF_SHARD * limit);
          return accepted(await calling(async () => shardStub(c.env, hunt, shard).wrongAnswers(clue, most)));
        }),
      );
      return c.json({ answers: together(parts.flat()).slice(0, limit) }, 200);
    },
  );

  app.openapi(
    declared({
      method: "post",
      path: "/v1/hunts/{hunt}/teams/{team}/view",
      summary:
        "Look as a team: a token that reads `/me` and guesses as it for ten minutes, and plays nothing",
      role: organiser,
      json: viewBody,
      responses: { 201: { description: "The token", schema: viewToken } },
      errors: ["unavailable"],
    }),
    async (c) => {
      const hunt = huntOf(c);
      const { team } = c.req.valid("param");
      const { reason } = c.req.valid("json");
      const now = c.get("now");
      const shard = await shardOfNamed(c.env, hunt, team, now);
      accepted(await calling(async () => shardStub(c.env, hunt, shard).nameOf(team)));
      const by = c.get("by");
      const { incarnation } = accepted(
        await calling(async () => controlStub(c.env, hunt).noteView(team, reason, by)),
      );
      const { token, expiresAt } = await signViewToken(c.env, { hunt, team, incarnation }, by.actor, now);
      return c.json({ token, expiresAt: iso(expiresAt) }, 201);
    },
  );
}

interface Asked {
  wanted: FactsWanted;
  cursor: string | undefined;
  limit: number;
}

interface Found {
  facts: { shard: string; fact: Exported }[];
  /** Shard and number of those whose answer is right by now. */
  right: ReadonlySet<string>;
  teams: Facts["teams"];
  cursor?: string;
}

/** What a shard has given and nobody has taken yet. */
interface Source {
  shard: string;
  facts: Exported[];
  /** Where the shard goes on; undefined: it has no more. */
  next: number | undefined;
  /** Nothing was asked yet, and nothing is below. */
  isFresh: boolean;
}

/** The newest of all shards, each in the order of its log. */
async function factsOf(
  c: Asking,
  shards: readonly string[],
  { wanted, cursor, limit }: Asked,
): Promise<Found> {
  const hunt = huntOf(c);
  const begun = cursor === undefined ? undefined : placesIn(cursor);
  const sources: Source[] = shards.flatMap((shard) => {
    const next = begun?.get(shard);
    if (begun && next === undefined) return [];
    return [{ shard, facts: [], next, isFresh: true }];
  });
  const names = new Map<string, string>();
  const right = new Set<string>();
  const read = async (source: Source): Promise<void> => {
    const { shard, next } = source;
    const page: FactsPage = accepted(
      (await calling(async () => shardStub(c.env, hunt, shard).facts(wanted, next, limit))) as FactsPage,
    );
    source.facts.push(...page.facts);
    source.next = page.next;
    source.isFresh = false;
    for (const { id, name } of page.teams) names.set(id, name);
    for (const seq of page.right ?? []) right.add(`${shard}/${seq}`);
  };
  await Promise.all(sources.map(read));
  const taken: Found["facts"] = [];
  let calls = 0;
  while (taken.length < limit) {
    const dry = sources.find(({ facts: left, next }) => left.length === 0 && next !== undefined);
    if (dry) {
      // What it has below may be newer than what the others have.
      if (calls >= CALLS_MORE) break;
      calls += 1;
      await read(dry);
      continue;
    }
    let newest: Source | undefined;
    for (const source of sources) {
      const [fact] = source.facts;
      const best = newest?.facts[0];
      if (fact && (!best || fact.at > best.at)) newest = source;
    }
    const fact = newest?.facts.shift();
    if (!newest || !fact) break;
    taken.push({ shard: newest.shard, fact });
  }
  const places = sources.flatMap(({ shard, facts: [left], next }): [string, number][] => {
    const below = left === undefined ? next : left.seq + 1;
    return below === undefined ? [] : [[shard, below]];
  });
  const teams = [...new Set(taken.map(({ fact }) => fact.team))].map((id) => ({
    id,
    name: names.get(id) ?? "",
  }));
  const more = places.map(([shard, below]) => `${shard}.${below.toString(36)}`).join("~");
  return { facts: taken, right, teams, ...(places.length === 0 ? {} : { cursor: more }) };
}

/** By shard, the fact below which its page begins. */
function placesIn(cursor: string): Map<string, number> {
  return new Map(
    cursor.split("~").map((part) => {
      const [shard = "", below = ""] = part.split(".");
      const place = Number.parseInt(below, 36);
      if (!Number.isSafeInteger(place))
        throw new RequestError("invalid", "cursor: it is none of this route's");
      return [shard, place];
    }),
  );
}

/** A fact as the export has it, without what the roles may not see. What joining asked for is operators'. */
function factTold(
  shard: string,
  { person, ...logged }: Exported,
  { roles, persons, isRight }: { roles: readonly OrganiserRole[]; persons: boolean; isRight: boolean },
): ExportLine {
  const fact: Exported = { ...logged };
  if (!persons) {
    // Under `any` names, because a fact of any type may have them.
    const open = fact as unknown as Record<string, unknown>;
    delete open.joinCode;
    if (fact.type === "join" && fact.created !== undefined) {
      const { joinCode: _, ...created } = fact.created;
      fact.created = created;
    }
    if (fact.type === "answer" && (fact.outcome === "correct" || isRight)) delete open.answer;
  } else if (person !== undefined) {
    const { fields, consents, externalId, ...known } = person;
    fact.person = isOperator({ roles }) ? person : known;
  }
  return JSON.parse(exportText(shard, fact)) as ExportLine;
}

/** The same answer of several shards is one. */
function together(parts: readonly WrongGiven[]) {
  const answers = new Map<string, WrongGiven>();
  for (const part of parts) {
    const known = answers.get(part.key);
    if (!known) {
      answers.set(part.key, part);
      continue;
    }
    const isKnownMore = known.times > part.times || (known.times === part.times && known.first <= part.first);
    const { answer, times } = isKnownMore ? known : part;
    answers.set(part.key, {
      ...known,
      answer,
      times,
      teams: known.teams + part.teams,
      count: known.count + part.count,
      first: Math.min(known.first, part.first),
      last: Math.max(known.last, part.last),
      ...(known.nudge || part.nudge ? { nudge: true as const } : {}),
    });
  }
  return [...answers.values()].sort(byTeams).map(({ answer, teams, count, first, last, nudge }) => ({
    answer,
    teams,
    count,
    first: iso(first),
    last: iso(last),
    ...(nudge ? { nudge } : {}),
  }));
}
