/** Joining a hunt: the player's body, a place for a new team, names and keys reserved, a token. */

import { knownShards } from "../../cache/kv.ts";
import { lookUpSignUp } from "../../cache/registration.ts";
import { type JoinBody, type Joined, joinBody, joined } from "../../contract/join.ts";
import { accepted, type Issue, RequestError } from "../../errors.ts";
import { base64url, sha256 } from "../../hmac.ts";
import { type Checked, checkBrought, foldValue } from "../../hunt/asks.ts";
import { calling, shardStub } from "../../objects/call.ts";
import { readJoinCode } from "../../objects/check-part.ts";
import type { PublicEntry } from "../../objects/control.ts";
import type { Env } from "../../objects/env.ts";
import { type JoinCode, randomText } from "../../objects/ids.ts";
import { entryName, fieldName, personName } from "../../objects/person.ts";
import type { Joined as ShardJoined, Joining as ShardJoining } from "../../objects/shard.ts";
import { type Admission, letIn, type Person, type Pinned, personOf, pin } from "../admission.ts";
import { declared } from "../declare.ts";
import { verifyEntry } from "../entry.ts";
import { huntEntry, huntOf, shardOf } from "../hunt.ts";
import { idempotent, type Repeatable, repeatable } from "../idempotency.ts";
import { joinedWith, joinOnce, joinsOnce, type Once } from "../once.ts";
import { chooseShard, notingRefusals } from "../placing.ts";
import type { App, Asking } from "../request.ts";
import { newcomer } from "../roles.ts";
import { signedIn } from "../seats.ts";
import { releaseName, reserveName } from "../team-names.ts";

/** Bytes of the hash of a text that was agreed to: all of it. */
const HASH_BYTES = 32;

/** What a joining needs to know before it changes anything. */
interface Joining {
  hunt: string;
  entry: PublicEntry;
  now: number;
  body: JoinBody;
  /** The client may send the request again; undefined: it gave no key for that. */
  repeat: Repeatable | undefined;
  /** The teams that the given code can mean, the likeliest first; undefined: a new team is made. */
  places: readonly TeamAt[] | undefined;
  person: Person;
  /** What the player gave of what the hunt asks. */
  given: Checked;
  /** What no other joining of the hunt may have. */
  onces: readonly Once[];
}

/** A team to join, in its shard: by a code, or by its id, where the code of a merged team leads to it. */
type TeamAt = Pick<JoinCode, "shard"> & ({ code: string } | { team: string });

/** Merges that a code is followed through: of the team that a team was merged into, and so on. */
const MERGES_FOLLOWED = 20;

export function joinRoutes(app: App): void {
  app.openapi(
    declared({
      method: "post",
      path: "/v1/hunts/{hunt}/players",
      summary: "Join: make a team, or join one by its code. Idempotency-Key is honoured",
      role: newcomer,
      headers: idempotent,
      json: joinBody,
      personal: "player",
      responses: {
        200: {
          description: "This person has joined already: the same player, with a new token",
          schema: joined,
        },
        201: { description: "Joined", schema: joined },
      },
      errors: ["forbidden", "conflict", "unavailable"],
    }),
    async (c) => {
      const key = c.req.valid("header")["idempotency-key"];
      const body = c.req.valid("json");
      const entry = await huntEntry(c.env, huntOf(c), c.get("now"));
      const subject = await subjectOf(c, entry, body);
      const again = subject === undefined ? undefined : await joinedAlready(c, entry, subject);
      if (again) return c.json(again, 200);
      return c.json(await join(c, await resolve(c, entry, body, subject, key)), 201);
    },
  );
}

/** Whom the entry ticket names, where the hunt asks for one. Throws `forbidden`. */
async function subjectOf(c: Asking, known: PublicEntry, { entry }: JoinBody): Promise<string | undefined> {
  const { hunt, rehearsal } = known;
  if (hunt.players.require !== "signed") return undefined;
  // Whoever makes tickets makes them for the hunt, and they let in to its rehearsal as well.
  const hunts = rehearsal ? [hunt.hunt, rehearsal.of] : [hunt.hunt];
  return verifyEntry(c.env, entry, hunts, c.get("now"));
}

