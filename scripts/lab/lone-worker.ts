/** A small Worker of the experiments, in a miniflare of its own. */
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { type BuildOptions, build } from "esbuild";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";

/** Bundles an entry of TypeScript; `entry` is a URL, so that callers name a file beside them. */
export async function buildWorker(entry: URL, outfile: string, more: BuildOptions = {}): Promise<void> {
  await build({
    entryPoints: [fileURLToPath(entry.href)],
    bundle: true,
    format: "esm",
    external: ["cloudflare:*", "node:*"],
    outfile,
    logLevel: "error",
    ...more,
  });
}

/** Starts a bundle with these options of miniflare's flat form; the caller awaits `ready`. */
export function startWorker(name: string, script: string, options: object): Miniflare {
  return new Miniflare(
    convertV4MiniflareOptions({
      name,
      modules: [{ type: "ESModule", path: script }],
      modulesRoot: dirname(script),
      compatibilityDate: "2026-10-01",
      compatibilityFlags: ["nodejs_compat"],
      host: "127.0.0.1",
      port: 0,
      cf: false,
      // As the engine: otherwise every request is also one to this process.
      logRequests: false,
      ...options,
    } as Parameters<typeof convertV4MiniflareOptions>[0]),
  );
}
