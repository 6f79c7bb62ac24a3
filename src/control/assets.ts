/**
 * The files of a hunt by name: which content each has, and which contents are on their way in or out. The
 * contents themselves are in the bucket (src/assets/store.ts). Kept from the first file on, whether the hunt
 * was published or not.
 */
import type { StoredContent } from "../assets/content.ts";
import { objectKey } from "../assets/store.ts";
import { newKey, ticketsEnd } from "../assets/ticket.ts";
import { ASSETS_MAX, assetTypeOf } from "../contract/asset-types.ts";
import { type Refusal, refuse } from "../errors.ts";
import { type AssetRefs, usesIn } from "../hunt/asset-references.ts";
import type { AssetUse, StoredAsset } from "../objects/assets.ts";
import type { Actor } from "../objects/control.ts";
import { assertKnownForm } from "../stored-form.ts";
import type { StoredText } from "../stored-text.ts";
import type { AuditLog } from "./audit.ts";
import type { StateStore } from "./state.ts";

const KEY = "assets";
const FORM = 1;

/** Uploads under way at most. */
const UPLOADS_MAX = 100;

/** After this long an upload is not under way any more, ms. */
const UPLOAD_LIFE = 3_600_000;

/** Replaced contents kept at most; beyond them the oldest goes before its tickets end. */
const REPLACED_MAX = 2_000;

/** Least time between two turns, ms. */
const TURN_MIN = 1_000;

/** Files copied at the same time. */
const COPIES = 6;

/** When what the bucket refused is tried again, ms. */
const RETRY_DELAY = 60_000;

/** Objects deleted in one call: R2's own bound. */
const DELETED_MAX = 1_000;

interface Pending {
  key: string;
  name: string;
  /** Of an upload in parts. */
  uploadId?: string;
  at: number;
}

interface Replaced extends StoredAsset {
  /** When its last ticket ends, epoch ms. */
  until: number;
}

interface Stored {
  v: typeof FORM;
  files: StoredAsset[];
  replaced: Replaced[];
  pending: Pending[];
}

interface AssetsDeps {
  hunt: string;
  env: { ASSETS_BUCKET: R2Bucket };
  texts: Pick<StoredText, "read" | "write">;
  state: StateStore;
  audit: AuditLog;
  /** By the engine's clock, as tickets end, epoch ms. */
  now(): number;
  /** Calls `turn` so long after now, ms. */
  wake(delay: number): void;
  /** The names that the published version names, dropped clues left out. */
  named(): ReadonlySet<string>;
  /** The published definition and its version; undefined: there is none that can be read. */
  definition(): { version: number; read(): unknown } | undefined;
  /** A content changed that the published version names: everyone has to be told. */
  changed(): Promise<Refusal | undefined>;
}

export class Assets {
  readonly #deps: AssetsDeps;
  #stored: Stored | undefined;
  #known: { version: number; uses: ReadonlyMap<string, AssetUse[]> } | undefined;

  constructor(deps: AssetsDeps) {
    this.#deps = deps;
  }

  /** An alarm may have been lost. */
  arm(): void {
    const { replaced, pending } = this.#read();
    const due = [...replaced.map(({ until }) => until), ...pending.map(({ at }) => at + UPLOAD_LIFE)];
    const { now, wake } = this.#deps;
    if (due.length > 0) wake(Math.max(Math.min(...due) - now(), TURN_MIN));
  }

  /** The contents in use, for whoever tells their addresses. */
  refs(): AssetRefs {
    return Object.fromEntries(
      this.#read().files.map(({ name, key, type, size }) => [name, { key, type, size }]),
    );
  }

  all(): readonly StoredAsset[] {
    return this.#read().files;
  }

  find(name: string): StoredAsset | undefined {
    return this.#read().files.find((file) => file.name === name);
  }

