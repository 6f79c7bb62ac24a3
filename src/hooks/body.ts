/** Bodies of messages: the signed one as JSON, and lines of text as Discord and Slack take them. */
import type { WebhookShape } from "../contract/webhook-types.ts";
import type { Told } from "./told.ts";

/** What Discord takes at most, characters; Slack takes more. */
const TEXT_MAX = 2_000;

/** Of a test. */
export const TEST = "test";

export function bodyOf(as: WebhookShape, type: string, data: Told): string {
  if (as === "signed") return JSON.stringify({ type, timestamp: data.at, data });
  if (as === "slack") return JSON.stringify({ text: cut(lineOf(type, data, slack)), link_names: 0 });
  return JSON.stringify({ content: cut(lineOf(type, data, discord)), allowed_mentions: { parse: [] } });
}

/** How a text of players or authors, and one that stands out, is written. */
interface Writing {
  plain(text: string): string;
  strong(text: string): string;
}

/** Nobody is mentioned: `@everyone` is a word, `<!channel>` and `<@U1>` are texts. */
const discord: Writing = {
  plain: (text) => unmentioned(text).replace(/[\\*_~`|>#[\]()<]/g, "\\$&"),
  strong: (text) => `**${text}**`,
};
const slack: Writing = {
  plain: (text) => unmentioned(text).replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;"),
  strong: (text) => `*${text}*`,
};

const ZERO_WIDTH_SPACE = "\u200b";
const unmentioned = (text: string): string => text.replace(/[@＠]/g, `$&${ZERO_WIDTH_SPACE}`);

function cut(text: string): string {
  const characters = [...text];
  return characters.length <= TEXT_MAX ? text : `${characters.slice(0, TEXT_MAX - 1).join("")}…`;
}

function lineOf(type: string, told: Told, { plain, strong }: Writing): string {
  const team = strong(plain(told.team?.name ?? ""));
  const clue = strong(plain(told.clue?.title ?? ""));
  const points = told.points === undefined || told.points === 0 ? "" : ` (+${told.points})`;
  const place = told.place === undefined ? "" : `, place ${told.place}`;
  switch (type) {
    case "solved":
      return `${team} solved ${clue}${points}${place}`;
    case "first_solve":
      return `First solve: ${team} solved ${clue}${points}`;
    case "finished":
      return `${team} finished${place}`;
    case "won":
      return `${team} won ${strong(plain(told.prize?.title ?? ""))}`;
    case "joined":
      return `A player joined ${team}`;
    case "submitted":
      return `${team} sent something for ${clue}`;
    case "judged":
      return `${team}: judged for ${clue}`;
    case "help":
      return told.clue === undefined ? "A team asks for help" : `A team asks for help with ${clue}`;
    case "announcement":
      return plain(told.text ?? "");
    case "phase":
      return `${strong(plain(told.hunt))} is ${told.phase}`;
    default:
      return `A test of the webhook of ${strong(plain(told.hunt))}`;
  }
}
