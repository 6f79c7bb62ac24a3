/** The vars of a local engine: the parameters in the environment of the process, and which names are wrong. */
import { nearestName, OPTIONAL_SECRETS, PARAMETERS, readConfig, unknownVariable } from "../../src/config.ts";

export const DEFAULT_PORT = 8787;

/** Parameters that a local engine sets unless the environment does. */
const LOCAL_DEFAULTS = {
  // Everybody on this machine has one address, and a load test few tokens.
  RATE_LIMITS: "off",
  // All objects share one thread here: more shards would only make smaller commits.
  SHARDS_PER_REGION: "1",
  SHARDS_MAX: "1",
  JUDGED_AT_ONCE: "1",
};

/** Names that the local commands read beside the parameters. */
const OWN_NAMES = ["PORT", "DATA_DIR", "DATABASE_URL", "HUNT_TOKEN"];

/** Gives the parameters set in the environment, over the local defaults. Throws on a value out of range. */
export function varsOf(environment: NodeJS.ProcessEnv): Record<string, string> {
  const given = Object.keys(PARAMETERS).map((name) => [name, environment[name]] as const);
  const vars = {
    ...LOCAL_DEFAULTS,
    ...Object.fromEntries(given.filter((pair): pair is [string, string] => pair[1] !== undefined)),
  };
  readConfig(vars);
  return vars;
}

/** Gives the secrets that an engine may have, and a local one has from the environment alone. */
export function optionalSecretsOf(environment: NodeJS.ProcessEnv): Record<string, string> {
  const given = OPTIONAL_SECRETS.map((name) => [name, environment[name]] as const);
  return Object.fromEntries(given.filter((pair): pair is [(typeof pair)[0], string] => Boolean(pair[1])));
}

/** Throws on the first var that the engine does not know, with the nearest name that it does. */
export function checkVars(vars: object): void {
  const unknown = unknownVariable(vars);
  if (unknown !== undefined) throw new Error(unknown);
}

/**
 * Gives a line for each variable of the environment whose name is nearly a known
 * one. Most variables there are not ours, so this is advice and no error.
 */
export function misspelt(environment: NodeJS.ProcessEnv): string[] {
  const known = [...Object.keys(PARAMETERS), ...OPTIONAL_SECRETS, ...OWN_NAMES];
  return Object.keys(environment).flatMap((name) => {
    if (known.includes(name)) return [];
    // One edit in a short name; two in one as long as SHARDS_PER_REGION.
    const nearest = nearestName(name, known, Math.max(1, Math.floor(name.length / 8)));
    return nearest === undefined ? [] : [`${name} is no parameter; did you mean ${nearest}?`];
  });
}

/** Gives PORT, or the usual one. Throws when it is no port. */
export function portOf(environment: NodeJS.ProcessEnv): number {
  const given = environment.PORT;
  if (!given) return DEFAULT_PORT;
  const port = Number(given);
  if (!/^\d+$/.test(given) || port > 65_535)
    throw new Error(`PORT must be a number from 0 to 65535, not "${given}"`);
  return port;
}
