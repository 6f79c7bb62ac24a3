/** `npm run dev`: wrangler's development server, which reloads (scripts/local/dev.ts). Arguments go to wrangler. */
import { develop } from "./local/dev.ts";

try {
  process.exitCode = await develop(process.env, process.argv.slice(2));
} catch (error) {
  process.stderr.write(`error: ${(error as Error).message}\n`);
  process.exitCode = 1;
}
