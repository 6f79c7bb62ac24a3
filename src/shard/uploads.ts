/**
 * Files on their way to a submission: who may send one, what became of it, and when it goes. The bytes pass through
 * the edge into the bucket (src/assets/store.ts); a row here says that they are on their way before the first of them
 * is stored, so that nothing is left in the bucket that nobody knows of.
 */
import { objectKey } from "../assets/store.ts";
import type { Uploaded } from "../contract/submissions.ts";
import { type Refusal, refuse } from "../errors.ts";
import type { Uploads as UploadsKnown } from "../hunt/context.ts";
import { seenOf } from "../hunt/seen.ts";
import { submissionOf } from "../hunt/submissions.ts";
import type { Submission } from "../hunt/team.ts";
import type { Seat, SentContent } from "../objects/shard.ts";
import type { NewFact, SentFile } from "../protocol.ts";
import type { CurrentHunt } from "./current-hunt.ts";
import type { Journal } from "./journal.ts";
import type { Players } from "./players.ts";
import type { ShardTime } from "./time.ts";
import type { StoredUpload, UploadStore } from "./upload-store.ts";

const HOUR = 3_600_000;

/** Files of a team for a clue in an hour. */
const UPLOADS_PER_HOUR = 20;

/** After this long a file is not on its way any more, ms. */
const COMING_LIFE = HOUR;

/** How long a file waits for its submission, ms. */
const STORED_LIFE = 24 * HOUR;

/** ms. */
const LAST_MOMENT = 60_000;

/** Files deleted in one turn, and when what the bucket refused is tried again, ms. */
const TURN_MAX = 100;
const RETRY_DELAY = 60_000;

export interface UploadsDeps {
  hunt: string;
  bucket: R2Bucket;
  current: CurrentHunt;
  journal: Pick<Journal, "teams" | "committed" | "log">;
  time: ShardTime;
  players: Pick<Players, "memberOf">;
  store: UploadStore;
  /** Whether the shard has no room for more rows. */
  isFull(now: number): boolean;
  /** Has `turn` called again, in so many ms. */
  wake(delay: number): void;
}

export class Uploads implements UploadsKnown {
  readonly #deps: UploadsDeps;
  #running: Promise<void> | undefined;

  constructor(deps: UploadsDeps) {
    this.#deps = deps;
  }

  /** An alarm may have been lost. */
  arm(): void {
    const { store, time, wake } = this.#deps;
    const { next } = store;
    if (next !== undefined) wake(Math.max(0, next - time.now()));
  }

  /** See `ShardObject.beginUpload`. */
  async begin(
    seat: Seat,
    clue: string,
    id: string,
    multipart?: string,
  ): Promise<{ accept: string[] } | Refusal> {
    const { current, time, players, store, wake, isFull } = this.#deps;
    const refused = await current.ready();
    if (refused) return refused;
    const team = players.memberOf(seat.team, seat.player, seat.gen);
    if ("refused" in team) return team;
    const now = time.now();
    if (multipart !== undefined) {
      const own = store.at(id);
      if (own?.state !== "coming" || own.team !== team.id) return GONE;
      store.save({ ...own, multipart });
      return { accept: [] };
    }
    const context = current.context(now);
    if (!seenOf(context, team, now).some((seen) => seen.id === clue))
      return refuse("not_found", "no such clue");
    const compiled = context.hunt.clues.get(clue);
    if (compiled?.accept === undefined) return refuse("conflict", "files are sent for submission clues only");
    if (context.phase !== "live") return refuse("conflict", "files are sent while the hunt is live");
    if (team.banned) return refuse("conflict", "the team is banned");
    if (team.solves.has(clue)) return refuse("conflict", "the team has solved this clue");
    if (isFull(now)) return NO_ROOM;
    const recent = store.of(team.id).filter((each) => each.clue === clue && counts(each, now));
    if (recent.length >= UPLOADS_PER_HOUR) {
      const oldest = Math.min(...recent.map(({ at }) => at));
      const seconds = Math.max(1, Math.ceil((oldest + HOUR - now) / 1_000));
      return refuse("rate_limited", `a team sends ${UPLOADS_PER_HOUR} files for a clue in an hour`, seconds);
    }
    const due = now + COMING_LIFE;
    store.save({ id, team: team.id, player: seat.player, clue, state: "coming", at: now, due });
    wake(COMING_LIFE);
    return { accept: compiled.accept };
  }

  /** See `ShardObject.storeUpload`. */
  async stored(seat: Seat, id: string, content: SentContent): Promise<Uploaded | Refusal> {
    const { current, time, players, store, wake } = this.#deps;
    const refused = await current.ready();
    if (refused) return refused;
    const team = players.memberOf(seat.team, seat.player, seat.gen);
    if ("refused" in team) return team;
    const own = store.at(id);
    if (own?.state !== "coming" || own.team !== team.id) return GONE;
    const { type, size, sha256 } = content;
    const { multipart: _, ...rest } = own;
    store.save({ ...rest, state: "stored", due: time.now() + STORED_LIFE, type, size, sha256 });
    wake(STORED_LIFE);
    return { upload: id, type, size };
  }

