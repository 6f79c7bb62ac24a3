/**
 * What sends a submission: a part of the page that is loaded when there is something to send. Pictures are made
 * small, files go one after the other, again and again over a bad network; then the event is handed on.
 */
import { isDrawnAnew, smaller } from "../shared/smaller.ts";
import type { Sending } from "./sendings-kept.ts";

/** Longest side of a picture that is sent, pixels; and what is left of its quality. */
const PICTURE = { width: 2_048, quality: 82, types: ["image/webp", "image/jpeg"] };

/** Waits after a failure, ms. */
const RETRY = { first: 1_000, most: 60_000 };

export interface SenderDeps {
  path(clue: string): string;
  /** Calls with a good token; again with another one when that is refused (401). */
  withToken<Told>(send: (token: string) => Promise<Told>): Promise<Told>;
  save(sending: Sending): Promise<void>;
  drop(sending: Sending): Promise<void>;
  /** Hands the event to the outbox, which keeps it. */
  submit(sending: Sending, uploads: string[]): Promise<void>;
  /** How far it is; `waits`: there is no network, or the engine asks to wait. */
  show(clue: string, share: number, waits: boolean): void;
  /** It is sent, or given up for this reason. */
  done(clue: string, refused?: string): void;
  isOver(): boolean;
  /** In a pause files are refused, and taken again afterwards. */
  isPaused(): boolean;
}

/** Why a file was not taken. */
interface Refused {
  status: number;
  code: string;
  retryAfter?: number;
}

/** The picture as it is sent; anything else, and what cannot be drawn, as it is. */
export async function reduced(file: Blob): Promise<Blob> {
  if (!isDrawnAnew(file)) return file;
  const small = await smaller(file, PICTURE).catch(() => undefined);
  return small && small.size < file.size ? small : file;
}

/** Resolves when it is sent or given up, or who plays is another one. */
export async function sendAll(deps: SenderDeps, sending: Sending): Promise<void> {
  const { clue, files } = sending;
  let share = 0;
  for (let delay = RETRY.first; !deps.isOver(); delay = Math.min(RETRY.most, delay * 2)) {
    try {
      for (const [index, file] of files.entries()) {
        if (file.upload !== undefined) continue;
        const told = (part: number): void => {
          share = (index + part) / files.length;
          deps.show(clue, share, false);
        };
        told(0);
        file.upload = await deps.withToken((token) => upload(deps.path(clue), token, file.blob, told));
        // A reload does not send it a second time.
        await deps.save(sending);
        if (deps.isOver()) return;
      }
      await deps.submit(
        sending,
        files.flatMap((file) => file.upload ?? []),
      );
      await deps.drop(sending);
      deps.done(clue);
      return;
    } catch (error) {
      const { status = 0, code, retryAfter = 0 } = error as Partial<Refused>;
      if (code === undefined) throw error;
      if (deps.isOver()) return;
      const comesAgain = status === 429 || status === 408 || (code === "conflict" && deps.isPaused());
      const isFinal = status >= 400 && status < 500 && !comesAgain;
      if (isFinal) {
        await deps.drop(sending);
        deps.done(clue, code);
        return;
      }
      deps.show(clue, share, true);
      await pause(Math.max(delay, retryAfter * 1_000));
    }
  }
}

/** Ends sooner when there is a network again. */
function pause(ms: number): Promise<void> {
  return new Promise((over) => {
    const end = (): void => {
      window.clearTimeout(timer);
      window.removeEventListener("online", end);
      over();
    };
    const timer = window.setTimeout(end, ms * (0.75 + Math.random() / 2));
    window.addEventListener("online", end);
  });
}

/** With progress, which `fetch` does not tell. Rejects with `Refused`. */
function upload(path: string, token: string, body: Blob, told: (share: number) => void): Promise<string> {
  return new Promise((done, fail) => {
    const request = new XMLHttpRequest();
    request.open("POST", path);
    request.setRequestHeader("authorization", `Bearer ${token}`);
    request.responseType = "json";
    request.upload.onprogress = ({ loaded, total }) => told(total > 0 ? loaded / total : 0);
    request.onerror = () => fail({ status: 0, code: "offline" } satisfies Refused);
    request.onload = () => {
      const answer = (request.response ?? {}) as { upload?: unknown; code?: unknown };
      if (request.status === 201 && typeof answer.upload === "string") return done(answer.upload);
      const isEngine = typeof answer.code === "string";
      fail({
        // A portal of the network's, for example.
        status: isEngine ? request.status : 0,
        code: isEngine ? String(answer.code) : "offline",
        retryAfter: Number(request.getResponseHeader("retry-after")) || 0,
      } satisfies Refused);
    };
    request.send(body);
  });
}
