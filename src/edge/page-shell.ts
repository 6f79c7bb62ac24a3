/** A page as the build made it (scripts/local/web.ts), and what the engine adds: the hunt's title, its inline style's hash. PURE. */

/** Stands in a page wherever the hunt's title belongs. */
export const SHELL_TITLE = "Treasure hunt";

const ENTITIES: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

export const withTitle = (html: string, title: string): string =>
  html.replaceAll(
    `>${SHELL_TITLE}</`,
    () => `>${title.replaceAll(/[&<>"]/g, (sign) => ENTITIES[sign] ?? "")}</`,
  );

/** The texts of the inline styles, as the page's policy hashes them. */
export const stylesOf = (html: string): string[] =>
  [...html.matchAll(/<style>([^<]*)<\/style>/g)].map(([, style]) => style ?? "");

export async function hashOf(style: string): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(style)));
  return btoa(String.fromCharCode(...digest));
}
