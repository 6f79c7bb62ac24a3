/** A module that stands before the engine's own Worker (`EngineOptions.entry`), out of its TypeScript. */
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

/** Gives the module's text; it imports `src/worker.ts`, which stays the engine's own module. */
export async function buildEntry(entry: URL): Promise<string> {
  const built = await build({
    entryPoints: [fileURLToPath(entry.href)],
    bundle: true,
    write: false,
    format: "esm",
    conditions: ["workerd", "worker"],
    external: ["cloudflare:*", "node:*"],
    logLevel: "error",
    plugins: [
      {
        name: "the engine stays the module it is",
        setup: ({ onResolve }) =>
          onResolve({ filter: /src\/worker\.ts$/ }, () => ({ path: "./worker.js", external: true })),
      },
    ],
  });
  return built.outputFiles[0]?.text ?? "";
}
