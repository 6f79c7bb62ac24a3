/**
 * The files of a hunt. Whoever has a ticket for one reads it from the bucket, and no object is asked; without a
 * ticket there is what everybody may see, and else nothing, whether there is such a file or not.
 */

import { objectKey, requireKnownEnding, storeUpload } from "../../assets/store.ts";
import { assetPeriod, assetUrl, newKey, readAssetTicket } from "../../assets/ticket.ts";
import { ASSET_BYTES, type AssetType, assetTypeOf } from "../../contract/asset-types.ts";
import { type AssetRow, assetQuery, assetStored, assets } from "../../contract/assets.ts";
import { errorOf, RequestError } from "../../errors.ts";
import { check } from "../../intake/check.ts";
import { calling, callingOnce, controlStub } from "../../objects/call.ts";
import { ANY_TYPE, declared } from "../declare.ts";
import { huntEntry, huntOf, iso } from "../hunt.ts";
import { limitAddress } from "../limits.ts";
import { type App, queryOf, type Request$ } from "../request.ts";
import { isOrganiserOf, open, organiser } from "../roles.ts";
import { BodyReader, storedFile } from "../stored-file.ts";

/** How long a browser may keep what everybody may see, seconds: it may become another file. */
const OPEN_AGE = 300;

/** What a drawing may do that is opened by itself: draw. */
const DRAWING_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox";
/** What a document's viewer needs, which browsers make of elements of their own. */
const DOCUMENT_POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; object-src 'self'; img-src 'self' data:; frame-ancestors 'self'";

export function assetRoutes(app: App): void {
  app.openapi(
    declared({
      method: "get",
      path: "/v1/hunts/{hunt}/assets",
      summary: "The files of the hunt, and where the published version names them",
      role: organiser,
      hunt: "unchecked",
      responses: { 200: { description: "By name", schema: assets } },
    }),
    async (c) => {
      const hunt = huntOf(c);
      const now = c.get("now");
      const files = await calling(async () => controlStub(c.env, hunt).assets());
      const period = assetPeriod(c.env, now);
      const rows = files.map(
        ({ name, sha256, sent, size, type, at, key, usedIn }): AssetRow => ({
          name,
          sha256,
          size,
          type,
          sent,
          at: iso(at),
          usedIn: usedIn.map((use) => ({ ...use })),
          url: assetUrl(c.env, hunt, name, key, period),
        }),
      );
      return c.json({ assets: rows, bytes: rows.reduce((sum, { size }) => sum + size, 0) }, 200);
    },
  );

  app.openapi(
    declared({
      method: "put",
      path: "/v1/hunts/{hunt}/assets/{name}",
      summary: "Store a file, also before the hunt is published; the name's ending says of which type it is",
      role: organiser,
      hunt: "unchecked",
      body: { types: [ANY_TYPE] },
      maxBytes: ASSET_BYTES,
      responses: {
        200: { description: "It has another content now, or the same", schema: assetStored },
        201: { description: "There is a new file", schema: assetStored },
      },
      errors: ["conflict", "unavailable"],
    }),
    async (c) => {
      const hunt = huntOf(c);
      const name = nameOf(c);
      requireKnownEnding(name);
      if (Number(c.req.header("content-length") ?? 0) > ASSET_BYTES) {
        throw new RequestError("payload_too_large", `the file may have ${ASSET_BYTES} bytes at most`);
      }
      const key = newKey();
      const begin = async (uploadId?: string): Promise<void> => {
        const refused = await callingOnce(async () =>
          controlStub(c.env, hunt).beginAsset(name, key, uploadId),
        );
        if (refused) throw errorOf(refused);
      };
      await begin();
      const reader = new BodyReader(c.req.raw);
      try {
        const { bucket, next } = { bucket: c.env.ASSETS_BUCKET, next: () => reader.next() };
        const content = await storeUpload({ bucket, hunt, name, key, next, begun: begin });
        const done = await callingOnce(async () =>
          controlStub(c.env, hunt).storeAsset(name, content, c.get("by")),
        );
        if ("refused" in done) throw errorOf(done);
        const { sha256, size } = content;
        const told = { name, sha256, size, type: assetTypeOf(name)?.type ?? "" };
        return c.json(told, done.created ? 201 : 200);
      } catch (error) {
        // What is left in the bucket is somebody's to delete: control's, by its alarm, if it cannot be told now.
        await callingOnce(async () => controlStub(c.env, hunt).cancelAsset(key)).catch(() => undefined);
        throw error;
      } finally {
        reader.release();
      }
    },
  );

  app.openapi(
    declared({
      method: "delete",
      path: "/v1/hunts/{hunt}/assets/{name}",
      summary: "Delete a file that the published version does not name",
      role: organiser,
      hunt: "unchecked",
      responses: { 204: { description: "It is gone for everybody" } },
      errors: ["conflict", "unavailable"],
    }),
    async (c) => {
      const removed = await calling(async () =>
        controlStub(c.env, huntOf(c)).removeAsset(nameOf(c), c.get("by")),
      );
      if ("refused" in removed) throw errorOf(removed);
      return c.body(null, 204);
    },
  );

  app.openapi(
    declared({
      method: "get",
      path: "/v1/hunts/{hunt}/assets/{name}",
      summary: "A file: with the ticket of its address, or what everybody may see, or for organisers",
      // A ticket says who may; what has none counts against its address.
      role: open,
      hunt: "unchecked",
      personal: "player",
      query: assetQuery,
      responses: {
        200: { description: "The file", type: "application/octet-stream" },
        206: { description: "The part that `Range` names", type: "application/octet-stream" },
        304: { description: "As `If-None-Match` has it" },
        416: { description: "There is no such part" },
      },
      errors: ["unavailable"],
    }),
    (c) => told(c),
  );
}

