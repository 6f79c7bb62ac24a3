/**
 * `npm run hunt -- <command>`: the organiser's command line. docs/cli.md is its
 * reference, scripts/hunt/main.ts its table of commands.
 */
import { main } from "./hunt/main.ts";

// `hunt export … | head`: the reader has what it wanted.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(0);
  throw error;
});

process.exitCode = await main(process.argv.slice(2), process);
