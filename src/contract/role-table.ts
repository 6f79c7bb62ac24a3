/**
 * Which roles may call which organisers' route: the one table, which the check
 * asks (src/edge/roles.ts), /openapi.json shows as `x-roles`, and the console shows its
 * buttons by. Without zod, which the pages have no room for. PURE.
 */

/** What a token may do; each route's roles are in /openapi.json as `x-roles`. */
export const ORGANISER_ROLES = ["viewer", "judge", "operator", "editor", "owner"] as const;
export type OrganiserRole = (typeof ORGANISER_ROLES)[number];

/** Every hunt, in a list of hunts. */
export const ALL_HUNTS = "*";

type Roles = readonly OrganiserRole[];

const EVERY: Roles = ORGANISER_ROLES;
const OPERATORS: Roles = ["operator", "owner"];
const EDITORS: Roles = ["editor", "owner"];
const OWNERS: Roles = ["owner"];
const JUDGES: Roles = ["judge", "operator", "owner"];

/** Who sees players' names and join codes wherever a route tells teams. */
const SEES_PERSONS = JUDGES;

/** `METHOD /path`, as it is declared. What is not here is operators' work. */
const TABLE: Readonly<Record<string, Roles>> = {
  "GET /v1/hunts": EVERY,
  "GET /v1/organisers/me": EVERY,
  "GET /v1/ops/advice": EVERY,
  "GET /v1/ops/origin": EVERY,
  "GET /v1/ops/keys": EVERY,
  "GET /metrics": EVERY,
  "GET /v1/hunts/{hunt}/stats": EVERY,
  "GET /v1/hunts/{hunt}/teams": EVERY,
  "GET /v1/hunts/{hunt}/stuck": EVERY,
  "GET /v1/hunts/{hunt}/checkins": EVERY,
  "GET /v1/hunts/{hunt}/facts": EVERY,
  "GET /v1/hunts/{hunt}/clues/{clue}/wrong": EVERY,
  "POST /v1/hunts/{hunt}/teams/{team}/view": JUDGES,
  "GET /v1/hunts/{hunt}/help": JUDGES,
  "GET /v1/hunts/{hunt}/help/{thread}": JUDGES,
  "POST /v1/hunts/{hunt}/help/{thread}/claim": JUDGES,
  "POST /v1/hunts/{hunt}/help/{thread}/release": JUDGES,
  "POST /v1/hunts/{hunt}/help/{thread}/messages": JUDGES,
  "POST /v1/hunts/{hunt}/help/{thread}/close": JUDGES,
  "GET /v1/hunts/{hunt}/submissions": JUDGES,
  "POST /v1/hunts/{hunt}/submissions/{submission}/claim": JUDGES,
  "POST /v1/hunts/{hunt}/submissions/{submission}/release": JUDGES,
  "POST /v1/hunts/{hunt}/submissions/{submission}/verdict": JUDGES,
  "GET /v1/hunts/{hunt}/announcements": EVERY,
  // A fact has the answer as it was typed.
  "GET /v1/hunts/{hunt}/proof/{shard}/{seq}": OPERATORS,
  "GET /v1/hunts/{hunt}/verify": EVERY,
  "PUT /v1/hunts/{hunt}": EDITORS,
  "POST /v1/hunts/{hunt}/clues/{clue}/nudges": EDITORS,
  "GET /v1/hunts/{hunt}/definition": EDITORS,
  "GET /v1/hunts/{hunt}/codes": EDITORS,
  "POST /v1/hunts/{hunt}/preview": EDITORS,
  "GET /v1/hunts/{hunt}/assets": EVERY,
  "PUT /v1/hunts/{hunt}/assets/{name}": EDITORS,
  "DELETE /v1/hunts/{hunt}/assets/{name}": EDITORS,
  "POST /v1/hunts/{hunt}/rehearsal": EDITORS,
  "DELETE /v1/hunts/{hunt}/rehearsal": EDITORS,
  "POST /v1/hunts/{hunt}/import": EDITORS,
  "GET /v1/hunts/{hunt}/webhooks": EDITORS,
  "GET /v1/hunts/{hunt}/webhooks/{webhook}/secret": EDITORS,
  "POST /v1/hunts/{hunt}/webhooks/{webhook}/test": EDITORS,
  "POST /v1/hunts/{hunt}/webhooks/{webhook}/redeliver": EDITORS,
  "DELETE /v1/hunts/{hunt}": OWNERS,
  "GET /v1/jobs/{job}": OWNERS,
  "GET /v1/organisers": OWNERS,
  "PUT /v1/organisers": OWNERS,
  "POST /v1/organisers/revoke": OWNERS,
  "GET /v1/audit": OWNERS,
};

/** Routes that tell or change what is of every hunt: a token for some hunts does not open them. */
const OF_ALL_HUNTS: ReadonlySet<string> = new Set([
  "PUT /v1/organisers",
  "POST /v1/organisers/revoke",
  "GET /v1/audit",
  "POST /v1/registrations",
  "GET /v1/ops/advice",
  "GET /v1/ops/keys",
  "GET /v1/ops/dead-letters",
  "POST /v1/ops/dead-letters/redrive",
]);

export const routeName = (method: string, path: string): string => `${method.toUpperCase()} ${path}`;

/** The roles that may call the organisers' route of this name. */
export const rolesOf = (route: string): Roles => TABLE[route] ?? OPERATORS;

/** Only owners may call it. */
export const isOwners = (route: string): boolean => rolesOf(route) === OWNERS;

/** The routes that the table names. */
export const ROUTES_NAMED: readonly string[] = [...Object.keys(TABLE), ...OF_ALL_HUNTS];

export interface Rights {
  roles: Roles;
  /** Slugs; `*`: every hunt. */
  hunts: readonly string[];
}

/** `hunt` undefined: every one. */
export const mayIn = ({ hunts }: Rights, hunt: string | undefined): boolean =>
  hunts.includes(ALL_HUNTS) || (hunt !== undefined && hunts.includes(hunt));

const hasOneOf = ({ roles }: Pick<Rights, "roles">, wanted: Roles): boolean =>
  roles.some((role) => wanted.includes(role));

/** Why the route is closed to these rights; undefined: it is open. `hunt`: the one that its path names. */
export function closedBy(
  rights: Rights,
  route: string,
  hunt: string | undefined,
): "role" | "hunt" | "all" | undefined {
  if (!hasOneOf(rights, rolesOf(route))) return "role";
  if (hunt !== undefined && !mayIn(rights, hunt)) return "hunt";
  return OF_ALL_HUNTS.has(route) && !mayIn(rights, undefined) ? "all" : undefined;
}

export const seesPersons = (rights: Rights): boolean => hasOneOf(rights, SEES_PERSONS);

/** Whether they run the hunt, beyond judging. */
export const isOperator = (rights: Pick<Rights, "roles">): boolean => hasOneOf(rights, OPERATORS);
