/** A way to the engine that can fail: down, silent, slow, or after a release that took the files of the one before away. */
import { request as ask, createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

export interface Network {
  origin: string;
  /** What becomes of requests: passed, 503, never answered. `gone`: paths that a release took away. */
  mode: "passes" | "down" | "hangs";
  gone: RegExp | undefined;
  close(): Promise<void>;
}

export async function networkTo(engine: URL): Promise<Network> {
  const network: Network = { origin: "", mode: "passes", gone: undefined, close: async () => undefined };
  const server: Server = createServer((incoming, outgoing) => {
    const path = incoming.url ?? "/";
    if (network.mode === "hangs") return;
    if (network.mode === "down" || network.gone?.test(path)) {
      outgoing.writeHead(network.mode === "down" ? 503 : 404, { "content-type": "text/plain" });
      outgoing.end("no");
      return;
    }
    const passed = ask(
      new URL(path, engine),
      { method: incoming.method, headers: { ...incoming.headers, host: engine.host } },
      (told) => {
        outgoing.writeHead(told.statusCode ?? 502, told.headers);
        told.pipe(outgoing);
      },
    );
    passed.on("error", () => outgoing.destroy());
    incoming.pipe(passed);
  });
  server.on("upgrade", (_, socket) => socket.destroy());
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  network.origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  network.close = async () => {
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
  };
  return network;
}
