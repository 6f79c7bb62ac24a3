/** The engine's Worker with one route more: `GET /-/reading` gives the reading that advice is judged by. */
import { readingOf } from "../../../../src/control/advice/read.ts";
import type { Env } from "../../../../src/objects/env.ts";
import engine from "../../../../src/worker.ts";

export * from "../../../../src/worker.ts";

export default {
  ...engine,
  async fetch(request: Request, env: Env, context: ExecutionContext): Promise<Response> {
    if (new URL(request.url).pathname === "/-/reading")
      return Response.json(await readingOf(env, Date.now()));
    return engine.fetch(request, env, context);
  },
};
