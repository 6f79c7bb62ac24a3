/**
 * Posts to a Discord channel who is first: node first-solves.mjs <url> <hunt>, with the address of the channel's
 * webhook in DISCORD_WEBHOOK. It looks on as everybody does, so that it knows how many clues a team solved, and
 * not which: the organisers' own webhook (`as: discord`) names the clue.
 */
import { HuntClient } from "@treasure-hunt/client";

const [url = "http://127.0.0.1:8787", hunt = "harbour-nights"] = process.argv.slice(2);
const channel = process.env.DISCORD_WEBHOOK;
if (!channel) throw new Error("set DISCORD_WEBHOOK to the address of the channel's webhook");

/** Most solves that any team had so far; undefined until the first look, which posts nothing. */
let most;

/** Discord takes five messages in two seconds: one after the other, and what is refused for a moment again. */
let posting = Promise.resolve();
function post(content) {
  posting = posting.then(async () => {
    for (let tries = 1; tries <= 5; tries += 1) {
      // Nobody is mentioned, whatever a team is called.
      const body = JSON.stringify({ content, allowed_mentions: { parse: [] } });
      const headers = { "content-type": "application/json" };
      const response = await fetch(channel, { method: "POST", headers, body }).catch(() => undefined);
      if (response?.ok) return;
      const seconds = Number(response?.headers.get("retry-after")) || tries;
      await new Promise((done) => setTimeout(done, seconds * 1_000));
    }
    console.error("Discord did not take a message");
  });
}

const client = new HuntClient({ url, hunt });
const end = client.subscribe(
  ({ leaderboard }) => {
    if (!leaderboard) return;
    // Who solved as many as nobody before; of several, who was there first.
    const ahead = [...leaderboard.entries].sort((a, b) => b.solves - a.solves || a.rank - b.rank)[0];
    const before = most;
    if (before === undefined) console.log(`watching ${hunt}`);
    most = Math.max(most ?? 0, ahead?.solves ?? 0);
    if (before === undefined || !ahead || ahead.solves <= before) return;
    const clues = ahead.solves === 1 ? "a clue" : `${ahead.solves} clues`;
    post(`${ahead.team.name} is the first to solve ${clues}: ${ahead.score} points.`);
  },
  { ended: (why) => console.error(why.message) },
);
process.once("SIGINT", () => {
  end();
  client.close();
});
