/**
 * `npm run dev`: `wrangler dev` with reload, on the local engine's secrets and
 * with the origin's migrations applied. For load and tests use `npm start`:
 * wrangler's development server is slow and drops requests under bursts.
 */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { dataDirectory, secretsOf } from "./local/secrets.ts";

const root = join(import.meta.dirname, "..");
const variables = join(root, ".dev.vars");
if (!existsSync(variables)) {
  const secrets = await secretsOf(dataDirectory());
  const lines = Object.entries(secrets).map(([name, value]) => `${name}="${value}"\n`);
  await writeFile(variables, lines.join(""), { mode: 0o600 });
}
await wrangler("d1", "migrations", "apply", "hunt-origin", "--local");
process.exitCode = await wrangler("dev", ...process.argv.slice(2));

function wrangler(...args: string[]): Promise<number> {
  const child = spawn("wrangler", args, { cwd: root, stdio: "inherit" });
  return new Promise((done, fail) => {
    child.once("error", fail);
    child.once("exit", (code) => done(code ?? 1));
  });
}
