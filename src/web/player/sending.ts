/** Submissions on their way, as the page shows them. What sends them is loaded when there is something to send. */
import { signal } from "@preact/signals";
import { part } from "../shared/parts.ts";
import type { SenderDeps } from "./sender.ts";
import { dropSending, readSendings, type Sending, saveSending } from "./sendings-kept.ts";

/** By clue: how far it is sent, 0 to 1; `waits`: for a network; `refused`: the code of why it is given up. */
export const sendings = signal<
  Readonly<Record<string, { share: number; waits?: boolean; refused?: string } | undefined>>
>({});

export interface SendingDeps extends Pick<SenderDeps, "path" | "withToken" | "isPaused"> {
  hunt: string;
  player: string;
  act(event: { type: "submit"; clue: string; text?: string; uploads?: string[] }): Promise<void>;
}

type Running = SenderDeps & Pick<SendingDeps, "hunt" | "player">;

let running: Running | undefined;

/** Goes on with what waits on this device for who plays now; gives what ends it. */
export async function beginSending({ act, ...deps }: SendingDeps): Promise<() => void> {
  let isOver = false;
  const own: Running = {
    ...deps,
    save: saveSending,
    drop: dropSending,
    submit: ({ clue, text }, uploads) =>
      act({
        type: "submit",
        clue,
        ...(text === "" ? {} : { text }),
        ...(uploads.length === 0 ? {} : { uploads }),
      }),
    show: (clue, share, waits) => {
      sendings.value = { ...sendings.value, [clue]: { share, waits } };
    },
    done: (clue, refused) => {
      const shown = refused === undefined ? undefined : { share: 0, refused };
      sendings.value = { ...sendings.value, [clue]: shown };
    },
    isOver: () => isOver,
  };
  running = own;
  sendings.value = {};
  for (const sending of await readSendings(deps)) void run(own, sending);
  return () => {
    isOver = true;
    if (running === own) running = undefined;
    sendings.value = {};
  };
}

/** Keeps what is to be sent, and begins. */
export async function send(clue: string, text: string, files: readonly Blob[]): Promise<void> {
  const own = running;
  if (!own) return;
  own.show(clue, 0, false);
  const { hunt, player } = own;
  const sending: Sending = { hunt, player, clue, text, files: files.map((blob) => ({ blob })), isNew: true };
  await saveSending(sending);
  await run(own, sending);
}

const run = (own: Running, sending: Sending): Promise<void> =>
  part(
    "sender",
    () => import("./sender.ts"),
    async ({ reduced, sendAll }) => {
      own.show(sending.clue, 0, false);
      if (sending.isNew) {
        for (const file of sending.files) file.blob = await reduced(file.blob);
        delete sending.isNew;
        await saveSending(sending);
      }
      await sendAll(own, sending);
    },
  );
