/** A live socket of the page: the client library's, by the page's own address, and again as soon as there is a network. */
import { type Frame, type Live, openLive as openSocket } from "../../../client/src/live.ts";

export type { Live };

export interface LiveOptions {
  /** The socket's path, with a fresh ticket where it needs one. Rejects: later again. */
  path(): Promise<string>;
  frame(frame: Frame): void;
  /** Whether the socket is open, each time that changes. */
  state?(open: boolean): void;
  /** The hunt is deleted; the socket does not come back. */
  gone?(): void;
}

export function openLive({ path, ...told }: LiveOptions): Live {
  const live = openSocket({
    ...told,
    address: async () => {
      const url = new URL(await path(), location.href);
      url.protocol = url.protocol.replace("http", "ws");
      return url.href;
    },
    open: (address) => new WebSocket(address),
  });
  window.addEventListener("online", live.wake);
  return {
    wake: live.wake,
    close() {
      window.removeEventListener("online", live.wake);
      live.close();
    },
  };
}
