/**
 * The two small registers (classes: src/control/directory.ts, names.ts).
 * `HuntDirectory`: which hunts exist, who may organise, and which organisers'
 * tokens are void, one object for all. `NameRegistry`: which
 * team names and joining keys of a hunt are taken, in objects sharded by a hash
 * of the name; asked at joining only.
 */
// By name: tests and scripts, which have Node's types only, read this interface too.
import type { Rpc } from "@cloudflare/workers-types";
import type { Organiser, RevokeBody } from "../contract/organisers.ts";
import type { Refusal } from "../errors.ts";
import { hash53 } from "../hash.ts";
import type { Actor, AuditPage } from "./control.ts";
import type { Deletion } from "./deletion.ts";

/** The one directory object. */
export const DIRECTORY_NAME = "all";

/** Registry objects per hunt: joining is spread over them. */
const REGISTRIES = 16;

/** Reserved names begin so: of teams, as they fold now; under the folding of engines before; of solo teams in imports. */
export const TEAM_PREFIX = "team/";
export const OLDER_TEAM_PREFIX = "name/";
export const SOLO_PREFIX = "import/"; // then a keyed digest; of earlier engines, the name itself

/** Keys of holders begin so whose team took the name later: then come the team's id and what is random. */
const RENAMED = "rename/";

export const nameKeyOf = (team: string, random: string): string => `${RENAMED}${team}/${random}`;

/** Keys of holders begin so whose team an organiser made before anybody came. */
const MADE = "made/";

export const madeKeyOf = (random: string): string => MADE + random;
export const isMadeKey = (key: string): boolean => key.startsWith(MADE);

/** The team that takes, or took, a name under this key; undefined: the key is a joining's. */
export const teamOfNameKey = (key: string): string | undefined =>
  key.startsWith(RENAMED) ? key.slice(RENAMED.length, key.lastIndexOf("/")) : undefined;

/** Before the keyed digest of a registered player that may join once. */
export const PERSON_PREFIX = "person/";

/** Before the keyed digest of whom an entry ticket names, and of a value that is given once. */
export const ENTRY_PREFIX = "entry/";
export const FIELD_PREFIX = "field/";

/** Keys of holders begin so who joined under an engine that let a registered player join again. */
export const JOINED_BEFORE = "joined before/";

/** Names of joining keys begin so. */
export const KEY_PREFIX = "key/";

/** How long joining keys are kept, ms: as long as a request is expected to be sent again. */
export const KEY_LIFE = 86_400_000;

/** A name reserved for longer than this without its joining made may be taken over, ms. */
export const RESERVATION_MAX = 30_000;

/** The holder of a name: the shard of the team and the joining key that makes or made it. */
export interface Holder {
  shard: string;
  key: string;
  /** Epoch ms of the reservation. */
  at: number;
}

/** The name of the registry object that owns `name`. */
export const registryOf = (hunt: string, name: string): string => `${hunt}/${hash53(name) % REGISTRIES}`;

/** The hunt of a registry object, by its name. */
export const huntOfRegistry = (registry: string): string => registry.slice(0, registry.lastIndexOf("/"));

/** The names of all registry objects of a hunt. */
export const registriesOf = (hunt: string): string[] =>
  Array.from({ length: REGISTRIES }, (_, index) => `${hunt}/${index}`);

/** The same, given one of them. */
export const registriesBeside = (registry: string): string[] => registriesOf(huntOfRegistry(registry));

/** Names that are reserved under the folding of engines before, as they fold now. */
export interface OlderNames {
  names: (Holder & { name: string })[];
  /** Where the next page begins; absent: there is none. */
  next?: string;
}

/** Names that are taken, in a backup. */
export interface NamesPage {
  names: (Holder & { name: string })[];
  /** Behind which the next page is; absent: there is none. */
  next?: string;
}

/** All hunts there are; without `hunts` they are those that the caller has under this mark. */
export interface KnownNames {
  mark: string;
  hunts?: string[];
}

