/** WebSockets under load: sends frames and awaits the responses. */
import { WebSocket } from "undici";

/** An open socket that gets the responses to its frames in order. */
export class FrameSocket {
  readonly #socket: WebSocket;
  readonly #waiting: ((frame: string) => void)[] = [];

  private constructor(socket: WebSocket, responds: (frame: string) => boolean) {
    this.#socket = socket;
    socket.addEventListener("message", ({ data }) => {
      const frame = String(data);
      if (responds(frame)) this.#waiting.shift()?.(frame);
    });
  }

  /** `responds`: whether a frame is the response to one that was sent, and no push. */
  static async open(url: URL, responds: (frame: string) => boolean): Promise<FrameSocket> {
    const socket = new WebSocket(url);
    const framed = new FrameSocket(socket, responds);
    await new Promise<void>((done, failed) => {
      socket.addEventListener("open", () => done());
      socket.addEventListener("error", () => failed(new Error("a socket was refused")));
    });
    return framed;
  }

  send(frame: string): Promise<string> {
    return new Promise((done) => {
      this.#waiting.push(done);
      this.#socket.send(frame);
    });
  }

  close(): void {
    this.#socket.close();
  }
}

export interface SocketRun {
  frames: number;
  seconds: number;
  /** ms, rising. */
  latencies: Float64Array;
}

/** Each socket keeps `inFlight` frames under way, until the time is over or `frames` were sent. */
export async function socketLoop(
  sockets: readonly FrameSocket[],
  options: {
    inFlight: number;
    seconds: number;
    frames?: number;
    next(socket: number): string;
    check(response: string): boolean;
  },
): Promise<SocketRun> {
  const latencies: number[] = [];
  const start = performance.now();
  const end = start + options.seconds * 1_000;
  let sent = 0;
  const lane = async (socket: FrameSocket, index: number): Promise<void> => {
    while (performance.now() < end && sent < (options.frames ?? Number.POSITIVE_INFINITY)) {
      sent += 1;
      const at = performance.now();
      const response = await socket.send(options.next(index));
      latencies.push(performance.now() - at);
      if (!options.check(response)) throw new Error(`a wrong response: ${response.slice(0, 200)}`);
    }
  };
  await Promise.all(
    sockets.flatMap((socket, index) => Array.from({ length: options.inFlight }, () => lane(socket, index))),
  );
  return {
    frames: latencies.length,
    seconds: (performance.now() - start) / 1_000,
    latencies: Float64Array.from(latencies).sort(),
  };
}
