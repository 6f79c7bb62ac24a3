/**
 * Submissions on their way. What is to be sent is kept on the device with its files; these are sent one after the
 * other, again and again over a bad network, and then the event goes into the outbox. A reload goes on where it was.
 */
import { signal } from "@preact/signals";
import type { Uploaded } from "../../contract/submissions.ts";
import { Problem } from "../shared/api.ts";
import { isDrawnAnew, smaller } from "../shared/smaller.ts";
import { dropSending, readSendings, type Sending, saveSending } from "./sendings-kept.ts";

/** Longest side of a picture that is sent, pixels; and what is left of its quality. */
const PICTURE = { width: 2_048, quality: 82, types: ["image/webp", "image/jpeg"] };

/** Pictures up to here are sent as they are if they are small enough, bytes. */
const SMALL = 400_000;

/** Waits after a failure, ms. */
const RETRY = { first: 1_000, most: 60_000 };

export interface SendingShown {
  /** 0 to 1. */
  share: number;
  /** There is no network, or the engine asks to wait. */
  waits: boolean;
}

/** By clue: what is on its way. */
export const sendings = signal<Readonly<Record<string, SendingShown>>>({});
/** By clue: the code of why something could not be sent, which is given up. */
export const refusedSendings = signal<Readonly<Record<string, string>>>({});

export interface SendingDeps {
  hunt: string;
  player: string;
  upload(clue: string, body: Blob, told: (share: number) => void): Promise<Uploaded>;
  /** Hands the event to the outbox, which keeps it. */
  act(event: { type: "submit"; clue: string; text?: string; uploads?: string[] }): Promise<void>;
}

let running: { deps: SendingDeps; isOver: boolean; wake: () => void } | undefined;

/** Goes on with what waits on this device for who plays now. */
export async function beginSending(deps: SendingDeps): Promise<() => void> {
  const own = { deps, isOver: false, wake: (): void => undefined };
  running = own;
  sendings.value = {};
  refusedSendings.value = {};
  const wake = (): void => own.wake();
  window.addEventListener("online", wake);
  for (const sending of await readSendings(deps.hunt, deps.player)) void run(own, sending);
  return () => {
    own.isOver = true;
    own.wake();
    window.removeEventListener("online", wake);
    if (running === own) running = undefined;
    sendings.value = {};
  };
}

/** Keeps what is to be sent, and begins. */
export async function send(clue: string, text: string, files: readonly Blob[]): Promise<void> {
  const own = running;
  if (!own) return;
  tellRefused(clue, undefined);
  show(clue, { share: 0, waits: false });
  const made = await Promise.all(files.map(async (file) => ({ blob: await reduced(file) })));
  const { hunt, player } = own.deps;
  const sending: Sending = { hunt, player, clue, text, files: made };
  await saveSending(sending);
  await run(own, sending);
}

/** The picture as it is sent; anything else, and what cannot be drawn, as it is. */
async function reduced(file: Blob): Promise<Blob> {
  if (!isDrawnAnew(file)) return file;
  const small = await smaller(file, PICTURE).catch(() => undefined);
  return small && (small.size < file.size || file.size > SMALL) ? small : file;
}

async function run(own: NonNullable<typeof running>, sending: Sending): Promise<void> {
  const { clue, text, files } = sending;
  for (let delay = RETRY.first; !own.isOver; delay = Math.min(RETRY.most, delay * 2)) {
    try {
      for (const [index, file] of files.entries()) {
        if (file.upload !== undefined) continue;
        const told = (share: number): void => show(clue, { share: (index + share) / files.length, waits: false });
        told(0);
        file.upload = (await own.deps.upload(clue, file.blob, told)).upload;
        // A reload does not send it a second time.
        await saveSending(sending);
        if (own.isOver) return;
      }
      const uploads = files.flatMap(({ upload }) => upload ?? []);
      await own.deps.act({
        type: "submit",
        clue,
        ...(text === "" ? {} : { text }),
        ...(uploads.length === 0 ? {} : { uploads }),
      });
      await done(sending);
      return;
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      if (own.isOver) return;
      if (!error.retryable) {
        tellRefused(clue, error.code);
        await done(sending);
        return;
      }
      show(clue, { share: sendings.value[clue]?.share ?? 0, waits: true });
      await pause(own, Math.max(delay, (error.retryAfter ?? 0) * 1_000));
    }
  }
}

/** Ends sooner when there is a network again. */
function pause(own: NonNullable<typeof running>, ms: number): Promise<void> {
  return new Promise((over) => {
    const timer = window.setTimeout(over, ms * (0.75 + Math.random() / 2));
    own.wake = () => {
      window.clearTimeout(timer);
      over();
    };
  });
}

async function done(sending: Sending): Promise<void> {
  const { [sending.clue]: _, ...others } = sendings.value;
  sendings.value = others;
  await dropSending(sending);
}

function show(clue: string, shown: SendingShown): void {
  sendings.value = { ...sendings.value, [clue]: shown };
}

function tellRefused(clue: string, code: string | undefined): void {
  const { [clue]: _, ...others } = refusedSendings.value;
  refusedSendings.value = code === undefined ? others : { ...others, [clue]: code };
}
