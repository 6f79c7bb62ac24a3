/** The Worker of the floors, in a miniflare of its own. */
import { join } from "node:path";
import { build } from "esbuild";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";

export interface Floor {
  /** Past miniflare's entry worker, as `directUrl` of an engine. */
  url: string;
  stop(): Promise<void>;
}

export async function startFloor(scratch: string): Promise<Floor> {
  const outfile = join(scratch, "floor.js");
  await build({
    entryPoints: [new URL("./floor/worker.ts", import.meta.url).pathname],
    bundle: true,
    format: "esm",
    external: ["cloudflare:workers"],
    outfile,
    logLevel: "error",
  });
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      name: "floor",
      modules: [{ type: "ESModule", path: outfile }],
      modulesRoot: scratch,
      compatibilityDate: "2026-10-01",
      compatibilityFlags: ["nodejs_compat"],
      durableObjects: { FLOOR: { className: "Floor", useSQLite: true } },
      host: "127.0.0.1",
      port: 0,
      unsafeDirectSockets: [{ host: "127.0.0.1", port: 0 }],
      cf: false,
      // As the engine: otherwise every request is also one to this process.
      logRequests: false,
      resourcePersistencePath: join(scratch, "floor"),
    } as Parameters<typeof convertV4MiniflareOptions>[0]),
  );
  await miniflare.ready;
  const url = await miniflare.unsafeGetDirectURL();
  return { url: url.origin, stop: () => miniflare.dispose() };
}
