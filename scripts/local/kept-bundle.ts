/**
 * An engine as it once was, in two small files that stay in the repository:
 * `worker.js.br` (the Worker as it would be deployed, in Brotli) and `description.json` (its
 * bindings and migrations). It runs beside the current engine in benchmarks,
 * and writes the data that the current engine must be able to open.
 */
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { brotliCompress, brotliDecompress, constants } from "node:zlib";
import { type Bundle, type Description, makeCode, makeDescription } from "./bundle.ts";

const CODE = "worker.js.br";
const DESCRIPTION = "description.json";

/** Window of the compression, as a power of two: 16 MB, more than the code has. */
const WINDOW_BITS = 24;

export async function readKeptBundle(folder: string): Promise<Bundle> {
  const [code, description] = await Promise.all([
    readFile(join(folder, CODE)),
    readFile(join(folder, DESCRIPTION), "utf8"),
  ]);
  const contents = (await promisify(brotliDecompress)(code)).toString("utf8");
  return {
    ...(JSON.parse(description) as Description),
    modules: [{ type: "ESModule", path: join(folder, "worker.js"), contents }],
    modulesRoot: folder,
    web: undefined,
  };
}

/** Builds the current source and keeps it in `folder`, which is made if need be. */
export async function keepBundle(folder: string): Promise<void> {
  const making = await mkdtemp(join(tmpdir(), "hunt-bundle-"));
  try {
    await Promise.all([makeCode(making), makeDescription(making)]);
    const code = await readFile(join(making, "code", "worker.js"), "utf8");
    const { worker, migrations } = JSON.parse(
      await readFile(join(making, DESCRIPTION), "utf8"),
    ) as Description;
    // Paths of this machine; where the bundle runs next there are others.
    const { rootPath: _root, assets, ...portable } = worker;
    const { directory: _directory, ...pages } = assets ?? {};
    const description = { worker: { ...portable, assets: pages }, migrations };
    const compressed = await promisify(brotliCompress)(
      code.replace(/\n\/\/# sourceMappingURL=.*\n?$/, "\n"),
      {
        params: {
          [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
          [constants.BROTLI_PARAM_LGWIN]: WINDOW_BITS,
        },
      },
    );
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, CODE), compressed);
    await writeFile(join(folder, DESCRIPTION), `${JSON.stringify(description, null, 2)}\n`);
  } finally {
    await rm(making, { recursive: true, force: true });
  }
}
