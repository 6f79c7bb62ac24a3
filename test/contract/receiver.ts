/** Receivers of webhooks, and a resolver of their names, on this machine. */
import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";

export interface Message {
  path: string;
  headers: IncomingHttpHeaders;
  body: string;
  at: number;
}

export interface Reply {
  status: number;
  headers?: Record<string, string>;
  body?: string;
  /** Sends nothing before this has passed, ms. */
  after?: number;
}

async function listening(server: Server): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

export class Receiver {
  readonly messages: Message[] = [];
  /** What is answered from now on. */
  reply: (message: Message) => Reply = () => ({ status: 204 });
  readonly #server: Server;
  port = 0;

  private constructor() {
    this.#server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        const message: Message = {
          path: request.url ?? "",
          headers: request.headers,
          body: Buffer.concat(chunks).toString(),
          at: Date.now(),
        };
        this.messages.push(message);
        const { status, headers = {}, body = "", after = 0 } = this.reply(message);
        setTimeout(() => response.writeHead(status, headers).end(body), after);
      });
    });
  }

  static async start(): Promise<Receiver> {
    const receiver = new Receiver();
    receiver.port = await listening(receiver.#server);
    return receiver;
  }

  get host(): string {
    return `127.0.0.1:${this.port}`;
  }

  url(path = "/"): string {
    return `http://${this.host}${path}`;
  }

  at(path: string): Message[] {
    return this.messages.filter((message) => message.path === path);
  }

  stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

/** Speaks DNS over HTTPS in JSON, for names that are given. */
export class Resolver {
  readonly addresses = new Map<string, string[]>();
  readonly #server: Server;
  port = 0;

  private constructor() {
    this.#server = createServer((request, response) => {
      const { searchParams } = new URL(request.url ?? "/", "http://resolver");
      const known = this.addresses.get(searchParams.get("name") ?? "") ?? [];
      const type = searchParams.get("type") === "A" ? 1 : 28;
      const data = known.filter((address) => address.includes(":") === (type === 28));
      response.writeHead(200, { "content-type": "application/dns-json" }).end(
        JSON.stringify({
          Status: known.length === 0 ? 3 : 0,
          Answer: data.map((each) => ({ type, data: each })),
        }),
      );
    });
  }

  static async start(): Promise<Resolver> {
    const resolver = new Resolver();
    resolver.port = await listening(resolver.#server);
    return resolver;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/dns-query`;
  }

  stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}
