/**
 * The floors of the benchmark: the best this platform can do, on the same
 * machine in the same run. `hello`: a text. `rpc`: JSON in, one no-op call on
 * an object, JSON out. `row`: the same, with one row written per event.
 * `null`: any call of a player, with that word as the response. `echo`: a
 * hibernatable socket of an object that parses a frame and sends it back.
 */
import { DurableObject } from "cloudflare:workers";
import { Hono } from "hono";

interface Body {
  events: Record<string, string>[];
}

interface FloorEnv {
  FLOOR: DurableObjectNamespace<Floor>;
}

export class Floor extends DurableObject<FloorEnv> {
  constructor(ctx: DurableObjectState, env: FloorEnv) {
    super(ctx, env);
    ctx.storage.sql.exec("CREATE TABLE IF NOT EXISTS event (seq INTEGER PRIMARY KEY, body TEXT NOT NULL)");
  }

  nothing(body: Body): Body {
    return body;
  }

  row(body: Body): Body {
    this.ctx.storage.sql.exec("INSERT INTO event (body) VALUES (?)", JSON.stringify(body));
    return body;
  }

  override fetch(): Response {
    const { 0: client, 1: server } = new WebSocketPair();
    this.ctx.acceptWebSocket(server);
    return new Response(null, { status: 101, webSocket: client });
  }

  override webSocketMessage(socket: WebSocket, frame: string): void {
    socket.send(JSON.stringify(JSON.parse(frame)));
  }
}

const app = new Hono<{ Bindings: FloorEnv }>();
app.get("/hello", (c) => c.text("hello"));
app.post("/rpc", async (c) => c.json(await c.env.FLOOR.getByName("floor").nothing(await c.req.json<Body>())));
app.post("/row", async (c) => c.json(await c.env.FLOOR.getByName("floor").row(await c.req.json<Body>())));
app.get("/echo", (c) => c.env.FLOOR.getByName("echo").fetch(c.req.raw));

// The floor of the knee (scripts/lab/tune): every call of a player is a no-op call on an object.
app.all("/v1/hunts/rpc/*", async (c) => {
  const body = c.req.method === "POST" ? await c.req.json<Body>() : { events: [] };
  await c.env.FLOOR.getByName("floor").nothing(body);
  return c.text("null");
});

// The null worker of load tests responds to every call of a player at once.
app.all("/v1/*", (c) => c.text("null"));

export default app;
