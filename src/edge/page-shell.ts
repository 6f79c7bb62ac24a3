/** A page as the build made it (scripts/local/web.ts), and what the engine adds of the hunt: its title, look and preview; and the hashes of inline styles. PURE. */
import { ASSET_SCHEME, assetTypeOf } from "../contract/asset-types.ts";
import { styleOf, tintsOf } from "../contract/tints.ts";
import type { PublicHunt } from "../hunt/compiled.ts";

/** Stands in a page wherever the hunt's title belongs. */
export const SHELL_TITLE = "Treasure hunt";

const ENTITIES: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
const escaped = (text: string): string => text.replaceAll(/[&<>"]/g, (sign) => ENTITIES[sign] ?? "");

/** What stands in the head of every page, and is another one in that of a hunt. */
export const SHELL_THEME = '<meta name="theme-color" content="#0f2a3d">';
export const SHELL_MANIFEST = '<link rel="manifest" href="/manifest.webmanifest">';
export const SHELL_ICON = '<link rel="icon" href="/icon.svg" type="image/svg+xml">';

/** Characters of a description in a preview. */
const SUMMARY_MAX = 200;

/** Characters of a description that are looked at for it. */
const READ_MAX = 2_000;

/** What a description says, without its marks: previews show plain text. */
export function summaryOf(markdown: string): string {
  const plain = markdown
    .slice(0, READ_MAX)
    .replaceAll(/!\[([^\]]*)\]\([^)]*\)/g, "")
    .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1")
    .replaceAll(/^[ \t]*(?:#{1,6}|>|[-*+])[ \t]+/gm, "")
    .replaceAll(/[*_`~|]+/g, "")
    .replaceAll(/\s+/g, " ")
    .trim();
  const characters = [...plain];
  return characters.length <= SUMMARY_MAX ? plain : `${characters.slice(0, SUMMARY_MAX - 1).join("")}…`;
}

/** A picture of the look by an address that lasts: everybody may see it, and it needs no ticket. */
function pictureOf(
  hunt: PublicHunt,
  reference: string | undefined,
): { path: string; type: string } | undefined {
  const name = reference?.slice(ASSET_SCHEME.length) ?? "";
  if (reference === undefined || !Object.hasOwn(hunt.assets ?? {}, name)) return undefined;
  return { path: `/v1/hunts/${hunt.hunt}/assets/${name}`, type: assetTypeOf(name)?.type ?? "" };
}

const SVG = "image/svg+xml";

/** What an app that shows a link takes: pictures that are drawn by a program are none for it. */
function previewOf(hunt: PublicHunt, origin: string, path: string): string[] {
  const { title, description = "", look = {} } = hunt;
  const summary = summaryOf(description);
  const [wide, small] = [[look.card, look.cover], [look.logo]].map((named) =>
    named.map((each) => pictureOf(hunt, each)).find((each) => each && each.type !== SVG),
  );
  const picture = wide ?? small;
  const properties: [string, string][] = [
    ["og:type", "website"],
    ["og:title", title],
    ...(summary === "" ? [] : [["og:description", summary] as [string, string]]),
    ["og:url", origin + path],
    ...(picture ? [["og:image", origin + picture.path] as [string, string]] : []),
    ...(picture ? [["og:image:alt", title] as [string, string]] : []),
  ];
  return [
    ...properties.map(([name, content]) => `<meta property="${name}" content="${escaped(content)}">`),
    `<meta name="twitter:card" content="${wide ? "summary_large_image" : "summary"}">`,
    ...(summary === "" ? [] : [`<meta name="description" content="${escaped(summary)}">`]),
  ];
}

/** A page of the hunt. `path`: its address, as everybody may know it. */
export function pageOfHunt(html: string, hunt: PublicHunt, origin: string, path: string): string {
  const { title, look = {} } = hunt;
  const style = styleOf(look);
  const tints = tintsOf(look);
  const logo = pictureOf(hunt, look.logo);
  const head = [
    ...previewOf(hunt, origin, path),
    ...(logo && logo.type !== SVG ? [`<link rel="apple-touch-icon" href="${escaped(logo.path)}">`] : []),
    `<meta name="apple-mobile-web-app-title" content="${escaped(title)}">`,
    ...(style === "" ? [] : [`<style>${style}</style>`]),
  ].join("\n");
  const icon = logo && `<link rel="icon" href="${escaped(logo.path)}" type="${logo.type}">`;
  const theme = tints && `<meta name="theme-color" content="${tints.light.deep}">`;
  return html
    .replace(SHELL_MANIFEST, () => `<link rel="manifest" href="/play/${hunt.hunt}/app.webmanifest">`)
    .replace(SHELL_ICON, (own) => icon ?? own)
    .replace(SHELL_THEME, (own) => theme ?? own)
    .replace("</head>", () => `${head}\n</head>`)
    .replaceAll(`>${SHELL_TITLE}</`, () => `>${escaped(title)}</`);
}

/** What the hunt is as an installed app. */
export function manifestOf(hunt: PublicHunt): object {
  const { title, look = {} } = hunt;
  const tints = tintsOf(look)?.light;
  const logo = pictureOf(hunt, look.logo);
  const own = { src: "/icon.svg", sizes: "any", type: SVG, purpose: "any maskable" };
  return {
    id: `/play/${hunt.hunt}`,
    name: title,
    short_name: title,
    start_url: `/play/${hunt.hunt}`,
    scope: "/play/",
    display: "standalone",
    background_color: tints?.deep ?? "#0f2a3d",
    theme_color: tints?.deep ?? "#0f2a3d",
    icons: logo ? [{ src: logo.path, sizes: "any", type: logo.type, purpose: "any" }, own] : [own],
  };
}

/** The texts of the inline styles, as the page's policy hashes them. */
export const stylesOf = (html: string): string[] =>
  [...html.matchAll(/<style>([^<]*)<\/style>/g)].map(([, style]) => style ?? "");

export async function hashOf(style: string): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(style)));
  return btoa(String.fromCharCode(...digest));
}
