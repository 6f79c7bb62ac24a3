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

/** Of these: rates, times and memory are looked at, so that each has the machine to itself. */
const alone = [
  "test/faults/{delivery,live,origin,proxy,queue,timing}.test.ts",
  "test/e2e/{demo,npm-start,postgres,prometheus}.test.ts",
  "test/contract/{budgets,live,metrics,origin}.test.ts",
  "test/contract/fuzz/*.test.ts",
];

/** A machine that does other things as well takes long; what hangs is told all the same. */
const patience = { testTimeout: 180_000, hookTimeout: 180_000, expect: { poll: { timeout: 60_000 } } };

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          environment: "node",
          include: ["test/**/*.test.ts"],
          exclude: [...workerd, ...engine],
          // The default on two cores is one.
          maxWorkers: 2,
          ...patience,
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
                // Of test/shard/flips.workerd.test.ts; more by `FLIPS=1000 npm test -- test/shard/flips`.
                FLIPS: Number(process.env.FLIPS ?? 200),
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
          maxWorkers: 2,
          ...patience,
          // A CommonJS package around ES modules, which Vite must bundle first.
          deps: { optimizer: { ssr: { enabled: true, include: ["itty-durable"] } } },
        },
      },
      {
        test: {
          name: "engine",
          environment: "node",
          include: engine,
          exclude: alone,
          maxWorkers: 2,
          ...patience,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: "alone",
          environment: "node",
          include: alone,
          fileParallelism: false,
          ...patience,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
