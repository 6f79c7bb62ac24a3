import { cloudflareTest } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";
import { createSecrets } from "./scripts/local/secrets.ts";

const secrets = createSecrets();

/** The ring with a second key under the id that earlier engines gave theirs, which stored data names. */
const turned = (ring: string): string => `${ring},k1:${ring.split(":")[1]}`;

/** Tests that run inside workerd, with the bindings of wrangler.toml. */
const workerd = ["test/**/*.workerd.test.ts"];

/** Tests that start whole engines (scripts/local/engine.ts). */
const engine = ["test/{contract,faults,e2e}/**/*.test.ts"];

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          environment: "node",
          include: ["test/**/*.test.ts"],
          exclude: [...workerd, ...engine],
        },
      },
      {
        plugins: [
          cloudflareTest({
            wrangler: { configPath: "./wrangler.toml" },
            miniflare: {
              bindings: {
                ...secrets,
                ANSWER_PEPPERS: turned(secrets.ANSWER_PEPPERS),
                CODE_KEYS: turned(secrets.CODE_KEYS),
                RATE_LIMITS: "off",
                // This tool switches the platform's `handle_cross_request_promise_resolution` off, so that a call
                // that another request lets into the origin's line would go on as part of that request, and fail.
                ORIGIN_CONCURRENCY: 100,
              },
              cf: false,
            },
          }),
        ],
        test: {
          name: "workerd",
          include: workerd,
          exclude: engine,
          // A CommonJS package around ES modules, which Vite must bundle first.
          deps: { optimizer: { ssr: { enabled: true, include: ["itty-durable"] } } },
        },
      },
      {
        test: {
          name: "engine",
          environment: "node",
          include: engine,
          // Each engine has the machine to itself, so that times mean something.
          fileParallelism: false,
          testTimeout: 60_000,
          hookTimeout: 60_000,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
