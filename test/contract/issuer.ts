/**
 * An OpenID Connect issuer on this machine, which is a Cloudflare Access team as well: discovery,
 * keys that turn, and authorization codes with PKCE. It sends no CORS headers, as many do.
 */
import { createHash, randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, SignJWT } from "jose";

export interface Pair {
  kid: string;
  alg: string;
  privateKey: CryptoKey;
  jwk: JWK;
}

export async function newPair(kid: string, alg = "RS256"): Promise<Pair> {
  const { privateKey, publicKey } = await generateKeyPair(alg);
  return { kid, alg, privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg, use: "sig" } };
}

export interface Claims {
  pair?: Pair;
  issuer?: string;
  audience?: string | string[];
  /** Seconds from now. */
  expires?: number;
  payload?: Record<string, unknown>;
}

export const CLIENT_ID = "the-console";

interface Granted {
  challenge: string;
  nonce: string;
  redirectUri: string;
}

const S256 = (verifier: string): string => createHash("sha256").update(verifier).digest("base64url");

export class Issuer {
  readonly url: string;
  present: Pair;
  access: Pair;
  /** What the key server gives; undefined: it fails. */
  keys: JWK[] | undefined;
  /** How often the keys were asked for. */
  fetches = 0;
  /** Whether there is a discovery document now. */
  isThere = true;
  /** More of the discovery document. */
  more: Record<string, unknown> = {};
  /** What its token endpoint asks for beside the code; undefined: nothing. */
  secret: string | undefined;
  /** Who is signed in at the issuer. */
  person: Record<string, unknown> = { email: "Ada@Example.org", email_verified: true };
  /** Changes the ID token that a code is changed for. */
  forging: Claims = {};
  readonly #server: Server;
  readonly #granted = new Map<string, Granted>();

  private constructor(server: Server, present: Pair, access: Pair) {
    this.#server = server;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    this.present = present;
    this.access = access;
    this.keys = [present.jwk];
    server.on("request", (request: IncomingMessage, response: ServerResponse) => {
      void this.#respond(request, response);
    });
  }

  static async start(): Promise<Issuer> {
    const [present, access] = await Promise.all([newPair("k1"), newPair("a1")]);
    const server = createServer();
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    return new Issuer(server, present, access);
  }

  stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  /** From now on another key signs, and the former one is gone. */
  async turn(kid: string, alg = "ES256"): Promise<void> {
    this.present = await newPair(kid, alg);
    this.keys = [this.present.jwk];
  }

  idToken({
    pair = this.present,
    issuer = this.url,
    audience = CLIENT_ID,
    expires = 600,
    payload = {},
  }: Claims = {}): Promise<string> {
    return new SignJWT({ ...this.person, ...payload })
      .setProtectedHeader({ alg: pair.alg, kid: pair.kid })
      .setIssuer(issuer)
      .setAudience(audience)
      .setSubject("1234")
      .setIssuedAt()
      .setExpirationTime(Math.floor(Date.now() / 1_000) + expires)
      .sign(pair.privateKey);
  }

  /** A code, as the issuer sends a browser back with it. */
  grant(granted: Granted): string {
    const code = randomUUID();
    this.#granted.set(code, granted);
    return code;
  }

  async #respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? "/", this.url);
    const json = (status: number, body: object): void => {
      response.writeHead(status, { "content-type": "application/json" });
      response.end(JSON.stringify(body));
    };
    if (pathname === "/.well-known/openid-configuration" && this.isThere) {
      return json(200, {
        issuer: this.url,
        jwks_uri: `${this.url}/keys`,
        authorization_endpoint: `${this.url}/authorize`,
        token_endpoint: `${this.url}/token`,
        response_modes_supported: ["query", "fragment"],
        ...this.more,
      });
    }
    if (pathname === "/keys") {
      this.fetches += 1;
      return this.keys ? json(200, { keys: this.keys }) : json(500, {});
    }
    if (pathname === "/cdn-cgi/access/certs") return json(200, { keys: [this.access.jwk] });
    if (pathname === "/authorize") return this.#authorize(searchParams, response);
    if (pathname === "/token" && request.method === "POST") {
      const asked = new URLSearchParams(await text(request));
      const { status, body } = await this.#token(asked, request.headers.authorization);
      return json(status, body);
    }
    return json(500, {});
  }

  /** A page with two links: in, and not. */
  #authorize(asked: URLSearchParams, response: ServerResponse): void {
    const of = (name: string): string => asked.get(name) ?? "";
    const isGood =
      of("response_type") === "code" &&
      of("client_id") === CLIENT_ID &&
      of("code_challenge_method") === "S256" &&
      of("scope").split(" ").includes("openid") &&
      of("state").length >= 43 &&
      of("nonce").length >= 43;
    if (!isGood) {
      response.writeHead(400).end("not a request for a code");
      return;
    }
    const back = (told: Record<string, string>): string => {
      const query = new URLSearchParams({ ...told, state: of("state"), iss: this.url });
      return `${of("redirect_uri")}${of("response_mode") === "fragment" ? "#" : "?"}${query}`.replaceAll(
        "&",
        "&amp;",
      );
    };
    const code = this.grant({
      challenge: of("code_challenge"),
      nonce: of("nonce"),
      redirectUri: of("redirect_uri"),
    });
    response.writeHead(200, { "content-type": "text/html" });
    response.end(
      `<!doctype html><html lang="en"><title>Issuer</title><h1>Who are you?</h1>
      <a href="${back({ code })}">Go on</a> <a href="${back({ error: "access_denied" })}">Refuse</a></html>`,
    );
  }

  /** RFC 6749 §4.1.3. A code serves once. */
  async #token(
    asked: URLSearchParams,
    authorization: string | undefined,
  ): Promise<{ status: number; body: object }> {
    const header = Buffer.from(authorization?.replace("Basic ", "") ?? "", "base64").toString();
    const isClient =
      this.secret === undefined
        ? asked.get("client_id") === CLIENT_ID && authorization === undefined
        : header === `${CLIENT_ID}:${encodeURIComponent(this.secret)}` ||
          (asked.get("client_id") === CLIENT_ID && asked.get("client_secret") === this.secret);
    if (!isClient) return { status: 401, body: { error: "invalid_client" } };
    const code = asked.get("code") ?? "";
    const granted = this.#granted.get(code);
    this.#granted.delete(code);
    const isGood =
      granted !== undefined &&
      asked.get("grant_type") === "authorization_code" &&
      asked.get("redirect_uri") === granted.redirectUri &&
      S256(asked.get("code_verifier") ?? "") === granted.challenge;
    if (!isGood) return { status: 400, body: { error: "invalid_grant" } };
    const { payload, ...forging } = this.forging;
    const idToken = await this.idToken({ payload: { nonce: granted.nonce, ...payload }, ...forging });
    return { status: 200, body: { access_token: randomUUID(), token_type: "Bearer", id_token: idToken } };
  }
}
