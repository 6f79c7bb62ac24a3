/**
 * Writes what is generated: docs/parameters.md, docs/api.md, schema/hunt.json
 * and the layers in docs/architecture.md. `--check` only compares, and fails
 * when one is out of date.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { huntJsonSchema } from "../src/hunt/definition.ts";
import { apiPage, readDocument } from "./docs/api.ts";
import { withDrawing } from "./docs/layers.ts";
import { parametersPage } from "./docs/parameters.ts";
import { commandOf } from "./local/command-line.ts";

const root = join(import.meta.dirname, "..");
const { check = false } = commandOf("docs", "Writes the generated pages and the JSON Schema anew")
  .option("--check", "only compares, and fails when one is out of date")
  .parse()
  .opts<{ check?: true }>();
const outdated: string[] = [];

write("docs/parameters.md", parametersPage());
write("schema/hunt.json", `${JSON.stringify(huntJsonSchema(), null, 2)}\n`);
write("docs/architecture.md", withDrawing(readFileSync(join(root, "docs/architecture.md"), "utf8")));
write("docs/api.md", apiPage(await readDocument()));
if (outdated.length > 0) {
  process.stderr.write(`error: out of date: ${outdated.join(", ")}; run: npm run docs\n`);
  process.exitCode = 1;
}

function write(path: string, text: string): void {
  const file = join(root, path);
  let present: string | undefined;
  try {
    present = readFileSync(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
  if (present === text) return;
  if (check) outdated.push(path);
  else {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
}
