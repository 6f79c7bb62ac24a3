/** What is on its way to a submission, as the device keeps it: a row a clue, with its files. */
import { isObject } from "../shared/outside.ts";
import { dropSeen, keysSeen, putSeen, seenAt } from "./storage.ts";

export interface Sending {
  hunt: string;
  player: string;
  clue: string;
  text: string;
  /** `upload`: it is sent. */
  files: { blob: Blob; upload?: string }[];
}

/** No hunt's name has a colon, so that these are beside what was seen of hunts. */
export const sendingsOf = (hunt: string): string => `sending:${hunt}:`;

const keyOf = ({ hunt, player, clue }: Sending): string => `${sendingsOf(hunt)}${player}:${clue}`;

const isSending = (value: unknown): value is Sending =>
  isObject(value) && typeof value.clue === "string" && Array.isArray(value.files);

export const saveSending = (sending: Sending): Promise<void> => putSeen(keyOf(sending), { sending });

export const dropSending = (sending: Sending): Promise<void> => dropSeen(keyOf(sending));

export async function readSendings(hunt: string, player: string): Promise<Sending[]> {
  const found: Sending[] = [];
  for (const key of await keysSeen(`${sendingsOf(hunt)}${player}:`)) {
    const sending = await seenAt(key);
    if (isSending(sending)) found.push(sending);
  }
  return found;
}
