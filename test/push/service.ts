/**
 * A push service and its devices, for tests: takes messages as RFC 8030 has them, checks who sends them (RFC 8292),
 * and opens them with the device's own keys (RFC 8291), by Node's own cryptography and none of the engine's.
 */
import {
  createDecipheriv,
  createECDH,
  createHash,
  createPublicKey,
  type ECDH,
  hkdfSync,
  randomBytes,
  verify,
} from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Notification } from "../../src/contract/push.ts";

export class Device {
  readonly #curve: ECDH;
  readonly #auth: Buffer;
  readonly endpoint: string;

  constructor(endpoint: string) {
    this.endpoint = endpoint;
    this.#curve = createECDH("prime256v1");
    this.#curve.generateKeys();
    this.#auth = randomBytes(16);
  }

  /** As `PushSubscription.toJSON()`. */
  toJSON() {
    return {
      endpoint: this.endpoint,
      expirationTime: null,
      keys: { p256dh: this.#curve.getPublicKey("base64url"), auth: this.#auth.toString("base64url") },
    };
  }

  /** How `DELETE …/me/push` names it. */
  get digest(): string {
    return createHash("sha256").update(this.endpoint).digest("base64url");
  }

  open(body: Buffer): string {
    return openSealed(body, this.#curve, this.#auth).toString();
  }
}

/** Opens one record of aes128gcm that was sealed for the holder of the keys. */
export function openSealed(body: Buffer, curve: ECDH, auth: Buffer): Buffer {
  const salt = body.subarray(0, 16);
  const size = body.readUInt32BE(16);
  const idLength = body.readUInt8(20);
  const theirs = body.subarray(21, 21 + idLength);
  const sealed = body.subarray(21 + idLength);
  if (sealed.length > size) throw new Error("more than one record");
  const derive = (input: Buffer, of: Buffer, info: Buffer, length: number): Buffer =>
    Buffer.from(hkdfSync("sha256", input, of, info, length));
  const info = Buffer.concat([Buffer.from("WebPush: info\0"), curve.getPublicKey(), theirs]);
  const input = derive(curve.computeSecret(theirs), auth, info, 32);
  const key = derive(input, salt, Buffer.from("Content-Encoding: aes128gcm\0"), 16);
  const nonce = derive(input, salt, Buffer.from("Content-Encoding: nonce\0"), 12);
  const decipher = createDecipheriv("aes-128-gcm", key, nonce);
  decipher.setAuthTag(sealed.subarray(-16));
  const plain = Buffer.concat([decipher.update(sealed.subarray(0, -16)), decipher.final()]);
  let end = plain.length;
  while (end > 0 && plain[end - 1] === 0) end -= 1;
  if (plain[end - 1] !== 2) throw new Error("not the last record");
  return plain.subarray(0, end - 1);
}

export interface Received {
  device: Device;
  headers: IncomingMessage["headers"];
  body: Buffer;
  notification: Notification;
}

export class PushService {
  readonly #server: Server;
  readonly #devices = new Map<string, Device>();
  readonly #responses = new Map<string, { status: number; headers?: Record<string, string> }[]>();
  readonly received: Received[] = [];
  /** Messages that nobody may have sent. */
  readonly faults: string[] = [];
  /** Requests by path, refused ones too. */
  readonly asked: string[] = [];
  #n = 0;

  constructor(server: Server) {
    this.#server = server;
    server.on("request", (request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        const path = request.url ?? "";
        this.asked.push(path);
        const { status, headers = {} } = this.#responses.get(path)?.shift() ?? { status: 201 };
        const device = this.#devices.get(path);
        if (status === 201 && device) this.#take(device, request, Buffer.concat(chunks));
        response.writeHead(device ? status : 404, headers).end();
      });
    });
  }

  static async start(): Promise<PushService> {
    const server = createServer();
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return new PushService(server);
  }

  get host(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  device(): Device {
    this.#n += 1;
    const path = `/send/${this.#n}-${randomBytes(8).toString("hex")}`;
    const device = new Device(`http://${this.host}${path}`);
    this.#devices.set(path, device);
    return device;
  }

  /** What it says to the next messages to the device, one after the other; then it takes them. */
  respond(device: Device, ...responses: { status: number; headers?: Record<string, string> }[]): void {
    this.#responses.set(new URL(device.endpoint).pathname, responses);
  }

  of(device: Device): Notification[] {
    return this.received.filter((each) => each.device === device).map(({ notification }) => notification);
  }

  timesAsked(device: Device): number {
    return this.asked.filter((path) => path === new URL(device.endpoint).pathname).length;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }

  #take(device: Device, { headers }: IncomingMessage, body: Buffer): void {
    try {
      checkSender(headers.authorization ?? "", `http://${this.host}`);
      if (headers["content-encoding"] !== "aes128gcm") throw new Error("no aes128gcm");
      if (body.length > 4_096) throw new Error("too long");
      if (!/^\d+$/.test(headers.ttl as string)) throw new Error("no TTL");
      if (!/^[A-Za-z0-9_-]{1,32}$/.test(headers.topic as string)) throw new Error("no topic");
      this.received.push({
        device,
        headers,
        body,
        notification: JSON.parse(device.open(body)) as Notification,
      });
    } catch (error) {
      this.faults.push(String(error));
    }
  }
}

/** RFC 8292 §2 and §3. */
function checkSender(header: string, audience: string): void {
  const [, token = "", key = ""] = /^vapid t=([\w.-]+), k=([\w-]+)$/.exec(header) ?? [];
  const [head = "", claims = "", signature = ""] = token.split(".");
  const point = Buffer.from(key, "base64url");
  const publicKey = createPublicKey({
    format: "jwk",
    key: {
      kty: "EC",
      crv: "P-256",
      x: point.subarray(1, 33).toString("base64url"),
      y: point.subarray(33).toString("base64url"),
    },
  });
  const isSigned = verify(
    "sha256",
    Buffer.from(`${head}.${claims}`),
    { key: publicKey, dsaEncoding: "ieee-p1363" },
    Buffer.from(signature, "base64url"),
  );
  if (!isSigned) throw new Error("not signed by the key that it names");
  const { aud, exp, sub } = JSON.parse(Buffer.from(claims, "base64url").toString()) as Record<
    string,
    unknown
  >;
  const left = Number(exp) - Date.now() / 1_000;
  if (aud !== audience || !(left > 0 && left <= 86_400)) throw new Error("for another one, or another time");
  if (!/^(?:https?:|mailto:)/.test(String(sub))) throw new Error("nobody to turn to");
}