/** Who joined with an earlier ticket of the same person, with a new token; undefined: nobody did, or may do so again. */
async function joinedAlready(c: Asking, entry: PublicEntry, subject: string): Promise<Joined | undefined> {
  if (!joinsOnce(entry)) return undefined;
  const { hunt } = entry.hunt;
  const known = await joinedWith(c.env, hunt, entryName(c.env, hunt, subject));
  return known && signedIn(c.env, entry, known, c.get("now"));
}

/** Throws `invalid`, `not_found` or `forbidden` for a joining that cannot be. */
async function resolve(
  c: Asking,
  entry: PublicEntry,
  body: JoinBody,
  subject: string | undefined,
  key: string | undefined,
): Promise<Joining> {
  const { hunt } = entry.hunt;
  const now = c.get("now");
  const code = body.team && "join" in body.team ? body.team.join : undefined;
  if (isSolo(entry) && code !== undefined) {
    throw wrongTeam("this hunt is played alone: there is no team to join");
  }
  if (!isSolo(entry) && (!body.team || !("create" in body.team || "join" in body.team))) {
    throw wrongTeam("this hunt is played in teams: create one, or join one by its code");
  }
  const externalId = subject ?? body.externalId;
  const brought = broughtBy(body, entry, externalId);
  const places = code === undefined ? undefined : await placesOf(c, entry, code);
  if (places?.length === 0) throw noSuchCode();
  // At the same time: a player waits for the origin once.
  const [person, given] = await Promise.all([
    personOf(c, entry, { ...body, externalId }),
    filledUp(c, entry, body, externalId, brought),
  ]);
  return {
    hunt,
    entry,
    now,
    body,
    repeat: key === undefined ? undefined : repeatable(c.env, c.req.raw, hunt, key, boundOf(body, subject)),
    places,
    person: missingIn(person, given),
    given,
    onces: [...entriesOf(c, entry, externalId), ...valuesOf(c, entry, given)],
  };
}

/** What was given of what the hunt asks, and with it why that is not enough. */
type Given = Checked & { missing?: RequestError };

const NOT_AS_ASKED = "what this hunt asks was not given as it asks it";

const isMissing = ({ path, code }: Issue): boolean => code === "required" && path.startsWith("fields.");

/** What the player gives of what the hunt asks. Throws `invalid` for what no sign-up mends. */
function broughtBy(body: JoinBody, { hunt }: PublicEntry, id: string | undefined): Checked {
  const given = checkBrought(hunt.join, body);
  const { issues } = given;
  const isMended = id !== undefined && hunt.players.require !== "anyone" && issues.every(isMissing);
  if (issues.length > 0 && !isMended) throw new RequestError("invalid", NOT_AS_ASKED, issues);
  return given;
}

/** With what the company's sign-up feed said of fields that the player left out. */
async function filledUp(
  c: Asking,
  { hunt: { hunt, join: asks, players } }: PublicEntry,
  body: JoinBody,
  id: string | undefined,
  given: Checked,
): Promise<Given> {
  const isWhole = asks?.fields?.every((field) => given.fields.some((each) => each.id === field.id)) ?? true;
  if (players.require === "anyone" || id === undefined || isWhole) return given;
  const found = await lookUpSignUp(c.env, c.executionCtx, hunt, id);
  if ("failed" in found) {
    const unknown = new RequestError("unavailable", "what the company registered cannot be looked up now");
    return given.issues.length === 0 ? given : { ...given, missing: unknown };
  }
  // Whoever knows somebody's external id is not told what was registered with it.
  const isProven = players.require === "signed";
  const registered = found.fields.map((field) =>
    isProven ? field : { ...field, registered: true as const },
  );
  const filled = checkBrought(asks, body, registered);
  if (filled.issues.length === 0) return filled;
  return { ...filled, missing: new RequestError("invalid", NOT_AS_ASKED, filled.issues) };
}

/** What is missing refuses the person as the origin's word does: not who has joined under this key already. */
const missingIn = (person: Person, { missing }: Given): Person =>
  missing && !(person.decided instanceof RequestError) ? { ...person, decided: missing } : person;

