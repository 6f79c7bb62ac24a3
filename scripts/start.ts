/** `npm start`: the engine on http://127.0.0.1:8787, with the demo hunt (scripts/local/start.ts). */
import { commandOf } from "./local/command-line.ts";
import { serve } from "./local/start.ts";

commandOf(
  "start",
  "Runs the engine on this machine; PORT, DATA_DIR and every parameter come from the environment",
).parse();
await serve(process.env);
