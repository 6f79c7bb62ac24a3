// Bindings of `import { env, exports } from "cloudflare:workers"` in *.workerd.test.ts.
declare namespace Cloudflare {
  interface Env extends EngineEnv {}
  interface GlobalProps {
    mainModule: typeof import("../src/worker.ts");
  }
}

type EngineEnv = import("../src/objects/env.ts").Env;

/** Vite gives the files' texts by path. */
interface ImportMeta {
  glob<Text>(
    pattern: string,
    options: { query: "?raw"; import: "default"; eager: true },
  ): Record<string, Text>;
}
