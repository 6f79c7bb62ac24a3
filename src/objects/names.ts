/**
 * The two small registers (classes: src/control/directory.ts, names.ts).
 * `HuntDirectory`: which hunts exist, one object for all. `NameRegistry`: which
 * team names and joining keys of a hunt are taken, in objects sharded by a hash
 * of the name; asked at joining only.
 */
// By name: tests and scripts, which have Node's types only, read this interface too.
import type { Rpc } from "@cloudflare/workers-types";
import { hash53 } from "../hash.ts";

/** The one directory object. */
export const DIRECTORY_NAME = "all";

/** Registry objects per hunt: joining is spread over them. */
const REGISTRIES = 16;

/** Names of joining keys begin so. */
export const KEY_PREFIX = "key/";

/** How long joining keys are kept, ms: as long as a request is expected to be sent again. */
export const KEY_LIFE = 86_400_000;

/** The holder of a name: the shard of the team and the joining key that makes or made it. */
export interface Holder {
  shard: string;
  key: string;
  /** Epoch ms of the reservation. */
  at: number;
}

/** The name of the registry object that owns `name`. */
export const registryOf = (hunt: string, name: string): string => `${hunt}/${hash53(name) % REGISTRIES}`;

/** All hunts there are; without `hunts` they are those that the caller has under this mark. */
export interface KnownNames {
  mark: string;
  hunts?: string[];
}

export interface HuntDirectoryObject extends Rpc.DurableObjectBranded {
  add(hunt: string): void;
  /** By id, a bounded number of them. */
  list(): string[];
  /** All hunts, unless the caller has them already: then it names their `mark`. */
  known(mark: string | undefined): KnownNames;
}

export interface NameRegistryObject extends Rpc.DurableObjectBranded {
  /** Reserves `name` for `holder` unless somebody has it; the result is its holder by then. */
  reserve(name: string, holder: Holder): Holder;
  /** The holder of `name`, if there is one. */
  find(name: string): Holder | undefined;
  /** Frees a name whose holder never made its team. */
  release(name: string, key: string): void;
}
