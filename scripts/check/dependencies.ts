/**
 * What is installed may be used: the licence of every package, from the
 * packages themselves, and the advisories about them, as far as the registry
 * responds.
 */
import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";

/** How long the registry may take, ms. */
const REGISTRY_WITHIN = 15_000;

/** Permissive: what is made with them can be given away under MIT. */
const ALLOWED = new Set([
  "0BSD",
  "Apache-2.0",
  "BlueOak-1.0.0",
  "BSD-2-Clause",
  "BSD-3-Clause",
  "CC0-1.0",
  "ISC",
  "MIT",
  "Unlicense",
  "Zlib",
]);

/** Tools under other licences, of which nothing gets into what is deployed. */
const TOOLS: readonly { name: RegExp; licence: string }[] = [
  { name: /^axe-core$/, licence: "MPL-2.0" },
  { name: /^lightningcss(?:-|$)/, licence: "MPL-2.0" },
  { name: /^@img\/sharp-/, licence: "LGPL-3.0-or-later" },
];

/** Severities that stop the check. */
const SEVERE = ["high", "critical"];

export interface Verdict {
  passed: boolean;
  /** Why it failed, or what the reader should know all the same. */
  text: string;
}

/** The part of package-lock.json that is read. */
interface Lock {
  packages: Record<string, { license?: unknown; dev?: boolean; link?: boolean }>;
}

/** The part of `npm audit --json` that is read. */
interface Audit {
  vulnerabilities?: Record<string, { severity: string; nodes: string[] }>;
}

const lockOf = (root: string): Lock =>
  JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")) as Lock;

export function checkLicences(root: string): Verdict {
  const refused: string[] = [];
  for (const [path, { license: locked, dev = false, link }] of Object.entries(lockOf(root).packages)) {
    if (path === "" || link) continue;
    const name = path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length);
    const file = join(root, path, "package.json");
    // Packages for other machines are not installed: then the lock says it.
    const licence = existsSync(file)
      ? (JSON.parse(readFileSync(file, "utf8")) as { license?: unknown }).license
      : locked;
    if (!mayUse(name, licence, dev)) refused.push(`${name}: ${JSON.stringify(licence) ?? "no licence"}`);
  }
  return { passed: refused.length === 0, text: refused.join("\n") };
}

/** Whether a package may be used under an SPDX expression; `dev`: only to build and test. */
export function mayUse(name: string, licence: unknown, dev: boolean): boolean {
  if (typeof licence !== "string") return false;
  const allowed = (id: string): boolean =>
    ALLOWED.has(id) || (dev && TOOLS.some((tool) => tool.licence === id && tool.name.test(name)));
  const parts = licence.replaceAll(/[()]/g, "");
  // Not more than SPDX's two words, and never both in one expression: those need a look.
  if (/ AND /.test(parts) && / OR /.test(parts)) return false;
  return / OR /.test(parts) ? parts.split(" OR ").some(allowed) : parts.split(" AND ").every(allowed);
}

export async function checkAdvisories(root: string): Promise<Verdict> {
  const audited = await npmAudit(root);
  if (!audited) return { passed: true, text: "advisories were not checked: the registry did not tell them" };
  return judge(audited, lockOf(root));
}

/** Severe advisories of what is deployed fail; others are told. */
export function judge({ vulnerabilities = {} }: Audit, { packages }: Lock): Verdict {
  const all = Object.entries(vulnerabilities);
  const failing = all.filter(
    ([, { severity, nodes }]) =>
      SEVERE.includes(severity) && nodes.some((node) => packages[node]?.dev !== true),
  );
  const shown = (failing.length > 0 ? failing : all).map(([name, { severity }]) => `${name} (${severity})`);
  return {
    passed: failing.length === 0,
    text: shown.length === 0 ? "" : `advisories about ${shown.join(", ")}: npm audit tells more`,
  };
}

/** Undefined: the registry is away, or tells no advisories. */
async function npmAudit(root: string): Promise<Audit | undefined> {
  const run = promisify(execFile)("npm", ["audit", "--json", "--fetch-retries=0"], {
    cwd: root,
    timeout: REGISTRY_WITHIN,
    maxBuffer: 64 * 1_024 * 1_024,
  });
  // With advisories npm ends with 1, and its report is as good.
  const text = await run.then(
    ({ stdout }) => stdout,
    (error: { stdout?: string }) => error.stdout ?? "",
  );
  try {
    const audit = JSON.parse(text) as Audit;
    return audit.vulnerabilities ? audit : undefined;
  } catch {
    return undefined;
  }
}
