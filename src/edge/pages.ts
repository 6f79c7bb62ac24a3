/**
 * The pages of src/web. Static assets come before the Worker; what comes here
 * are addresses that name a hunt, and all of a page's addresses are one file.
 */
import type { Context } from "hono";
import type { Env } from "../worker.ts";
import type { App } from "./openapi.ts";
import { PAGE_HEADERS } from "./page-headers.ts";

export function pageRoutes(app: App): void {
  const page = (folder: string) => async (c: Context<{ Bindings: Env }>) => {
    const asset = await c.env.ASSETS.fetch(new URL(`/${folder}/`, c.req.url));
    const answer = new Response(asset.body, asset);
    for (const [name, value] of Object.entries(PAGE_HEADERS)) answer.headers.set(name, value);
    return answer;
  };
  for (const folder of ["play", "organise", "board"]) {
    app.get(`/${folder}`, page(folder) as never);
    app.get(`/${folder}/:hunt`, page(folder) as never);
  }
}