  /** It came to nothing: what is left of it in the bucket goes. */
  cancel(id: string): void {
    const { store, time, wake } = this.#deps;
    const own = store.at(id);
    if (own?.state !== "coming") return;
    store.save({ ...own, state: "gone", due: time.now() });
    wake(0);
  }

  /** See `Uploads` of the rules. */
  of(team: string, upload: string, clue: string): SentFile | undefined {
    const { store, time } = this.#deps;
    const own = store.at(upload);
    if (own?.state !== "stored" || own.team !== team || own.clue !== clue) return undefined;
    // Not in the last moment: the fact that names it is written a little later.
    if (own.due !== undefined && own.due - LAST_MOMENT <= time.now()) return undefined;
    const { type = "", size = 0, sha256 = "" } = own;
    return { upload, type, size, sha256 };
  }

  /** What is written in the transaction of the fact, where it names files or deletes them. */
  besideOf(draft: NewFact): (() => void) | undefined {
    if (draft.type === "submit") {
      const { files = [] } = draft;
      return files.length === 0 ? undefined : () => this.#keep(files.map(({ upload }) => upload));
    }
    if (draft.type !== "forget" && draft.type !== "cleared") return undefined;
    const team = this.#deps.journal.teams.get(draft.team);
    if (!team) return undefined;
    if (draft.type === "forget") {
      const { player } = draft;
      const sent = (team.submissions ?? []).filter((each) => each.player === player);
      return () => this.#deleteOf(team.id, sent, (each) => each.player === player);
    }
    const submission = submissionOf(team, draft.submission);
    if (!submission) return undefined;
    return () => {
      if (submission.slot !== undefined) this.#deps.journal.log.keys.delete([submission.slot]);
      this.#deleteOf(team.id, [submission], () => false);
    };
  }

  #keep(ids: readonly string[]): void {
    const { store } = this.#deps;
    for (const id of ids) {
      const own = store.at(id);
      if (!own) continue;
      const { due: _, ...rest } = own;
      store.save({ ...rest, state: "sent" });
    }
  }

  /** The files of these submissions, whose rows may be lost, and others of the team that are `more`. */
  #deleteOf(team: string, sent: readonly Submission[], more: (upload: StoredUpload) => boolean): void {
    const { store, time, wake } = this.#deps;
    const due = time.now();
    const gone = new Map<string, StoredUpload>();
    for (const { player, clue, at, files = [] } of sent) {
      for (const { upload: id } of files) {
        gone.set(id, store.at(id) ?? { id, team, player, clue, state: "sent", at });
      }
    }
    for (const each of store.of(team)) if (more(each)) gone.set(each.id, each);
    for (const each of gone.values()) {
      if (each.state !== "gone") store.save({ ...each, state: "gone", due });
    }
    if (gone.size > 0) wake(0);
  }

  /** Deletes what is due, as far as the bucket does it now. Never rejects. */
  turn(): Promise<void> {
    this.#running ??= this.#turn().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #turn(): Promise<void> {
    const { store, time, wake } = this.#deps;
    const due = store.due(time.now(), TURN_MAX);
    try {
      for (const each of due) await this.#delete(each);
    } catch (error) {
      console.warn({
        message: "sent files could not be deleted, the alarm repeats it",
        error: String(error),
      });
      wake(RETRY_DELAY);
      return;
    }
    this.arm();
  }

  async #delete(upload: StoredUpload): Promise<void> {
    const { bucket, hunt, store, time } = this.#deps;
    const { id, at, multipart } = upload;
    const key = objectKey(hunt, id);
    // What came to its end is no upload in parts any more.
    if (multipart !== undefined) await bucket.resumeMultipartUpload(key, multipart).abort().catch(ignored);
    await bucket.delete(key);
    // Deleted ones count among those of an hour.
    const isCounted = at + HOUR > time.now();
    if (isCounted && upload.state === "gone") store.save({ ...upload, due: at + HOUR });
    else store.drop(id);
  }

  /** Ends what is on its way, before the shard is erased. */
  async abortAll(): Promise<void> {
    const { store, bucket, hunt } = this.#deps;
    for (const { id, multipart } of store.due(Number.MAX_SAFE_INTEGER, TURN_MAX)) {
      if (multipart === undefined) continue;
      await bucket.resumeMultipartUpload(objectKey(hunt, id), multipart).abort().catch(ignored);
    }
  }
}

/** Whether it is one of the hour's: on its way, or it came; one that was given up on its way is none. */
const counts = ({ at, state, type }: StoredUpload, now: number): boolean =>
  at > now - HOUR && (state !== "gone" || type !== undefined);

const NO_ROOM = refuse("overloaded", "this part of the hunt has no room for more");

const ignored = (): undefined => undefined;

const GONE = refuse("conflict", "the upload took too long, or was given up: send the file again");
