import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { drawing, LAYERS, PURE, strangers } from "../../scripts/docs/layers.ts";

test("docs/architecture.md shows the layers that the check holds", () => {
  const page = readFileSync(join(import.meta.dirname, "../../docs/architecture.md"), "utf8");
  expect(page).toContain(drawing());
});

test("every file and folder of src stands in one layer", () => {
  expect(strangers()).toEqual([]);
  const paths = LAYERS.flatMap(({ rooms }) => rooms.map(({ path }) => path));
  expect(new Set(paths).size).toBe(paths.length);
});

test("a pure room is allowed nothing that stands above it", () => {
  const layerOf = (path: string): number =>
    LAYERS.findIndex(({ rooms }) => rooms.some((room) => path.split("/")[0] === room.path));
  for (const { path, may } of PURE) {
    for (const other of may)
      expect(layerOf(other), `${path} may import ${other}`).toBeGreaterThanOrEqual(layerOf(path));
  }
});

test("no type is imported in a way that the check cannot see", () => {
  const root = join(import.meta.dirname, "../..");
  const hidden = globSync("{src,scripts,ops}/**/*.{ts,tsx}", { cwd: root }).filter((path) =>
    /\bimport\("[^"]+"\)\s*\.\s*[A-Z]/.test(readFileSync(join(root, path), "utf8")),
  );
  expect(hidden).toEqual([]);
});
