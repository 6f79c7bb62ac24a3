/** A live socket that comes back by itself (docs/live.md). */
import type { ServerFrame } from "../../contract/live.ts";
import { objectIn } from "./outside.ts";

/** Waits between attempts, ms: doubled up to the most, each anywhere in its upper half. */
const RETRY = { first: 500, most: 30_000 };

/** Asked so often whether the engine is there (answered without waking it), and given up after this silence, ms. */
const PING_EVERY = 20_000;
const SILENCE = 50_000;

/** The hunt is deleted: there is nothing to come back to. */
const GONE = 4_404;

export interface Live {
  close(): void;
}

type Each<Union, Key extends PropertyKey> = Union extends Record<Key, infer Value> ? Value : never;
type KeyOf<Union> = Union extends unknown ? keyof Union : never;
/** A frame of the engine, by the one key it has. */
export type Frame = { [Key in KeyOf<ServerFrame>]?: Each<ServerFrame, Key> };

export interface LiveOptions {
  /** The socket's path, with a fresh ticket where it needs one. Rejects: later again. */
  path(): Promise<string>;
  frame(frame: Frame): void;
  /** Whether the socket is open, each time that changes. */
  state?(open: boolean): void;
  /** The hunt is deleted; the socket does not come back. */
  gone?(): void;
}

export function openLive({ path, frame, state, gone }: LiveOptions): Live {
  let socket: WebSocket | undefined;
  let closed = false;
  let wait = RETRY.first;
  let timer: number | undefined;
  let connecting = false;
  let pulse: number | undefined;
  /** When the engine was last heard, epoch ms. */
  let heardAt = 0;

  const again = (): void => {
    window.clearInterval(pulse);
    if (closed) return;
    state?.(false);
    timer = window.setTimeout(connect, wait * (0.5 + Math.random() / 2));
    wait = Math.min(RETRY.most, wait * 2);
  };
  const connect = async (): Promise<void> => {
    connecting = true;
    try {
      const url = new URL(await path(), location.href);
      url.protocol = url.protocol.replace("http", "ws");
      if (closed) return;
      socket = new WebSocket(url);
    } catch {
      // No ticket now: the same as a socket that would not open.
      again();
      return;
    } finally {
      connecting = false;
    }
    socket.onopen = () => {
      wait = RETRY.first;
      heardAt = Date.now();
      const own = socket;
      window.clearInterval(pulse);
      pulse = window.setInterval(() => {
        // A network that went away without a word leaves a socket that looks open.
        if (Date.now() - heardAt > SILENCE) {
          if (own) own.onclose = null;
          own?.close();
          again();
        } else if (own?.readyState === WebSocket.OPEN) own.send('{"ping":true}');
      }, PING_EVERY);
      state?.(true);
    };
    socket.onmessage = ({ data }) => {
      heardAt = Date.now();
      const told = objectIn(String(data)) as Frame | undefined;
      // No frame of the engine's, so nothing to do.
      if (!told) return;
      // The engine asks how far its frames were read.
      if (told.ping !== undefined) socket?.send('{"ping":true}');
      else if (told.pong === undefined) frame(told);
    };
    socket.onclose = ({ code }) => {
      if (code === GONE) {
        closed = true;
        window.clearInterval(pulse);
        state?.(false);
        gone?.();
      } else again();
    };
  };
  const wake = (): void => {
    const state = socket?.readyState;
    if (closed || connecting || state === WebSocket.OPEN || state === WebSocket.CONNECTING) return;
    window.clearTimeout(timer);
    void connect();
  };
  window.addEventListener("online", wake);
  void connect();
  return {
    close() {
      closed = true;
      window.clearTimeout(timer);
      window.clearInterval(pulse);
      window.removeEventListener("online", wake);
      socket?.close();
    },
  };
}
