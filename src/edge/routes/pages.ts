/**
 * The pages of src/web. Where the platform serves static assets, they come
 * before the Worker; what comes here are addresses that name a hunt, and all of
 * a page's addresses are one file. The local engine leaves files to the Worker
 * as well, because miniflare's own router takes four times what an event takes.
 */
import type { Context } from "hono";
import type { Env } from "../../objects/env.ts";
import { PAGE_HEADERS } from "../page-headers.ts";
import type { App } from "../request.ts";

export function pageRoutes(app: App): void {
  const page = (folder: string) => async (c: Context<{ Bindings: Env }>) => {
    const asset = await c.env.ASSETS.fetch(new URL(`/${folder}/`, c.req.url));
    const response = new Response(asset.body, asset);
    for (const [name, value] of Object.entries(PAGE_HEADERS)) response.headers.set(name, value);
    return response;
  };
  for (const file of ["/", "/play/service-worker.js", "/assets/*", "/icon.svg", "/manifest.webmanifest"]) {
    app.get(file, (async (c: Context<{ Bindings: Env }>) => {
      const asset = await c.env.ASSETS.fetch(c.req.raw);
      if (asset.status === 404) return c.notFound();
      const answer = new Response(asset.body, asset);
      answer.headers.set("X-Content-Type-Options", "nosniff");
      return answer;
    }) as never);
  }
  for (const folder of ["play", "organise", "board"]) {
    for (const path of [`/${folder}`, `/${folder}/`, `/${folder}/:hunt`])
      app.get(path, page(folder) as never);
  }
}
