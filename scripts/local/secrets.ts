/**
 * The secrets of a local engine: made once, kept in `<data dir>/secrets.json`
 * (mode 0600). A deployed engine gets its own with `wrangler secret put`; both
 * have the form src/secrets.ts reads.
 */
import { randomBytes, randomUUID } from "node:crypto";
import { link, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { type JWTPayload, SignJWT } from "jose";
import { ALL_HUNTS, type OrganiserRole } from "../../src/contract/role-table.ts";
import { currentKey, faultsOf, fingerprintOf, type Secrets } from "../../src/secrets.ts";
import { makeFolder } from "./folder.ts";

export type { Secrets };

/** In the data directory. */
export const SECRETS_FILE = "secrets.json";

const KEY_BYTES = 32;

/** The keys that tokens are signed with. */
type TokenKeys = Pick<Secrets, "ORGANISER_TOKEN_KEYS">;

/** A token is good for this long unless told otherwise, days. */
export const TOKEN_DAYS = 30;

/** Where the local engine keeps its data: DATA_DIR, or `.data` in the project. */
export function dataDirectory(environment: NodeJS.ProcessEnv = process.env): string {
  const given = environment.DATA_DIR;
  return given ? resolve(given) : join(import.meta.dirname, "../../.data");
}

/** A ring of one new key; its id names it. */
export function newRing(): string {
  const bytes = randomBytes(KEY_BYTES);
  return `${fingerprintOf(bytes)}:${bytes.toString("base64url")}`;
}

export function createSecrets(): Secrets {
  return {
    PLAYER_TOKEN_KEYS: newRing(),
    ORGANISER_TOKEN_KEYS: newRing(),
    ANSWER_PEPPERS: newRing(),
    CODE_KEYS: newRing(),
    VAPID_KEYS: newRing(),
  };
}

/** The secrets kept in `dataDir`; undefined: none are, so that no engine has run there. */
export function keptSecrets(dataDir: string): Promise<Secrets | undefined> {
  return readKept(join(dataDir, SECRETS_FILE));
}

/** The secrets kept in `dataDir`; made and kept there when there are none yet. */
export async function secretsOf(dataDir: string): Promise<Secrets> {
  const path = join(dataDir, SECRETS_FILE);
  const kept = await readKept(path);
  if (kept?.VAPID_KEYS) return kept;
  if (kept) {
    // Made by an engine that sent no push messages.
    const all = { ...kept, VAPID_KEYS: newRing() };
    const whole = join(dataDir, `.secrets-${process.pid}-${randomBytes(4).toString("hex")}`);
    await writeFile(whole, `${JSON.stringify(all, null, 2)}\n`, { mode: 0o600, flag: "wx" });
    await rename(whole, path);
    return all;
  }
  makeFolder(dataDir);
  await keepOnce(path, `${JSON.stringify(createSecrets(), null, 2)}\n`);
  const made = await readKept(path);
  if (!made) throw new Error(`${path} vanished while it was being made`);
  return made;
}

async function readKept(path: string): Promise<Secrets | undefined> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw error;
  }
  const kept: unknown = parse(text, path);
  const made = createSecrets();
  for (const name of Object.keys(made) as (keyof Secrets)[]) {
    const value =
      kept !== null && typeof kept === "object" ? (kept as Record<string, unknown>)[name] : undefined;
    if (value === undefined && name === "VAPID_KEYS") {
      delete made.VAPID_KEYS;
      continue;
    }
    if (typeof value !== "string")
      throw new Error(`${path} has no ${name}; restore the file, or start with an empty data directory`);
    made[name] = value;
  }
  const faults = faultsOf(made);
  if (faults.length > 0) {
    throw new Error(`${path}: ${faults.join("; ")}. Restore the file, or start with an empty data directory`);
  }
  return made;
}

function parse(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error(`${path} is not JSON; restore the file, or start with an empty data directory`);
  }
}

/** Creates the file whole, unless another process was first: then that one's content stays. */
async function keepOnce(path: string, content: string): Promise<void> {
  const whole = join(dirname(path), `.secrets-${process.pid}-${randomBytes(4).toString("hex")}`);
  await writeFile(whole, content, { mode: 0o600, flag: "wx" });
  try {
    await link(whole, path);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "EPERM" || code === "ENOTSUP")
      await rename(whole, path); // no hard links on this file system
    else if (code !== "EEXIST") throw error;
  } finally {
    await rm(whole, { force: true });
  }
}

/** Whose a token is and what it may do. */
export interface Person {
  name: string;
  roles: readonly OrganiserRole[];
  /** Slugs; `*`: every hunt. */
  hunts: readonly string[];
  /** How long the token is good. */
  days: number;
}

/** Who works at this machine may do all. */
const LOCAL: Person = { name: "local", roles: ["owner"], hunts: [ALL_HUNTS], days: TOKEN_DAYS };

/** An organiser token for an engine with these secrets. `now` in ms. */
export function mintOrganiserToken(
  secrets: TokenKeys,
  now: number = Date.now(),
  person: Partial<Person> = {},
): Promise<string> {
  const { name, roles, hunts, days } = { ...LOCAL, ...person };
  return mint(secrets, { audience: "hunt-organiser", name, days, claims: { roles, hunts } }, now);
}

/** A token for a scraper: it opens /metrics and nothing else. */
export function mintOpsToken(
  secrets: TokenKeys,
  now: number = Date.now(),
  person: Partial<Pick<Person, "name" | "days">> = {},
): Promise<string> {
  const { name, days } = { ...LOCAL, ...person };
  return mint(secrets, { audience: "hunt-ops", name, days, claims: {} }, now);
}

interface Minting {
  audience: "hunt-organiser" | "hunt-ops";
  name: string;
  days: number;
  claims: JWTPayload;
}

/** A JWT (RFC 7519), HS256, with the organisers' keys: its audience names its use, its id is what it is revoked by. */
async function mint(
  secrets: TokenKeys,
  { audience, name, days, claims }: Minting,
  now: number,
): Promise<string> {
  const key = currentKey("ORGANISER_TOKEN_KEYS", secrets.ORGANISER_TOKEN_KEYS);
  const issued = Math.floor(now / 1000);
  return new SignJWT(claims)
    .setProtectedHeader({ alg: "HS256", typ: "JWT", kid: key.id })
    .setAudience(audience)
    .setSubject(name)
    .setJti(randomUUID())
    .setIssuedAt(issued)
    .setExpirationTime(issued + days * 86_400)
    .sign(key.bytes);
}
