/** What is on its way to a submission, as the device keeps it: a row a clue, with its files. */
import { isObject } from "../shared/outside.ts";
import { keepSending, readSending } from "./storage.ts";

export interface Sending {
  hunt: string;
  player: string;
  clue: string;
  text: string;
  /** `upload`: it is sent. */
  files: { blob: Blob; upload?: string }[];
  /** Its pictures are as the device has them. */
  isNew?: true;
}

/** No hunt's name has a colon, so that these are beside what was seen of hunts. */
const startOf = ({ hunt, player }: Pick<Sending, "hunt" | "player">): string => `sending:${hunt}:${player}:`;

export const saveSending = (sending: Sending): Promise<void> =>
  keepSending(startOf(sending) + sending.clue, sending);

export const dropSending = (sending: Sending): Promise<void> =>
  keepSending(startOf(sending) + sending.clue, undefined);

export const readSendings = async (of: Pick<Sending, "hunt" | "player">): Promise<Sending[]> =>
  (await readSending(startOf(of))).filter(
    (value): value is Sending => isObject(value) && Array.isArray(value.files),
  );
