/**
 * Builds the pages of src/web into dist/web, which the Worker serves as static
 * assets: `node scripts/local/web.ts`, run by wrangler before every bundle. Fails
 * with the table of sizes when a page is over its budget.
 */
import { copyFile, mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { basename, extname, join, relative } from "node:path";
import { gzipSync } from "node:zlib";
import { type BuildOptions, build, type Metafile } from "esbuild";
import { micromark } from "micromark";
import { gfmTable, gfmTableHtml } from "micromark-extension-gfm-table";
import { pageHeaders } from "../../src/edge/page-headers.ts";
import {
  hashOf,
  SHELL_ICON,
  SHELL_MANIFEST,
  SHELL_THEME,
  SHELL_TITLE,
  stylesOf,
} from "../../src/edge/page-shell.ts";
import { PATHS } from "../../src/web/shared/icon-paths.ts";

const root = join(import.meta.dirname, "../..");
const web = join(root, "src", "web");
const target = join(root, "dist", "web");
/** Moved to its place when it is whole: others may be copying from there. */
const out = `${target}-${process.pid}`;

/** Parts loaded on demand that are kept beforehand up to this size, bytes: languages, QR codes, Markdown; not the map and the scanner's WebAssembly. */
const SMALL = 98_304;

interface Page {
  /** Folder of src/web, and the first part of the path ("" for the start page). */
  folder: string;
  path: string;
  title: string;
  /** JavaScript and CSS that must be there before the page works, gzip, bytes. */
  budget: number;
  manifest?: true;
  /** Painted as soon as the HTML is there: its style is in it, and something to see until the script is there. */
  shell?: true;
}

const KB = 1_024;
const PAGES: readonly Page[] = [
  { folder: "start", path: "", title: SHELL_TITLE, budget: 40 * KB },
  { folder: "player", path: "play", title: SHELL_TITLE, budget: 62 * KB, manifest: true, shell: true },
  { folder: "organiser", path: "organise", title: "Organiser", budget: 120 * KB },
  { folder: "board", path: "board", title: "Leaderboard", budget: 90 * KB },
  // Most of it the style of the renderer, whose script comes on demand.
  { folder: "docs", path: "docs", title: "API reference", budget: 60 * KB },
];

/** How often the built pages are moved to their place while others do the same. */
const MOVES_MAX = 10;

const isStyle = (file: string): boolean => extname(file) === ".css";

/** Something to see until the script is there: as the player page itself looks while it waits (src/web/player/app.tsx). */
const SHELL = [
  '<div id="app"><main class="splash">',
  `<svg class="icon icon-compass" viewBox="0 0 24 24" aria-hidden="true"><path d="${PATHS.compass}"/></svg>`,
  `<h1><bdi>${SHELL_TITLE}</bdi></h1><p>…</p></main></div>`,
].join("");

await rm(out, { recursive: true, force: true });
await mkdir(join(out, "assets"), { recursive: true });
const LOADER = { ".png": "file", ".svg": "file", ".woff2": "file", ".wasm": "file" } as const;
const common = {
  bundle: true,
  format: "esm",
  minify: true,
  target: ["es2022", "safari16.4"] as string[],
  jsx: "automatic",
  jsxImportSource: "preact",
  legalComments: "none",
  // Arabic escaped takes three times the bytes.
  charset: "utf8",
  logLevel: "error",
} satisfies BuildOptions;
const { metafile } = await build({
  ...common,
  entryPoints: Object.fromEntries(PAGES.map(({ folder }) => [folder, join(web, folder, "main.tsx")])),
  splitting: true,
  metafile: true as const,
  outdir: join(out, "assets"),
  entryNames: "[name]-[hash]",
  chunkNames: "[name]-[hash]",
  assetNames: "[name]-[hash]",
  loader: LOADER,
  publicPath: "/assets",
});

// The parts that pages load when they are first used, once more, each whole in one file under a
// name that every release has: a page of an earlier release finds its own no more (src/web/shared/parts.ts).
await build({
  ...common,
  entryPoints: {
    detector: join(web, "player", "detector.ts"),
    map: join(web, "shared", "map.ts"),
    gfm: join(web, "shared", "gfm.ts"),
    sender: join(web, "player", "sender.ts"),
  },
  outdir: join(out, "parts"),
  assetNames: "../assets/[name]-[hash]",
  loader: LOADER,
  publicPath: "/parts",
});

// The console's worker, which is no part of a page: it has no document.
await build({
  ...common,
  entryPoints: { simulation: join(root, "src", "simulation", "worker.ts") },
  outdir: join(out, "parts"),
  conditions: ["worker"],
});

const hashes: string[] = [];
const sizes: { page: string; kilobytes: number; budget: number }[] = [];
for (const page of PAGES) {
  const files = filesOf(metafile, page.folder);
  sizes.push({
    page: page.folder,
    kilobytes: Math.round(((await sizeOf(files)) / KB) * 10) / 10,
    budget: page.budget / KB,
  });
  const folder = join(out, page.path);
  await mkdir(folder, { recursive: true });
  const text = await html(page, files);
  await writeFile(join(folder, "index.html"), text);
  hashes.push(...(await Promise.all(stylesOf(text).map(hashOf))));
  const parts = [...files, ...partsOf(metafile, files)];
  // A style that is in the page is no file of it.
  if (page.folder === "docs") await addGuides(files.filter(isStyle), folder);
  if (page.manifest) await addWorker(page.shell ? parts.filter((file) => !isStyle(file)) : parts, folder);
}
for (const file of await readdir(join(web, "static")))
  await copyFile(join(web, "static", file), join(out, file));
await writeFile(
  join(out, "_headers"),
  [
    "/*",
    ...Object.entries(pageHeaders(hashes)).map(([name, value]) => `  ${name}: ${value}`),
    "/assets/*",
    "  Cache-Control: public, max-age=31536000, immutable",
    "",
  ].join("\n"),
);
await moveInto(target);
const over = sizes.filter(({ kilobytes, budget }) => kilobytes > budget);
if (over.length > 0) {
  console.table(sizes);
  process.exitCode = 1;
} else if (process.argv.includes("--sizes")) console.table(sizes);

/** Another process that builds the same pages may have put its own there in between. */
async function moveInto(place: string): Promise<void> {
  for (let left = MOVES_MAX; ; left--) {
    await rm(place, { recursive: true, force: true });
    try {
      return await rename(out, place);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (left === 1 || (code !== "ENOTEMPTY" && code !== "EEXIST")) throw error;
    }
  }
}

/** The entry of a page, its style and all that it imports at once; not the parts it loads on demand. */
function filesOf(metafile: Metafile, folder: string): string[] {
  const entry = Object.entries(metafile.outputs).find(
    ([, output]) => output.entryPoint === relative(process.cwd(), join(web, folder, "main.tsx")),
  );
  if (!entry) throw new Error(`esbuild made no entry of ${folder}`);
  const found = new Set<string>();
  const add = (path: string): void => {
    if (found.has(path)) return;
    found.add(path);
    for (const { path: imported, kind } of metafile.outputs[path]?.imports ?? []) {
      if (kind === "import-statement") add(imported);
    }
  };
  add(entry[0]);
  const style = entry[1].cssBundle;
  if (style !== undefined) found.add(style);
  return [...found];
}

async function sizeOf(files: readonly string[]): Promise<number> {
  const contents = await Promise.all(files.map((file) => readFile(file)));
  return contents.reduce((sum, content) => sum + gzipSync(content, { level: 9 }).length, 0);
}

function urlOf(file: string): string {
  return `/assets/${basename(file)}`;
}

/** The styles as one text that the page holds, and its policy has the hash of. */
async function inline(styles: readonly string[]): Promise<string> {
  const text = (await Promise.all(styles.map((file) => readFile(file, "utf8")))).join("").trim();
  const element = `<style>${text}</style>`;
  if (stylesOf(element)[0] !== text)
    throw new Error("a style that is written into its page may not contain <");
  return element;
}

async function html({ title, manifest, shell }: Page, files: readonly string[]): Promise<string> {
  const [entry = "", ...rest] = files.filter((file) => extname(file) === ".js");
  const styles = files.filter(isStyle);
  return [
    "<!doctype html>",
    '<html lang="en">',
    "<head>",
    '<meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover">',
    `<title>${title}</title>`,
    SHELL_THEME,
    SHELL_ICON,
    ...(manifest ? [SHELL_MANIFEST] : []),
    ...(shell
      ? [await inline(styles)]
      : styles.map((file) => `<link rel="stylesheet" href="${urlOf(file)}">`)),
    ...rest.map((file) => `<link rel="modulepreload" href="${urlOf(file)}">`),
    `<script type="module" src="${urlOf(entry)}"></script>`,
    "</head>",
    "<body>",
    shell ? SHELL : '<div id="app"></div>',
    "<noscript>",
    '<p>This page needs JavaScript.</p><p lang="de">Diese Seite braucht JavaScript.</p>',
    '<p lang="ar" dir="rtl">تحتاج هذه الصفحة إلى JavaScript.</p>',
    "</noscript>",
    "</body>",
    "</html>",
    "",
  ].join("\n");
}

/** docs/guides.md as a page that needs no script; links to other pages of docs/ lead to the project. */
async function addGuides(styles: readonly string[], folder: string): Promise<void> {
  const text = await readFile(join(root, "docs", "guides.md"), "utf8");
  const guides = micromark(text, { extensions: [gfmTable()], htmlExtensions: [gfmTableHtml()] });
  await mkdir(join(folder, "guides"), { recursive: true });
  await writeFile(
    join(folder, "guides", "index.html"),
    [
      "<!doctype html>",
      '<html lang="en">',
      '<meta charset="utf-8">',
      '<meta name="viewport" content="width=device-width, initial-scale=1">',
      "<title>API guides</title>",
      '<link rel="icon" href="/icon.svg" type="image/svg+xml">',
      ...styles.map((file) => `<link rel="stylesheet" href="${urlOf(file)}">`),
      '<nav class="docs-head" aria-label="Documentation"><a href="/docs/">API</a> <strong>Guides</strong>',
      '<a href="/openapi.json">openapi.json</a> <a href="/llms.txt">llms.txt</a></nav>',
      `<main class="guides">${guides}</main>`,
      "",
    ].join("\n"),
  );
}

/** The files a page imports on demand, at first or second hand. */
function partsOf(metafile: Metafile, files: readonly string[]): string[] {
  const found = new Set<string>();
  const add = (path: string): void => {
    for (const { path: imported, kind } of metafile.outputs[path]?.imports ?? []) {
      if ((kind !== "dynamic-import" && kind !== "import-statement") || found.has(imported)) continue;
      if (files.includes(imported)) continue;
      found.add(imported);
      add(imported);
    }
  };
  for (const file of files) add(file);
  return [...found].filter((path) => (metafile.outputs[path]?.bytes ?? 0) <= SMALL);
}

/** The service worker knows the files of its page, and is a new one when any of them is. */
async function addWorker(files: readonly string[], folder: string): Promise<void> {
  await build({
    ...common,
    entryPoints: [join(web, "player", "service-worker.ts")],
    outfile: join(folder, "service-worker.js"),
    define: {
      PRECACHE: JSON.stringify(["/play/", "/icon.svg", "/manifest.webmanifest", ...files.map(urlOf)]),
    },
  });
}
