/** The pages of a hunt as the engine sends them: in frames of other sites, under another host name, in the hunt's look. */
import { request } from "node:http";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Engine, startEngine } from "../../scripts/local/engine.ts";
import type { Hunt } from "../../src/contract/hunt.ts";
import { hashOf, stylesOf } from "../../src/edge/page-shell.ts";
import { jpeg, png, svg } from "../assets/files.ts";
import { Client, expectProblem } from "./client.ts";
import { manyClues } from "./hunts.ts";

let engine: Engine;
let client: Client;

const MUSEUM = "https://museum.example";
const LOCAL = "http://localhost:3000";

beforeAll(async () => {
  engine = await startEngine({ vars: { RATE_LIMITS: "off" } });
  client = await Client.of(engine);
  await client.publish("shown", manyClues(1, { embed: [MUSEUM, LOCAL] }));
  await client.publish("closed", manyClues(1));
});
afterAll(() => engine.stop());

const framesOf = async (path: string): Promise<string | undefined> => {
  const { headers } = await fetch(new URL(path, engine.url));
  return /frame-ancestors ([^;]*)/.exec(headers.get("content-security-policy") ?? "")?.[1];
};

describe("[WEB-110] frames", () => {
  test("are open to the sites that a hunt names, for its own pages alone", async () => {
    for (const path of ["/play/shown", "/board/shown"])
      expect(await framesOf(path), path).toBe(`${MUSEUM} ${LOCAL}`);
    for (const path of [
      "/",
      "/play",
      "/organise",
      "/organise/shown",
      "/board",
      "/play/closed",
      "/board/closed",
      "/play/missing",
    ]) {
      expect(await framesOf(path), path).toBe("'none'");
    }
  });

  test.each([
    "http://museum.example",
    "https://museum.example/",
    "https://museum.example; script-src *",
    "https://*.example",
    "https://Museum.example",
    "*",
    "'self'",
    "https://",
    "https://a..b",
    "data:",
  ])("are for origins: %s is refused", async (origin) => {
    const refused = await client.organise("PUT", "/v1/hunts/refused", manyClues(1, { embed: [origin] }));
    expect(expectProblem(refused, "invalid").issues?.[0]?.path).toBe("embed.0");
  });
});

describe("[WEB-113] imprint and privacy", () => {
  const pages = [{ id: "imprint", title: "Imprint", body: "The museum." }];

  test("are told of the hunt, as its own page or an address", async () => {
    const legal = { imprint: "page:imprint", privacy: "https://museum.example/privacy" };
    await client.publish("legal", manyClues(1, { pages, legal }));
    expect((await client.call<{ legal: object }>("GET", "/v1/hunts/legal")).body.legal).toEqual(legal);
  });

  test.each([
    ["page:missing", "no-such-page"],
    ["javascript:alert(1)", "format"],
    ["http://museum.example", "format"],
  ])("%s is refused", async (imprint, code) => {
    const refused = await client.organise(
      "PUT",
      "/v1/hunts/refused",
      manyClues(1, { pages, legal: { imprint } }),
    );
    expect(expectProblem(refused, "invalid").issues).toEqual([
      expect.objectContaining({ path: "legal.imprint", code }),
    ]);
  });
});

