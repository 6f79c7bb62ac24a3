/** Plays a hunt: node play.mjs <url> <hunt> [answers.json]. Without answers it knows those of the demo hunt's first round. */
import { readFile } from "node:fs/promises";
import { HuntClient } from "@treasure-hunt/client";

const DEMO = { "strong-one": "tug", "cold-mother": "iceberg", "doctors-orders": "dock" };

const [url = "http://127.0.0.1:8787", hunt = "harbour-nights", file] = process.argv.slice(2);
const answers = file === undefined ? DEMO : JSON.parse(await readFile(file, "utf8"));
const client = new HuntClient({ url, hunt });
const { team, returnCode } = await client.join({
  name: "Bot",
  team: { create: `Bots ${Date.now().toString(36)}` },
});
console.log(`${team.name} plays; its way back is ${returnCode}`);

/** Clues that an answer was sent to: each is tried once. */
const tried = new Set();
for (;;) {
  const { clues } = await client.me();
  const events = clues
    .filter(({ id, state, kind }) => state === "open" && kind === "answer" && answers[id] && !tried.has(id))
    .map(({ id }) => ({ type: "answer", clue: id, answer: answers[id] }));
  if (events.length === 0) break;
  for (const { clue } of events) tried.add(clue);
  for (const { clue, outcome, points } of await client.play(events)) {
    console.log(`${clue}: ${outcome}${points === undefined ? "" : `, ${points} points`}`);
  }
}
const { score, rank } = (await client.me()).team;
console.log(`${score} points${rank === undefined ? "" : `, place ${rank}`}`);
client.close();
