/** What an import could not say, as a page to read and work off. */
import { count, plural } from "../text.ts";
import type { Imported } from "./definition.ts";
import type { Finding, Findings } from "./findings.ts";
import type { Replayed } from "./replay.ts";

/** Places of the old standings that are told. */
const PLACES_MAX = 50;

export function reportOf(from: string, imported: Imported, findings: Findings, replayed?: Replayed): string {
  const { hunt, clues, files } = imported;
  const parts = [
    `# ${hunt}: taken over from ${from}`,
    `${plural(clues.length, "clue")}, ${plural(files.length, "file")}. Look at hunt.yaml, then publish the folder:`,
    fence("npm run hunt -- lint hunt.yaml", "npm run hunt -- push ."),
    section(
      "To do by hand",
      "These clues open by an organiser's hand alone (`opens: manual`), until what is said here is settled.",
      findings.of("manual"),
    ),
    section("Said otherwise", "These things are there, and not quite as they were.", findings.of("changed")),
    section("Without a counterpart", "These things are not in the hunt.", findings.of("left")),
    ...(replayed && replayed.lines.length > 0 ? [replayPart(hunt, replayed)] : []),
  ];
  return `${parts.filter((part) => part !== "").join("\n\n")}\n`;
}

function section(title: string, about: string, findings: readonly Finding[]): string {
  if (findings.length === 0) return "";
  const byAbout = Map.groupBy(findings, (finding) => finding.about);
  const lines = [...byAbout].map(([name, own]) =>
    own.length === 1
      ? `- **${escaped(name)}**: ${escaped(own[0]?.message ?? "")}`
      : [`- **${escaped(name)}**:`, ...own.map(({ message }) => `  - ${escaped(message)}`)].join("\n"),
  );
  return [`## ${title}`, about, lines.join("\n")].join("\n\n");
}

function replayPart(hunt: string, { lines, standings }: Replayed): string {
  const rows = standings
    .slice(0, PLACES_MAX)
    .map(({ team, score, solves }, index) => `| ${index + 1} | ${escaped(team)} | ${score} | ${solves} |`);
  const more = standings.length - rows.length;
  return [
    "## What was played",
    `replay.ndjson has ${plural(lines.length, "line")}: joinings, answers, hints and awards, each at its own time. Replay it after publishing and before the hunt is live, and look at the standings. (With a start that is past and an end that is not, a hunt is live as soon as it is published: take the times out first.)`,
    fence(
      `npm run hunt -- import ${hunt} replay.ndjson --strict`,
      `npm run hunt -- leaderboard ${hunt}`,
      `npm run hunt -- verify ${hunt}`,
    ),
    "As it stood there at last. What is not replayed, by the list above, makes a difference; teams of equal scores can stand in another order.",
    ["| | team | score | solves |", "|---|---|---|---|", ...rows].join("\n"),
    ...(more > 0 ? [`… and ${count(more)} more.`] : []),
  ].join("\n\n");
}

const fence = (...lines: string[]): string => ["```sh", ...lines, "```"].join("\n");

/** Text of others in a line of Markdown. */
const escaped = (text: string): string => text.replaceAll(/\s+/g, " ").replaceAll(/[\\`*_[\]<>|]/g, "\\$&");