describe("the look of a hunt", () => {
  const MARKS = `<script>alert("canary")</script>\u2028&"'`;
  const LOOK = { logo: "asset:brand/logo.png", cover: "asset:cover.jpg", colour: "#c8102e", font: "rounded" };
  const put = async (hunt: string, name: string, body: Uint8Array<ArrayBuffer> | string): Promise<void> => {
    const type = "application/octet-stream";
    await client.call("PUT", `/v1/hunts/${hunt}/assets/${name}`, {
      token: client.organiserToken,
      body,
      type,
    });
  };
  const pageAt = async (path: string, language = "en"): Promise<{ html: string; headers: Headers }> => {
    const response = await fetch(new URL(path, engine.url), { headers: { "accept-language": language } });
    expect(response.status).toBe(200);
    return { html: await response.text(), headers: response.headers };
  };
  const contentOf = (html: string, property: string): string | undefined =>
    new RegExp(`<meta (?:property|name)="${property}" content="([^"]*)">`).exec(html)?.[1];

  beforeAll(async () => {
    await put("worn", "brand/logo.png", png({ side: 12 }));
    await put("worn", "cover.jpg", jpeg());
    await put("worn", "hidden.png", png({ side: 13 }));
    await client.publish(
      "worn",
      manyClues(1, {
        languages: ["en", "de"],
        title: { en: `Harbour ${MARKS}`, de: "Hafen" },
        description: { en: `**Five** [clues](https://a.example) ${MARKS}`, de: "Fünf Rätsel" },
        look: LOOK,
      }),
    );
  });

  test("[LOOK-4] is told of the hunt and to players, its pictures by addresses that open them", async () => {
    const { look } = (await client.call<Hunt>("GET", "/v1/hunts/worn")).body;
    expect(look).toMatchObject({ colour: "#c8102e", font: "rounded" });
    const player = await client.team("worn", "Worn");
    const told = (await client.me(player)).look;
    for (const each of [look, told]) {
      const logo = await fetch(new URL(each?.logo ?? "", engine.url));
      expect(Buffer.from(await logo.arrayBuffer())).toEqual(Buffer.from(png({ side: 12 })));
      expect(each?.cover).toMatch(/^\/v1\/hunts\/worn\/assets\/cover\.jpg\?t=/);
    }
    expect(told).toEqual(look);
    expect((await client.call<Hunt>("GET", "/v1/hunts/shown")).body).not.toHaveProperty("look");
  });

  test.each([
    [{ logo: "asset:missing.png" }, "look.logo", "no-such-asset"],
    [{ cover: "asset:plan.pdf" }, "look.cover", "format"],
    [{ cover: "https://elsewhere.example/a.png" }, "look.cover", "format"],
    [{ colour: "red" }, "look.colour", "format"],
    [{ colour: "#c8102e;}" }, "look.colour", "format"],
    [{ background: "url(https://a.example)" }, "look.background", "format"],
    [{ font: "Comic Sans" }, "look.font", "value"],
    [{ color: "#c8102e" }, "look.color", "unknown-key"],
  ])("[LOOK-1] %o is refused", async (look, path, code) => {
    const refused = await client.organise("PUT", "/v1/hunts/refused", manyClues(1, { look }));
    expect(expectProblem(refused, "invalid").issues).toEqual([expect.objectContaining({ path, code })]);
  });

  test("[WEB-135] is in the page's own style, by its hash, and nothing of it is markup", async () => {
    for (const path of ["/play/worn", "/board/worn"]) {
      const { html, headers } = await pageAt(path);
      expect(html, path).not.toContain("<script>alert");
      expect(html.match(/<title>/g)).toHaveLength(1);
      const policy = headers.get("content-security-policy") ?? "";
      expect(policy).not.toContain("unsafe-inline");
      const styles = stylesOf(html);
      expect(styles.at(-1)).toContain("--signal:#c8102e");
      for (const style of styles) expect(policy).toContain(`'sha256-${await hashOf(style)}'`);
    }
    const plain = await pageAt("/play/shown");
    expect(plain.html).not.toContain("--signal:#c8102e;");
    expect(plain.headers.get("content-security-policy")).toMatch(/style-src 'self' 'sha256-[^ ]+';/);
  });

  test("[WEB-136] has a preview: title, a summary, the card or else the cover, in the reader's language", async () => {
    const { html } = await pageAt("/play/worn");
    expect(contentOf(html, "og:title")).toBe(
      "Harbour &lt;script&gt;alert(&quot;canary&quot;)&lt;/script&gt;\u2028&amp;&quot;'",
    );
    expect(contentOf(html, "og:description")).toMatch(/^Five clues &lt;script&gt;/);
    expect(contentOf(html, "og:url")).toBe(new URL("/play/worn", engine.url).href);
    const picture = contentOf(html, "og:image") ?? "";
    expect(picture).toBe(new URL("/v1/hunts/worn/assets/cover.jpg", engine.url).href);
    expect((await fetch(picture)).headers.get("content-type")).toBe("image/jpeg");
    expect(contentOf(html, "twitter:card")).toBe("summary_large_image");
    const german = await pageAt("/play/worn", "de-AT");
    expect(contentOf(german.html, "og:title")).toBe("Hafen");
    expect(german.html).toContain("<title>Hafen</title>");
    expect(german.headers.get("vary")).toBe("Accept-Language");
    expect(contentOf((await pageAt("/play/worn?lang=de")).html, "og:title")).toBe("Hafen");
    expect(html).not.toContain("hidden.png");
    await put("carded", "logo.svg", svg());
    await put("carded", "card.png", png({ side: 14 }));
    await client.publish(
      "carded",
      manyClues(1, { look: { logo: "asset:logo.svg", card: "asset:card.png" } }),
    );
    const carded = await pageAt("/board/carded");
    expect(contentOf(carded.html, "og:image")).toBe(
      new URL("/v1/hunts/carded/assets/card.png", engine.url).href,
    );
    expect((await pageAt("/organise/worn")).html).not.toContain("og:");
  });

  test("[WEB-10] the player page's first load stays within 60 KB, HTML, style and scripts", async () => {
    const { html } = await pageAt("/play/worn");
    const scripts = [...html.matchAll(/(?:src|href)="(\/assets\/[^"]+\.js)"/g)].map(([, path]) => path ?? "");
    expect(scripts.length).toBeGreaterThan(1);
    const texts = await Promise.all(
      scripts.map(async (path) => (await fetch(new URL(path, engine.url))).arrayBuffer()),
    );
    const sizes = [Buffer.from(html), ...texts].map((text) => gzipSync(text, { level: 9 }).length);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(60 * 1_024);
  });

  test("[WEB-137] the installed app has the hunt's name, icon and colour", async () => {
    const { html } = await pageAt("/play/worn");
    const [, address = ""] = /<link rel="manifest" href="([^"]+)">/.exec(html) ?? [];
    const { html: text, headers } = await pageAt(address);
    expect(headers.get("content-type")).toBe("application/manifest+json");
    const manifest = JSON.parse(text);
    expect(manifest).toMatchObject({ start_url: "/play/worn", scope: "/play/", name: `Harbour ${MARKS}` });
    expect(manifest.theme_color).toBe(/name="theme-color" content="([^"]+)"/.exec(html)?.[1]);
    expect(manifest.icons[0]).toMatchObject({
      src: "/v1/hunts/worn/assets/brand/logo.png",
      type: "image/png",
    });
    expect((await fetch(new URL(manifest.icons[0].src, engine.url))).status).toBe(200);
    expect(html).toContain('<link rel="apple-touch-icon" href="/v1/hunts/worn/assets/brand/logo.png">');
    expect(JSON.parse((await pageAt("/play/shown/app.webmanifest")).html).icons).toHaveLength(1);
    for (const path of ["/play/missing/app.webmanifest", "/play/Bad%22/app.webmanifest"])
      expect((await fetch(new URL(path, engine.url))).status).toBe(404);
  });
});

/** The response to a request of another Host. */
const asHost = (host: string, path: string): Promise<{ status: number; body: string }> =>
  new Promise((done, fail) => {
    const { hostname, port } = engine.url;
    request({ hostname, port, path, headers: { host } }, (response) => {
      const parts: Buffer[] = [];
      response.on("data", (part: Buffer) => parts.push(part));
      response.on("end", () =>
        done({ status: response.statusCode ?? 0, body: Buffer.concat(parts).toString() }),
      );
    })
      .on("error", fail)
      .end();
  });

test("[WEB-111] a second host name serves the same hunt, and its links stay there", async () => {
  const host = "trail.museum.example";
  expect((await asHost(host, "/play/shown")).status).toBe(200);
  const { hunt } = JSON.parse((await asHost(host, "/v1/hunts/shown")).body);
  expect(hunt).toBe("shown");
  const { servers } = JSON.parse((await asHost(host, "/openapi.json")).body);
  expect(servers).toEqual([{ url: `http://${host}` }]);
});