/** What an idempotency key is bound to: whom a ticket names, not the ticket; the captcha's response serves once. */
const boundOf = ({ entry: _, check: __, ...body }: JoinBody, subject: string | undefined): object => ({
  ...body,
  ...(subject === undefined ? {} : { subject }),
});

/** The person's entry, in a hunt that people join once. */
function entriesOf(c: Asking, entry: PublicEntry, id: string | undefined): Once[] {
  if (!joinsOnce(entry) || id === undefined) return [];
  const { hunt, players } = entry.hunt;
  if (players.require === "signed") {
    // Whoever has joined and is a member was found before.
    const underWay = new RequestError("unavailable", "this person is joining right now: send it again");
    const taken = new RequestError("conflict", "this person has joined the hunt already, and left its team");
    return [{ name: entryName(c.env, hunt, id), taken, underWay }];
  }
  const taken = new RequestError(
    "conflict",
    "this registered player has joined the hunt already, and may join it once only: the return code is the way back",
  );
  const name = personName(c.env, hunt, id);
  return [{ name, taken, ...(entry.begun === undefined ? { older: true as const } : {}) }];
}

/** The values that no two players give. */
function valuesOf(c: Asking, { hunt }: PublicEntry, { fields }: Checked): Once[] {
  return fields.flatMap(({ id, value }) => {
    const field = hunt.join?.fields?.find((each) => each.id === id);
    if (!field?.once) return [];
    const message = `somebody has joined with the same ${id} already`;
    const taken = new RequestError("conflict", message, [{ path: `fields.${id}`, code: "taken", message }]);
    return [{ name: fieldName(c.env, hunt.hunt, id, foldValue(value)), taken }];
  });
}

/**
 * The teams that a code can mean. Its check part proves that the engine made
 * it; one of an older engine, or a guess, must name a shard that takes part:
 * no other is asked, because to ask a shard is to make it.
 */
async function placesOf(c: Asking, entry: PublicEntry, code: string): Promise<readonly JoinCode[]> {
  const { hunt } = entry.hunt;
  const read = readJoinCode(c.env, hunt, code, entry.restored);
  if ("own" in read) return [read.own];
  if (read.older.length === 0) return [];
  const shards = await knownShards(c.env, hunt, c.get("now"));
  return read.older.filter(({ shard }) => shards.includes(shard));
}

const noSuchCode = (): RequestError => new RequestError("not_found", "no team has this join code");

async function join(c: Asking, joining: Joining): Promise<Joined> {
  const { hunt, entry, repeat, places, person } = joining;
  const chosen = places ? undefined : await chooseShard(c, entry, repeat);
  const somewhere = places?.[0]?.shard ?? chosen?.shard ?? "";
  try {
    const pinned: Pinned = repeat
      ? await pin(c, hunt, repeat, somewhere, person)
      : { shard: somewhere, joining: crypto.randomUUID(), admission: letIn(person) };
    // The first try with this key chose another shard.
    if (pinned.shard !== somewhere) chosen?.undo();
    return await signedIn(c.env, entry, await joinWhereLed(c, joining, pinned), c.get("now"));
  } catch (error) {
    chosen?.undo();
    throw error;
  }
}

/** Joins where the joining belongs, or where its code leads because the team of it was merged into another one. */
async function joinWhereLed(c: Asking, joining: Joining, pinned: Pinned): Promise<ShardJoined> {
  let { places } = joining;
  for (let merges = 0; ; merges += 1) {
    try {
      return await joinAt(c, { ...joining, places }, pinned);
    } catch (error) {
      const isUnknown = error instanceof RequestError && error.code === "not_found";
      const led = isUnknown && places && (await ledTo(c.env, joining.hunt, places));
      if (!led || merges === MERGES_FOLLOWED) throw error;
      places = [led];
    }
  }
}

/** The team that one of these was merged into. */
async function ledTo(env: Env, hunt: string, places: readonly TeamAt[]): Promise<TeamAt | undefined> {
  for (const { shard, ...by } of places) {
    const { team } = await calling(async () => shardStub(env, hunt, shard).leadsTo(by));
    if (team !== undefined) return { team, shard: shardOf(team).shard };
  }
  return undefined;
}

