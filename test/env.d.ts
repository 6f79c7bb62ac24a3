// Bindings of `import { env, exports } from "cloudflare:workers"` in *.workerd.test.ts.
declare namespace Cloudflare {
  interface Env extends EngineEnv {}
  interface GlobalProps {
    mainModule: typeof import("../src/worker.ts");
  }
}

type EngineEnv = import("../src/worker.ts").Env;

/** Vite gives a file's text for this ending. */
declare module "*?raw" {
  const text: string;
  export default text;
}
