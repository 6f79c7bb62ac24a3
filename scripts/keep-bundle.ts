/** `npm run keep-bundle`: keeps the engine of today for comparisons with later ones (scripts/local/kept-bundle.ts). */
import { commandOf, fromCaller } from "./local/command-line.ts";
import { keepBundle } from "./local/kept-bundle.ts";

const command = commandOf("keep-bundle", "Builds the engine and keeps it, small, for later comparisons")
  .argument("<folder>", "such as test/fixtures/engine-before-16; it needs a README that says the commit")
  .parse();
const [folder = ""] = command.args;
await keepBundle(fromCaller(folder));
