/**
 * The pages of src/web. Where the platform serves static assets, they come
 * before the Worker; what comes here are addresses that name a hunt, or nothing,
 * and all of a page's addresses are one file. The local engine leaves files to
 * the Worker as well, because miniflare's own router takes four times what an
 * event takes.
 */
import { systemClock, within } from "../../clock.ts";
import { configOf } from "../../config.ts";
import { SLUG } from "../../contract/basics.ts";
import { styleOf } from "../../contract/tints.ts";
import { RequestError } from "../../errors.ts";
import type { PublicHunt } from "../../hunt/compiled.ts";
import { identify, spokenIn } from "../headers.ts";
import { huntEntry } from "../hunt.ts";
import { inLanguageOf } from "../language.ts";
import { framedBy, pageHeaders, styledBy } from "../page-headers.ts";
import { hashOf, manifestOf, pageOfHunt, stylesOf } from "../page-shell.ts";
import { type App, publicOrigin, type Request$ } from "../request.ts";

/** Longest that a page waits for the title of its hunt, ms: it is read in the page as well. */
const TITLE_WAIT = 500;

interface Page {
  html: string;
  headers: Record<string, string>;
}

/** What this isolate has read: a release has one file a page. */
const pages = new Map<string, Page>();

/** The page of `folder` ("": the start page); the assets' own response where there is none. */
async function pageOf(c: Request$, folder: string): Promise<Page | Response> {
  const known = pages.get(folder);
  if (known) return known;
  const asset = await c.env.ASSETS.fetch(new URL(folder === "" ? "/" : `/${folder}/`, c.req.url));
  if (!asset.ok) return asset;
  const html = await asset.text();
  const hashes = await Promise.all(stylesOf(html).map(hashOf));
  const headers = {
    ...pageHeaders(hashes, folder === "play" && configOf(c.env).TURNSTILE_SITE_KEY !== ""),
    "Content-Type": "text/html; charset=utf-8",
    "Cache-Control": "public, max-age=0, must-revalidate",
  };
  const page = { html, headers };
  pages.set(folder, page);
  return page;
}

/** The hunt that the path names; `null`: there is none such. Undefined: nobody can say it now. */
async function namedBy(c: Request$): Promise<PublicHunt | null | undefined> {
  // An app may have encoded the `#` behind the id.
  const hunt = c.req.param("hunt")?.split("#")[0] ?? "";
  if (!SLUG.test(hunt)) return null;
  try {
    return (await within(systemClock, TITLE_WAIT, huntEntry(c.env, hunt, c.get("now")))).hunt;
  } catch (error) {
    return error instanceof RequestError && error.code === "not_found" ? null : undefined;
  }
}

export function pageRoutes(app: App): void {
  const page = (folder: string, named: boolean) => async (c: Request$) => {
    identify(c, "everyone");
    const [found, hunt] = await Promise.all([pageOf(c, folder), named ? namedBy(c) : undefined]);
    if (found instanceof Response) return found;
    if (!hunt) return send(c, hunt === null ? 404 : 200, found);
    const { hunt: told, spoken } = inLanguageOf(c, hunt, c.req.query("lang"));
    const style = styleOf(told.look ?? {});
    const headers = style === "" ? found.headers : styledBy(found.headers, await hashOf(style));
    return send(c, 200, {
      html: pageOfHunt(found.html, told, publicOrigin(c), `/${folder}/${told.hunt}`),
      // Whoever cannot say which sites may show it closes it to all.
      headers: {
        ...(told.embed ? framedBy(headers, told.embed) : headers),
        ...(spoken?.byHeader ? { Vary: "Accept-Language" } : {}),
      },
    });
  };
  app.get("/play/:hunt/app.webmanifest", (async (c: Request$) => {
    identify(c, "everyone");
    const hunt = await namedBy(c);
    if (hunt === null) return c.notFound();
    if (hunt === undefined) throw new RequestError("unavailable", "the hunt cannot be read now");
    const { hunt: told, spoken } = inLanguageOf(c, hunt, c.req.query("lang"));
    return c.body(JSON.stringify(manifestOf(told)), 200, {
      "Content-Type": "application/manifest+json",
      "Cache-Control": "public, max-age=0, must-revalidate",
      "X-Content-Type-Options": "nosniff",
      "X-Request-Id": c.get("requestId"),
      ...spokenIn(c, spoken),
    });
  }) as never);
  const files = [
    "/",
    "/play/service-worker.js",
    "/assets/*",
    "/parts/*",
    "/icon.svg",
    "/manifest.webmanifest",
    "/llms.txt",
  ];
  for (const file of files) {
    app.get(file, (async (c: Request$) => {
      const asset = await c.env.ASSETS.fetch(c.req.raw);
      if (asset.status === 404) return c.notFound();
      const answer = new Response(asset.body, asset);
      answer.headers.set("X-Content-Type-Options", "nosniff");
      return answer;
    }) as never);
  }
  for (const folder of ["play", "organise", "board"]) {
    for (const path of [`/${folder}`, `/${folder}/`]) app.get(path, page(folder, false) as never);
    app.get(`/${folder}/:hunt`, page(folder, folder !== "organise") as never);
  }
  for (const folder of ["docs", "docs/guides"]) {
    for (const path of [`/${folder}`, `/${folder}/`]) app.get(path, page(folder, false) as never);
  }
}

/** The page for an address that names nothing; undefined: whoever asks is no browser that shows a page. */
export async function noPage(c: Request$): Promise<Response | undefined> {
  const { method, path } = c.req;
  const shows = c.req.header("accept")?.includes("text/html") ?? false;
  if (!shows || !["GET", "HEAD"].includes(method) || /^\/(?:v1|assets|parts)(?:\/|$)/.test(path)) return;
  const found = await pageOf(c, "").catch(() => undefined);
  if (!found || found instanceof Response) return;
  return send(c, 404, found);
}

const send = (c: Request$, status: 200 | 404, { html, headers }: Page): Response =>
  c.body(html, status, { ...headers, "X-Request-Id": c.get("requestId") });
