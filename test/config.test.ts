import { afterEach, describe, expect, test, vi } from "vitest";
import { startEngine } from "../scripts/local/engine.ts";
import { createSecrets } from "../scripts/local/secrets.ts";
import { misspelt, varsOf } from "../scripts/local/vars.ts";
import {
  configOf,
  nearestName,
  PARAMETERS,
  readConfig,
  SECRET_NAMES,
  unknownVariable,
} from "../src/config.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

describe("values", () => {
  test("[CFG-1] none, or an empty one, is the default", () => {
    expect(readConfig({ SHARDS_PER_REGION: "" })).toEqual(readConfig({}));
    expect(readConfig({ SHARDS_PER_REGION: "7" }).SHARDS_PER_REGION).toBe(7);
  });

  test("[CFG-1] one out of range is refused with its name, itself and the range", () => {
    for (const value of ["0", "1001", "x", "1e9"]) {
      expect(() => readConfig({ SHARDS_PER_REGION: value })).toThrow(
        `parameter SHARDS_PER_REGION is "${value}"; it must be 1 to 1000 shards`,
      );
    }
    expect(() => readConfig({ ORIGIN: "mysql" })).toThrow(
      'parameter ORIGIN is "mysql"; it must be one of d1, postgres',
    );
  });
});

describe("names", () => {
  test("[CFG-2] parameters, secrets and bindings are known", () => {
    expect([...SECRET_NAMES, "VAPID_KEYS"].sort()).toEqual(Object.keys(createSecrets()).sort());
    const vars = Object.fromEntries(Object.keys(PARAMETERS).map((name) => [name, "1"]));
    expect(
      unknownVariable({ ...vars, ...createSecrets(), CACHE: {}, FACTS: () => undefined, __TOOL: "x" }),
    ).toBeUndefined();
  });

  test.each([
    ["SHARDS_PER_REGOIN", "SHARDS_PER_REGION"],
    ["SHARD_PER_REGION", "SHARDS_PER_REGION"],
    ["shards_per_region", "SHARDS_PER_REGION"],
    ["SHIP_DELAY", "SHIP_DELAY_MS"],
    ["ORIGIN_TIMEOUT", "ORIGIN_TIMEOUT_MS"],
    ["CODE_KEY", "CODE_KEYS"],
    ["SOMETHING_ELSE_ALTOGETHER", undefined],
  ])("[CFG-2] %s is unknown; the nearest name is %s", (name, nearest) => {
    const advice = nearest === undefined ? "docs/parameters.md lists them" : `did you mean ${nearest}?`;
    expect(unknownVariable({ [name]: "1" })).toBe(`unknown parameter ${name}; ${advice}`);
  });

  test("[CFG-2] a swap of neighbours is one edit, and more edits than allowed are no neighbour", () => {
    expect(nearestName("PROT", ["PORT"], 1)).toBe("PORT");
    expect(nearestName("PART", ["PORT", "PARTS"], 1)).toBe("PORT");
    expect(nearestName("TROP", ["PORT"], 1)).toBeUndefined();
    expect(nearestName("PORT", [], 9)).toBeUndefined();
  });

  test("[CFG-3] a local engine does not start with an unknown var", async () => {
    await expect(startEngine({ vars: { SHARDS_PER_REGOIN: "2" } })).rejects.toThrow(
      "unknown parameter SHARDS_PER_REGOIN; did you mean SHARDS_PER_REGION?",
    );
  });

  test("[CFG-3] the environment of the process holds others' variables: only near misses are told", () => {
    const environment = {
      PATH: "/bin",
      HOME: "/",
      LANG: "C",
      npm_lifecycle_event: "start",
      PORT: "1",
      DATA_DIR: "x",
      SHARDS_PER_REGION: "3",
      SHARDS_PER_REGOIN: "2",
      DATADIR: "y",
      DATABASE_URI: "z",
    };
    expect(misspelt(environment)).toEqual([
      "SHARDS_PER_REGOIN is no parameter; did you mean SHARDS_PER_REGION?",
      "DATADIR is no parameter; did you mean DATA_DIR?",
      "DATABASE_URI is no parameter; did you mean DATABASE_URL?",
    ]);
    expect(varsOf(environment)).toEqual({
      RATE_LIMITS: "off",
      SHARDS_PER_REGION: "3",
      SHARDS_MAX: "1",
      JUDGED_AT_ONCE: "1",
    });
  });

  test("[CFG-4] a deployed engine runs with an unknown var, and logs its name once an isolate", () => {
    const logged = vi.spyOn(console, "error").mockImplementation(() => undefined);
    const env = () => ({ LOG_SAMPEL: "1", LOG_SAMPLE: "0.5", ...createSecrets() });
    expect(configOf(env()).LOG_SAMPLE).toBe(0.5);
    configOf(env());
    expect(logged.mock.calls).toEqual([
      [{ message: "unknown parameter LOG_SAMPEL; did you mean LOG_SAMPLE?" }],
    ]);
  });
});