const nameOf = (c: Pick<Request$, "req">): string => c.req.param("name" as never) ?? "";

/** Who may see the file, as what it is kept, and for how long. */
interface Seen {
  key: string;
  caching: string;
}

async function seenBy(c: Request$, hunt: string, name: string, now: number): Promise<Seen | undefined> {
  const { t } = check(assetQuery, queryOf(c));
  const ticket = t === undefined ? undefined : readAssetTicket(c.env, hunt, name, t, now);
  if (ticket) {
    const age = Math.floor((ticket.expires - now) / 1_000);
    return { key: ticket.key, caching: `private, max-age=${age}, immutable` };
  }
  await limitAddress(c.env, c.req.raw, now);
  if (c.req.header("authorization") !== undefined && (await isOrganiserOf(c, hunt))) {
    const file = await calling(async () => controlStub(c.env, hunt).asset(name));
    return file && { key: file.key, caching: "private, no-cache" };
  }
  const { assets: shown = {} } = (await huntEntry(c.env, hunt, now)).hunt;
  const key = Object.hasOwn(shown, name) ? shown[name]?.key : undefined;
  return key === undefined ? undefined : { key, caching: `private, max-age=${OPEN_AGE}` };
}

async function told(c: Request$): Promise<Response> {
  const hunt = huntOf(c);
  const name = nameOf(c);
  const seen = await seenBy(c, hunt, name, c.get("now"));
  const type = assetTypeOf(name);
  if (!seen || !type) throw noSuchFile();
  const policy = policyOf(type);
  const file = await storedFile(c, objectKey(hunt, seen.key), {
    type: type.type.startsWith("text/") ? `${type.type}; charset=utf-8` : type.type,
    caching: seen.caching,
    name: name.slice(name.lastIndexOf("/") + 1),
    isShown: type.kind !== "file",
    ...(policy === undefined ? {} : { policy }),
  });
  if (!file) throw noSuchFile();
  return file;
}

function policyOf({ type, kind }: AssetType): string | undefined {
  if (type === "image/svg+xml") return DRAWING_POLICY;
  return kind === "document" ? DOCUMENT_POLICY : undefined;
}

const noSuchFile = (): RequestError => new RequestError("not_found", "no such file, or none for this ticket");
