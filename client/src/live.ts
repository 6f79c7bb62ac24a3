/** A live socket that comes back by itself (docs/live.md). */
import { objectIn } from "./json.ts";
import type { ServerFrame } from "./wire.ts";

/** Waits between attempts, ms: doubled up to the most, each anywhere in its upper half. */
const RETRY = { first: 500, most: 30_000 };

/** Asked so often whether the engine is there (answered without waking it), and given up after this silence, ms. */
const PING_EVERY = 20_000;
const SILENCE = 50_000;

/** The hunt is deleted: there is nothing to come back to. */
const GONE = 4_404;

/** The states of a WebSocket that is not on its way out. */
const CONNECTING = 0;
const OPEN = 1;

/** What of a WebSocket is used. */
export interface Socket {
  readonly readyState: number;
  send(text: string): void;
  close(): void;
  addEventListener(
    type: "open" | "message" | "close" | "error",
    listener: (event: { data?: unknown; code?: number }) => void,
  ): void;
}

type Each<Union, Key extends PropertyKey> = Union extends Record<Key, infer Value> ? Value : never;
type KeyOf<Union> = Union extends unknown ? keyof Union : never;
/** A frame of the engine, by the one key it has (`results` come with `asOf`). */
export type Frame = { [Key in KeyOf<ServerFrame>]?: Each<ServerFrame, Key> };

export interface Live {
  /** The network may be back: connects now. */
  wake(): void;
  close(): void;
}

export interface LiveOptions {
  /** The socket's address, with a fresh ticket where it needs one. Rejects: later again. */
  address(): Promise<string>;
  open(address: string): Socket;
  /** Pings and pongs are not passed on. */
  frame(frame: Frame): void;
  /** Whether the socket is open, each time that changes. */
  state?(open: boolean): void;
  /** The hunt is deleted; the socket does not come back. */
  gone?(): void;
}

export function openLive({ address, open, frame, state, gone }: LiveOptions): Live {
  let socket: Socket | undefined;
  let closed = false;
  let wait = RETRY.first;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let connecting = false;
  let pulse: ReturnType<typeof setInterval> | undefined;
  /** When the engine was last heard, epoch ms. */
  let heardAt = 0;

  const again = (): void => {
    clearInterval(pulse);
    socket = undefined;
    if (closed) return;
    state?.(false);
    timer = setTimeout(() => void connect(), wait * (0.5 + Math.random() / 2));
    wait = Math.min(RETRY.most, wait * 2);
  };
  const connect = async (): Promise<void> => {
    connecting = true;
    let own: Socket;
    try {
      const to = await address();
      if (closed) return;
      own = open(to);
    } catch {
      // No ticket now: the same as a socket that would not open.
      again();
      return;
    } finally {
      connecting = false;
    }
    socket = own;
    // It closes after it; `ws` throws an error that nobody hears.
    own.addEventListener("error", () => undefined);
    own.addEventListener("open", () => {
      if (socket !== own) return;
      wait = RETRY.first;
      heardAt = Date.now();
      clearInterval(pulse);
      pulse = setInterval(() => {
        // A network that went away without a word leaves a socket that looks open.
        if (Date.now() - heardAt > SILENCE) {
          again();
          own.close();
        } else if (own.readyState === OPEN) own.send('{"ping":true}');
      }, PING_EVERY);
      state?.(true);
    });
    own.addEventListener("message", ({ data }) => {
      if (socket !== own) return;
      heardAt = Date.now();
      const told = objectIn(String(data)) as Frame | undefined;
      // No frame of the engine's, so nothing to do.
      if (!told) return;
      // The engine asks how far its frames were read.
      if (told.ping !== undefined) own.send('{"ping":true}');
      else if (told.pong === undefined) frame(told);
    });
    own.addEventListener("close", ({ code }) => {
      if (socket !== own) return;
      if (code !== GONE) return again();
      closed = true;
      clearInterval(pulse);
      state?.(false);
      gone?.();
    });
  };
  void connect();
  return {
    wake() {
      if (closed || connecting || socket?.readyState === OPEN || socket?.readyState === CONNECTING) return;
      clearTimeout(timer);
      void connect();
    },
    close() {
      closed = true;
      clearTimeout(timer);
      clearInterval(pulse);
      const own = socket;
      socket = undefined;
      own?.close();
    },
  };
}
