/** `npm run dashboards`: writes ops/grafana from ops/dashboards.ts. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { dashboards } from "../ops/dashboards.ts";
import { commandOf } from "./local/command-line.ts";

commandOf("dashboards", "Writes the dashboards of ops/grafana from ops/dashboards.ts").parse();
const folder = join(import.meta.dirname, "..", "ops", "grafana");
mkdirSync(folder, { recursive: true });
for (const [name, dashboard] of dashboards()) {
  writeFileSync(join(folder, name), `${JSON.stringify(dashboard, null, 2)}\n`);
}