  list(): (StoredAsset & { usedIn: AssetUse[] })[] {
    const uses = this.#uses();
    return this.#read()
      .files.map((file) => ({ ...file, usedIn: uses.get(file.name) ?? [] }))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  // ── Uploads ─────────────────────────────────────────────────────────────

  /** A content is on its way: whatever becomes of the isolate that brings it, it is not forgotten. */
  begin(name: string, key: string, uploadId?: string): Refusal | undefined {
    const { state, now, wake } = this.#deps;
    if (state.sealed) return refuse("conflict", "the hunt of this id is being deleted");
    const { files, pending, ...rest } = this.#read();
    const others = pending.filter((each) => each.key !== key);
    if (uploadId === undefined) {
      if (files.length >= ASSETS_MAX && !files.some((file) => file.name === name)) {
        return refuse("conflict", `a hunt may have ${ASSETS_MAX} files`);
      }
      if (others.length >= UPLOADS_MAX) return refuse("overloaded", "too many files come at the same time");
    } else if (others.length === pending.length) return GONE;
    const one: Pending = { key, name, at: now(), ...(uploadId === undefined ? {} : { uploadId }) };
    this.#write({ ...rest, files, pending: [...others, one] });
    wake(UPLOAD_LIFE);
    return undefined;
  }

  /** The content is in the bucket, and from now on the file's. */
  async commit(
    name: string,
    { key, sha256, sent, size }: StoredContent,
    by: Actor,
  ): Promise<{ created: boolean } | Refusal> {
    const { state, audit, now, env, wake } = this.#deps;
    if (state.sealed) return refuse("conflict", "the hunt of this id is being deleted");
    const { files, replaced, pending, v } = this.#read();
    if (!pending.some((each) => each.key === key)) return GONE;
    const at = now();
    const before = files.find((file) => file.name === name);
    const others = files.filter((file) => file.name !== name);
    const type = assetTypeOf(name)?.type ?? "";
    // The same content under the same name has the same address, so that nobody loads it again.
    const known = [...(before ? [before] : []), ...replaced].find(
      (file) => file.name === name && file.sha256 === sha256,
    );
    const file = { name, key: known?.key ?? key, sha256, sent, size, type, at };
    const until = ticketsEnd(env, at);
    const isNew = before !== undefined && before.key !== file.key;
    const left = replaced.filter((each) => each.key !== file.key);
    if (isNew) left.push({ ...before, until });
    this.#write({ v, files: [...others, file], replaced: left, pending });
    audit.record({ ...by, at, action: "store-file", detail: { name, size, sha256 } });
    if (isNew) wake(until - at);
    if (known) await this.#drop([key]);
    this.#done(key);
    if (left.length > REPLACED_MAX) wake(TURN_MIN);
    if (before?.key !== file.key && this.#deps.named().has(name)) {
      const untold = await this.#deps.changed();
      if (untold) return untold;
    }
    return { created: before === undefined };
  }

  /** The upload came to nothing. */
  async cancel(key: string): Promise<void> {
    if (!this.#read().pending.some((each) => each.key === key)) return;
    await this.#drop([key]);
    this.#done(key);
  }

  /** Copies files of another hunt, for a rehearsal of it. What was copied before is left as it is. */
  async copyFrom(hunt: string, files: readonly StoredAsset[]): Promise<Refusal | undefined> {
    const missing = files.filter(({ name }) => !this.find(name));
    for (let from = 0; from < missing.length; from += COPIES) {
      const copied = missing.slice(from, from + COPIES).map((file) => this.#copy(hunt, file));
      for (const done of await Promise.allSettled(copied)) {
        if (done.status === "fulfilled") continue;
        console.warn({ message: "a file could not be copied", error: String(done.reason) });
        return refuse("unavailable", "the hunt's files could not all be copied; send it again in a moment");
      }
    }
    return undefined;
  }

  async #copy(hunt: string, file: StoredAsset): Promise<void> {
    const { env, hunt: own, now } = this.#deps;
    const key = newKey();
    const refused = this.begin(file.name, key);
    if (refused) throw new Error(refused.detail);
    const object = await env.ASSETS_BUCKET.get(objectKey(hunt, file.key));
    if (object) {
      await env.ASSETS_BUCKET.put(objectKey(own, key), object.body, {
        httpMetadata: { contentType: file.type },
      });
      const { files, pending, ...rest } = this.#read();
      if (!pending.some((each) => each.key === key)) throw new Error(GONE.detail);
      const copy = { ...file, key, at: now() };
      this.#write({ ...rest, pending, files: [...files.filter(({ name }) => name !== file.name), copy] });
    }
    // One that was deleted meanwhile is not there to be copied.
    this.#done(key);
  }

  async remove(name: string, by: Actor): Promise<Refusal | { removed: true }> {
    const { audit, now, state } = this.#deps;
    if (state.sealed || !this.find(name)) return refuse("not_found", "no such file");
    if (this.#deps.named().has(name)) {
      const [use] = this.#uses().get(name) ?? [];
      return refuse("conflict", `the published version names it${use ? ` at ${use.path}` : ""}`);
    }
    const { files, replaced } = this.#read();
    const keys = [...files, ...replaced].filter((each) => each.name === name).map(({ key }) => key);
    // First: what is gone for everybody is not found in the bucket either.
    await this.#drop(keys);
    const left = this.#read();
    this.#write({
      ...left,
      files: left.files.filter(({ key }) => !keys.includes(key)),
      replaced: left.replaced.filter(({ key }) => !keys.includes(key)),
    });
    audit.record({ ...by, at: now(), action: "remove-file", detail: { name } });
    return { removed: true };
  }