/** Who may sign in, and the list's version. */
export interface OrganiserList {
  version: number;
  organisers: Organiser[];
}

/** Organisers' tokens that are void; without `revoked` they are those that the caller has under this mark. */
export interface Revocations {
  mark: string;
  revoked?: {
    /** Ids of tokens. */
    tokens: string[];
    /** Persons, and until when their tokens were made that are void, epoch ms. */
    subs: { sub: string; at: number }[];
  };
}

/** What a hunt begins with that there was before under its id; empty: there was none. */
export interface Beginning {
  incarnation?: number;
  /** Organisers' tokens that name the hunt and are of before are void for it, seconds since the epoch. */
  voidBefore?: number;
}

/** Deleted hunts, also those under deletion; without `gone` they are those that the caller has under this mark. */
export interface GoneHunts {
  mark: string;
  gone?: { hunt: string; incarnation: number }[];
}

export interface HuntDirectoryObject extends Rpc.DurableObjectBranded {
  add(hunt: string): void;
  /** What a new hunt of this id begins with; refuses while one of this id is being deleted. */
  beginning(hunt: string): Beginning | Refusal;
  /** Seals the hunt and begins the job that erases it; the job's id. Safe to repeat. `now`: epoch ms. */
  deleteHunt(hunt: string, reason: string, by: Actor, now: number): Promise<{ job: string } | Refusal>;
  /**
   * The same of a rehearsal of the hunt `of`, in whatever phase it is; `not_found`: there is none of this id, or it is
   * another hunt.
   */
  deleteRehearsal(hunt: string, of: string, by: Actor, now: number): Promise<{ job: string } | Refusal>;
  /** How far a job is. */
  job(job: string): Deletion | Refusal;
  /** Whose messages are dropped, unless the caller has them already: then it names their `mark`. */
  gone(mark: string | undefined): GoneHunts;
  /** By id, a bounded number of them. */
  list(): string[];
  /** All hunts, unless the caller has them already: then it names their `mark`. */
  known(mark: string | undefined): KnownNames;
  organisers(): OrganiserList;
  /** Replaces the list; `version`: the one that the caller has seen, undefined: whatever it is. */
  setOrganisers(
    organisers: readonly Organiser[],
    version: number | undefined,
    by: Actor,
  ): OrganiserList | Refusal;
  /** `email`: in lower case. */
  listed(email: string): Organiser | undefined;
  /** Voids a token, or a person's that were made up to `now`, epoch ms. Safe to repeat. */
  revokeTokens(asked: RevokeBody, by: Actor, now: number): Refusal | undefined;
  /** All void tokens, unless the caller has them already: then it names their `mark`. */
  revocations(mark: string | undefined): Revocations;
  /** A page of the audit of what is of no hunt. */
  audit(before: number | undefined, limit: number): AuditPage;
}

export interface NameRegistryObject extends Rpc.DurableObjectBranded {
  /**
   * Reserves `name` for `holder` unless somebody has it; the result is its holder by then. `older`: the
   * hunt may have teams whose names were reserved under an earlier folding, and players who joined when
   * nobody counted; these keep their places.
   */
  reserve(name: string, holder: Holder, older?: boolean): Holder | Promise<Holder>;
  /** The names behind this one that a backup has; the first page is behind "". */
  page(after: string): NamesPage;
  /** Takes names of a hunt that is being restored; those that are there stay. Safe to repeat. */
  take(names: NamesPage["names"]): void;
  /** What the registry `of` has to know of this one's older names, from `after` on. */
  olderNames(of: string, after: string): OlderNames;
  /** The holder of `name`, if there is one. */
  find(name: string): Holder | undefined;
  /** Frees a name whose holder never made its team. */
  release(name: string, key: string): void;
  /** Frees what persons had once, of a hunt whose players are all forgotten. */
  releasePersons(): void;
  /** The hunt is deleted: erases what is stored. Safe to repeat. */
  erase(): Promise<void>;
}
