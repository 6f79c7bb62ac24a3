/** Stubs are made in one place, so that what their errors mean is decided in one place. */
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";

const SRC = resolve(import.meta.dirname, "../../src");

test("[CTRL-5] `getByName(` stands nowhere in src but in objects/call.ts", () => {
  const files = readdirSync(SRC, { recursive: true, encoding: "utf8" }).filter((name) =>
    /\.tsx?$/.test(name),
  );
  const makers = files.filter((name) =>
    /\.getByName\(|\bgetByName\(/.test(readFileSync(join(SRC, name), "utf8")),
  );
  expect(makers).toEqual(["objects/call.ts"]);
});
