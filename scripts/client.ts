/** `npm run client`: builds the package of client/, packs it and checks the archive as it would be published. */
import { join } from "node:path";
import { buildClient, packClient } from "./client/build.ts";
import { commandOf } from "./local/command-line.ts";

commandOf("client", "Builds, packs and checks the package @treasure-hunt/client").parse();
const folder = join(import.meta.dirname, "../dist/client");
await buildClient(folder);
const { archive, files } = await packClient(folder);
process.stdout.write(`${archive}: ${files.length} files\n`);