  // ── By itself ───────────────────────────────────────────────────────────

  /** The alarm's work: contents that nobody can read any more, and uploads that nobody goes on with. */
  async turn(): Promise<void> {
    const { now, wake } = this.#deps;
    const { replaced, pending } = this.#read();
    const excess = replaced.length - REPLACED_MAX;
    const over = replaced.filter(({ until }, index) => until <= now() || index < excess);
    const lost = pending.filter(({ at }) => at + UPLOAD_LIFE <= now());
    try {
      for (const each of lost) await this.#abort(each);
      await this.#drop([...over, ...lost].map(({ key }) => key));
    } catch (error) {
      console.warn({ message: "files could not be deleted, the alarm repeats it", error: String(error) });
      wake(RETRY_DELAY);
      return;
    }
    const gone = new Set([...over, ...lost].map(({ key }) => key));
    if (gone.size > 0) {
      const left = this.#read();
      this.#write({
        ...left,
        replaced: left.replaced.filter(({ key }) => !gone.has(key)),
        pending: left.pending.filter(({ key }) => !gone.has(key)),
      });
    }
    this.arm();
  }

  /** The hunt is deleted: ends what is under way; what is in the bucket goes by its prefix. */
  async abortAll(): Promise<void> {
    for (const each of this.#read().pending) await this.#abort(each);
  }

  async #abort({ key, uploadId }: Pending): Promise<void> {
    if (uploadId === undefined) return;
    const { env, hunt } = this.#deps;
    // One that was completed or ended is unknown.
    await env.ASSETS_BUCKET.resumeMultipartUpload(objectKey(hunt, key), uploadId)
      .abort()
      .catch(() => undefined);
  }

  async #drop(keys: readonly string[]): Promise<void> {
    const { env, hunt } = this.#deps;
    for (let from = 0; from < keys.length; from += DELETED_MAX) {
      const some = keys.slice(from, from + DELETED_MAX).map((key) => objectKey(hunt, key));
      await env.ASSETS_BUCKET.delete(some);
    }
  }

  #done(key: string): void {
    const { pending, ...rest } = this.#read();
    this.#write({ ...rest, pending: pending.filter((each) => each.key !== key) });
  }

  /** Where the published version names each file. */
  #uses(): ReadonlyMap<string, AssetUse[]> {
    const published = this.#deps.definition();
    if (!published) return new Map();
    if (this.#known?.version === published.version) return this.#known.uses;
    const uses = new Map<string, AssetUse[]>();
    const definition = published.read();
    for (const { name, path } of usesIn(definition)) {
      const clue = clueAt(definition, path);
      const of = uses.get(name) ?? [];
      of.push({ path, ...(clue === undefined ? {} : { clue }) });
      uses.set(name, of);
    }
    this.#known = { version: published.version, uses };
    return uses;
  }

  #read(): Stored {
    if (this.#stored) return this.#stored;
    const text = this.#deps.texts.read(KEY);
    const stored = text === undefined ? EMPTY : (JSON.parse(text) as Stored);
    assertKnownForm("the files of the hunt", { v: stored.v }, FORM);
    this.#stored = stored;
    return stored;
  }

  #write(stored: Stored): void {
    this.#stored = stored;
    this.#deps.texts.write(KEY, JSON.stringify(stored));
  }
}

const EMPTY: Stored = { v: FORM, files: [], replaced: [], pending: [] };

const GONE = refuse("conflict", "the upload took too long, or its hunt was deleted meanwhile");

/** The id of the clue that a path leads into. */
function clueAt(definition: unknown, path: string): string | undefined {
  const place = /^clues\.(\d+)\./.exec(path)?.[1];
  if (place === undefined) return undefined;
  return (definition as { clues?: { id?: string }[] }).clues?.[Number(place)]?.id;
}
