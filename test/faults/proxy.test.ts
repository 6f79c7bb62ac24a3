/** The fault proxy against a server that echoes, and its counter of PostgreSQL messages. */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { PostgresMessages } from "../../scripts/lab/faults/postgres-messages.ts";
import { type FaultProxy, startProxy } from "../../scripts/lab/faults/proxy.ts";

let server: Server;
let proxy: FaultProxy;
let accepted: Set<Socket>;
let clients: Socket[];

beforeEach(async () => {
  accepted = new Set();
  clients = [];
  server = createServer({ allowHalfOpen: true }, (socket) => {
    accepted.add(socket);
    socket.on("error", () => undefined); // resets are what is tested
    socket.on("close", () => accepted.delete(socket));
    socket.pipe(socket);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  proxy = await startProxy({
    upstream: { host: "127.0.0.1", port: (server.address() as AddressInfo).port },
    counter: () => new PostgresMessages(),
    random: () => 0.5,
  });
});

afterEach(async () => {
  for (const client of clients) client.destroy();
  await proxy.close();
  for (const socket of accepted) socket.destroy();
  server.close();
});

/** A client, what it received so far, and how its connection ended. */
interface Echo {
  socket: Socket;
  received(): number;
  until(bytes: number): Promise<void>;
  ended: Promise<string>;
}

async function echo(): Promise<Echo> {
  const socket = connect({ host: proxy.host, port: proxy.port, allowHalfOpen: true });
  clients.push(socket);
  let received = 0;
  let error = "";
  socket.on("data", (bytes) => {
    received += bytes.length;
    socket.emit("progress");
  });
  socket.on("error", (cause: NodeJS.ErrnoException) => {
    error = cause.code ?? "";
  });
  const ended = new Promise<string>((done) => {
    socket.once("end", () => done("end"));
    socket.once("close", () => done(error || "close"));
  });
  await Promise.race([new Promise<void>((done) => socket.once("connect", done)), ended]);
  return {
    socket,
    received: () => received,
    until: async (bytes) => {
      while (received < bytes) await once(socket, "progress");
    },
    ended,
  };
}

async function eventually(check: () => boolean): Promise<void> {
  for (let waited = 0; !check(); waited += 5) {
    if (waited > 20_000) throw new Error("it does not happen");
    await sleep(5);
  }
}

/** How long `work` takes, ms. */
async function timed(work: Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work;
  return performance.now() - start;
}

describe("without toxics", () => {
  test("everything passes in both directions, and the end of each", async () => {
    const client = await echo();
    const size = 5_000_000; // more than every buffer on the way
    client.socket.end(Buffer.alloc(size, "x"));
    await client.until(size);
    expect(await client.ended).toBe("end");
    expect(proxy.counts()).toMatchObject({
      connections: 1,
      bytes: { upstream: size, downstream: size },
      faults: { latency: 0, timeout: 0, reset_peer: 0, slicer: 0, bandwidth: 0, limit_data: 0, down: 0 },
    });
    client.socket.destroy();
    await eventually(() => proxy.counts().open === 0 && accepted.size === 0);
  });

  test("a receiver that does not read stops the sender", async () => {
    const client = await echo();
    client.socket.pause();
    const size = 60_000_000;
    client.socket.end(Buffer.alloc(size, "x"));
    let before = -1;
    await eventually(() => {
      const now = proxy.counts().bytes.downstream;
      const still = now === before && now > 0;
      before = now;
      return still;
    });
    expect(proxy.counts().bytes.upstream).toBeLessThan(size / 2);
    expect(proxy.counts().held).toBeLessThan(3_000_000);
    client.socket.resume();
    await client.until(size);
    expect(proxy.counts()).toMatchObject({ held: 0, bytes: { upstream: size, downstream: size } });
  });

  test("a reset on one side resets the other", async () => {
    const client = await echo();
    client.socket.write("x");
    await client.until(1);
    for (const socket of accepted) socket.resetAndDestroy();
    expect(await client.ended).toBe("ECONNRESET");
    await eventually(() => proxy.counts().open === 0);
  });

  test("an upstream that refuses is counted", async () => {
    server.close();
    const client = await echo();
    expect(await client.ended).toBe("ECONNRESET");
    expect(proxy.counts()).toMatchObject({ connections: 1, open: 0, upstreamRefused: 1 });
  });
});

describe("toxics", () => {
  test("latency delays each chunk, not the throughput, and stops when removed", async () => {
    const client = await echo();
    // Long beside what a busy machine takes.
    const heal = proxy.add({ type: "latency", latency: 1_000, jitter: 20 });
    const many = timed(client.until(20));
    for (let sent = 0; sent < 20; sent += 1) {
      client.socket.write("x");
      await sleep(2);
    }
    expect(await many).toBeGreaterThan(950);
    expect(await many).toBeLessThan(10_000); // one after the other they would take 20 s
    expect(proxy.counts().faults.latency).toBeGreaterThan(1);
    client.socket.write("x");
    await sleep(20);
    heal();
    expect(await timed(client.until(21))).toBeLessThan(800);
  });

  test("a freeze stops existing connections, accepts new ones, and what was sent arrives afterwards", async () => {
    const old = await echo();
    old.socket.write("a");
    await old.until(1);
    const thaw = proxy.freeze();
    old.socket.write("b");
    const fresh = await echo();
    fresh.socket.write("c");
    const gone = await echo();
    gone.socket.write("d");
    gone.socket.destroy();
    await sleep(60);
    expect([old.received(), fresh.received()]).toEqual([1, 0]);
    expect(accepted.size).toBe(1); // the new ones did not reach the server
    expect(proxy.counts().faults.timeout).toBeGreaterThanOrEqual(3);
    await eventually(() => proxy.counts().open === 2);
    thaw();
    await Promise.all([old.until(2), fresh.until(1)]);
    expect(accepted.size).toBe(2);
  });

  test("what a client sent before it gave up on a frozen server still arrives", async () => {
    const client = await echo();
    client.socket.write("a");
    await client.until(1);
    const thaw = proxy.freeze();
    client.socket.write("lost?");
    await sleep(20);
    client.socket.destroy();
    await sleep(20);
    expect(proxy.counts()).toMatchObject({ open: 1, bytes: { upstream: 1 } });
    thaw();
    await eventually(() => proxy.counts().open === 0 && accepted.size === 0);
    expect(proxy.counts().bytes.upstream).toBe(6);
  });

  test("a timeout with a time closes the connection then", async () => {
    proxy.add({ type: "timeout", timeout: 50 }, "upstream");
    const client = await echo();
    expect(await timed(client.ended)).toBeGreaterThan(40);
    expect(proxy.counts().faults.timeout).toBe(1);
  });

  test("reset_peer resets existing and new connections, and only while it is set", async () => {
    const old = await echo();
    const heal = proxy.add({ type: "reset_peer" });
    expect(await old.ended).toBe("ECONNRESET");
    expect(await (await echo()).ended).toBe("ECONNRESET");
    expect(proxy.counts().faults.reset_peer).toBe(2);
    heal();
    const client = await echo();
    client.socket.write("x");
    await client.until(1);
  });

  test("a toxicity spares the other connections", async () => {
    proxy.add({ type: "reset_peer", toxicity: 0.5 }); // the random number here is always 0.5
    const client = await echo();
    client.socket.write("x");
    await client.until(1);
    expect(proxy.counts().faults.reset_peer).toBe(0);
  });

  test("slicer cuts", async () => {
    const client = await echo();
    proxy.add({ type: "slicer", averageSize: 100, sizeVariation: 10, delay: 1 });
    client.socket.write(Buffer.alloc(1_000));
    await client.until(1_000);
    expect(proxy.counts().faults.slicer).toBe(9);
  });

  test("bandwidth slows", async () => {
    const client = await echo();
    proxy.add({ type: "bandwidth", rate: 100 }, "upstream");
    const time = timed(client.until(30_000));
    client.socket.write(Buffer.alloc(30_000));
    expect(await time).toBeGreaterThan(180);
    expect(await time).toBeLessThan(20_000);
    expect(proxy.counts().faults.bandwidth).toBeGreaterThanOrEqual(3);
  });

  test("limit_data closes after so many bytes", async () => {
    const client = await echo();
    proxy.add({ type: "limit_data", bytes: 150 });
    client.socket.write(Buffer.alloc(100));
    await client.until(100);
    client.socket.write(Buffer.alloc(100));
    await client.ended;
    expect(client.received()).toBe(150);
    expect(proxy.counts().faults.limit_data).toBe(1);
  });

  test("down refuses and cuts; up serves again on the same port", async () => {
    const old = await echo();
    const { port } = proxy;
    await proxy.down();
    expect(await old.ended).toBe("ECONNRESET");
    expect(await (await echo()).ended).toBe("ECONNREFUSED");
    expect(proxy.counts().faults.down).toBe(1);
    await proxy.heal();
    expect(proxy.port).toBe(port);
    const client = await echo();
    client.socket.write("x");
    await client.until(1);
  });
});

test("a connection that is just ending leaves no socket behind when it is reset", async () => {
  const sockets = () => process.getActiveResourcesInfo().filter((name) => name === "TCPSocketWrap").length;
  await eventually(() => sockets() === 0); // those of the test before
  const client = await echo();
  client.socket.write("x");
  await client.until(1);
  proxy.freeze();
  client.socket.end("y");
  await eventually(() => proxy.counts().faults.timeout > 0);
  await proxy.heal(); // what was held leaves, and at once
  await proxy.down();
  await client.ended;
  client.socket.destroy();
  await eventually(() => sockets() === 0);
});

/** A first message: a length, a code, and what follows. */
function first(code: number, rest = ""): Buffer {
  const header = Buffer.alloc(8);
  header.writeUInt32BE(8 + rest.length);
  header.writeUInt32BE(code, 4);
  return Buffer.concat([header, Buffer.from(rest)]);
}

function message(letter: string, body: string): Buffer {
  const header = Buffer.alloc(5);
  header.write(letter);
  header.writeUInt32BE(4 + body.length, 1);
  return Buffer.concat([header, Buffer.from(body)]);
}

describe("counting", () => {
  const stream = Buffer.concat([
    first(80_877_103),
    first(196_608, "user\0postgres\0\0"),
    message("p", "password\0"),
    message("P", "\0select 1\0\0\0"),
    message("B", "x".repeat(70_000)),
    message("E", "\0\0\0\0\0"),
    message("S", ""),
    message("Q", "select 2\0"),
    message("X", ""),
  ]);
  const letters = ["startup", "p", "P", "B", "E", "S", "Q", "X"];

  test("PostgreSQL messages are counted whatever the pieces they come in", () => {
    for (const size of [1, 2, 3, 7, 4_096, stream.length]) {
      const counter = new PostgresMessages();
      const names: string[] = [];
      for (let at = 0; at < stream.length; at += size) {
        names.push(...counter.take(Buffer.from(stream.subarray(at, at + size))));
      }
      expect(names, `pieces of ${size}`).toEqual(letters);
    }
  });

  test("what is not PostgreSQL counts as nothing", () => {
    expect(new PostgresMessages().take(Buffer.from("GET / HTTP/1.1\r\n\r\n"))).toEqual([]);
  });

  test("arrivals are counted while nothing passes", async () => {
    const thaw = proxy.freeze();
    const measured = proxy.watch();
    const client = await echo();
    client.socket.write(stream);
    await eventually(() => proxy.counts().messages.X === 1);
    const arrivals = measured();
    expect(arrivals).toMatchObject({ connections: 1, messages: 8, most: { connections: 1, messages: 8 } });
    expect(arrivals.seconds).toBeLessThan(30);
    expect(proxy.counts()).toMatchObject({ bytes: { upstream: 0 }, messages: { startup: 1, Q: 1 } });
    thaw();
    await client.until(stream.length);
  });
});