/** Joins where the joining belongs: in the team of its code, or in a new team on its shard. */
async function joinAt(c: Asking, joining: Joining, pinned: Pinned): Promise<ShardJoined> {
  const { hunt, now, body, repeat, places, onces } = joining;
  const { admission } = pinned;
  const keys = { key: pinned.joining, ...(repeat ? { olderKey: repeat.olderKey } : {}) };
  const make = (): Promise<ShardJoined> =>
    places
      ? joinTeam(c.env, hunt, places, joinRequestOf(joining, keys, admission))
      : makeTeam(c, joining, newTeamOf(body, admission), keys, pinned);
  if (onces.length === 0) return make();
  const shards = places ? places.map(({ shard }) => shard) : [pinned.shard];
  return joinOnce(c.env, onces, { hunt, ...keys, shards, now }, make);
}

/** Joins the first of these teams that there is. */
async function joinTeam(
  env: Env,
  hunt: string,
  places: readonly TeamAt[],
  request: ShardJoining,
): Promise<ShardJoined> {
  for (const { shard, ...by } of places) {
    const which = "code" in by ? { joinCode: by.code } : by;
    const outcome = await calling(async () => shardStub(env, hunt, shard).join({ ...request, ...which }));
    if (!("refused" in outcome) || outcome.refused !== "not_found") return accepted(outcome);
  }
  throw noSuchCode();
}

async function makeTeam(
  c: Asking,
  joining: Joining,
  create: NewTeam,
  keys: Keys,
  { shard: placed, admission }: { shard: string; admission: Admission },
): Promise<ShardJoined> {
  const { hunt, entry } = joining;
  const named = !isSolo(entry);
  const ask = { ...keys, shard: placed, now: c.get("now") };
  const { shard } = named ? await reserveName(c.env, entry, create.name, ask) : ask;
  const request = { ...joinRequestOf(joining, keys, admission), create };
  const outcome = await notingRefusals(hunt, shard, c.get("now"), () =>
    calling(async () => shardStub(c.env, hunt, shard).join(request)),
  );
  if ("refused" in outcome && named) await releaseName(c.env, hunt, create.name, { ...keys, shard });
  return accepted(outcome);
}

const isSolo = ({ hunt }: PublicEntry): boolean => hunt.teams.mode === "solo";

interface NewTeam {
  name: string;
  bracket?: string;
}

/** A player that plays alone is a team of its own name. */
function newTeamOf({ name, team }: JoinBody, admission: Admission): NewTeam {
  const create = team && "create" in team ? team.create : undefined;
  const bracket = (team && "bracket" in team ? team.bracket : undefined) ?? admission.bracket;
  return { name: create ?? name, ...(bracket === undefined ? {} : { bracket }) };
}

/** Under which a shard finds the joining again, also one that an older engine recorded. */
type Keys = Pick<ShardJoining, "key" | "olderKey">;

function joinRequestOf(
  { body: { name, externalId, locale, source }, person, given }: Joining,
  keys: Keys,
  admission: Admission,
): Omit<ShardJoining, "joinCode" | "create"> {
  const spoken = locale ?? admission.locale;
  const known = person.externalId ?? externalId;
  const consents = given.consents.map(({ id, text }) => ({ id, text: base64url(sha256(text), HASH_BYTES) }));
  return {
    ...keys,
    player: `p-${randomText(12).toLowerCase()}`,
    name,
    ...(known === undefined ? {} : { externalId: known }),
    ...(spoken === undefined ? {} : { locale: spoken }),
    ...(admission.provisional ? { provisional: admission.provisional } : {}),
    ...(given.fields.length > 0 ? { fields: given.fields } : {}),
    ...(consents.length > 0 ? { consents } : {}),
    ...(source === undefined ? {} : { source }),
    ...(admission.country ? { country: admission.country } : {}),
    ...(admission.check ? { check: admission.check } : {}),
    ...(admission.oldEnough ? { oldEnough: admission.oldEnough } : {}),
  };
}

function wrongTeam(message: string): RequestError {
  return new RequestError("invalid", "the content does not have the right form", [
    { path: "team", code: "invalid_team", message },
  ]);
}
