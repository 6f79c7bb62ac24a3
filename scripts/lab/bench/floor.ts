/** The Worker of the floors, in a miniflare of its own. */
import { join } from "node:path";
import { buildWorker, startWorker } from "../lone-worker.ts";

export interface Floor {
  /** Past miniflare's entry worker, as that of an engine. */
  url: string;
  stop(): Promise<void>;
}

export async function startFloor(scratch: string): Promise<Floor> {
  const script = join(scratch, "floor.js");
  await buildWorker(new URL("./floor/worker.ts", import.meta.url), script);
  const miniflare = startWorker("floor", script, {
    durableObjects: { FLOOR: { className: "Floor", useSQLite: true } },
    unsafeDirectSockets: [{ host: "127.0.0.1", port: 0 }],
    resourcePersistencePath: join(scratch, "floor"),
  });
  await miniflare.ready;
  const url = await miniflare.unsafeGetDirectURL();
  return { url: url.origin, stop: () => miniflare.dispose() };
}
