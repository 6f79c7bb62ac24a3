/**
 * What organisers tell players: sent now or later, edited, taken back. Each change is stored together with its line
 * in the audit, then everyone is told.
 */
import type { Alarm } from "../alarm.ts";
import { type Refusal, refuse } from "../errors.ts";
import type { CompiledHunt } from "../hunt/compiled.ts";
import type { Actor, AnnouncementPage, AnnouncementQuery, NewAnnouncement } from "../objects/control.ts";
import { randomText } from "../objects/ids.ts";
import type { Announcement } from "../protocol.ts";
import type { ControlReason } from "./alarm-reasons.ts";
import { type AnnouncementStore, ERRATA_MAX, toldToShards } from "./announcements.ts";
import type { AuditLog } from "./audit.ts";
import type { Published } from "./publish.ts";
import type { StateStore } from "./state.ts";

/** Announcements that wait for their time. */
const SCHEDULED_MAX = 50;

/** Ids told as taken back: who hears of none of so many changes looks anew anyway. */
const TAKEN_BACK_TOLD = 100;

export interface AnnouncingDeps {
  state: StateStore;
  audit: AuditLog;
  store: AnnouncementStore;
  /** The hunt in use. */
  hunt(): Published | Refusal;
  tellEveryone(): Promise<Refusal | undefined>;
  now(): number;
  alarm: Pick<Alarm<ControlReason>, "set">;
}

export class Announcing {
  readonly #deps: AnnouncingDeps;

  constructor(deps: AnnouncingDeps) {
    this.#deps = deps;
  }

  async announce(
    { at = 0, ...written }: NewAnnouncement,
    by: Actor,
  ): Promise<{ id: string; at: number } | Refusal> {
    const hunt = this.#deps.hunt();
    if ("refused" in hunt) return hunt;
    const wrong = objectionTo(hunt.compiled.hunt, written);
    if (wrong !== undefined) return refuse("invalid", wrong);
    const now = this.#deps.now();
    const { announcements, scheduled = [] } = hunt.state;
    const isErratum = ({ erratum }: Pick<Announcement, "erratum">): boolean => erratum === true;
    const errata = [...announcements, ...scheduled].filter(isErratum).length;
    if (isErratum(written) && errata >= ERRATA_MAX) {
      return refuse("conflict", `the hunt has ${ERRATA_MAX} errata: take one back, or edit it`);
    }
    const announcement: Announcement = {
      id: `a-${randomText(10).toLowerCase()}`,
      at: Math.max(at, now),
      ...written,
    };
    const { id, clue } = announcement;
    const detail = { id, ...(clue === undefined ? {} : { clue }) };
    if (announcement.at > now) {
      if (scheduled.length >= SCHEDULED_MAX) {
        return refuse("conflict", `${SCHEDULED_MAX} announcements wait for their time already`);
      }
      const waiting = [...scheduled, announcement].sort((a, b) => a.at - b.at);
      this.#deps.state.note({ scheduled: waiting });
      this.#record("announce", { ...detail, at: new Date(announcement.at).toISOString() }, by, now);
      this.arm();
      return { id, at: announcement.at };
    }
    this.#send([announcement]);
    this.#record("announce", detail, by, now);
    return (await this.#deps.tellEveryone()) ?? { id, at: announcement.at };
  }

  async edit(id: string, text: string, reason: string, by: Actor): Promise<Announcement | Refusal> {
    const hunt = this.#deps.hunt();
    if ("refused" in hunt) return hunt;
    const now = this.#deps.now();
    const { announcements, scheduled = [] } = hunt.state;
    const waiting = scheduled.find((each) => each.id === id);
    if (waiting) {
      const edited = { ...waiting, text };
      this.#deps.state.note({ scheduled: scheduled.map((each) => (each.id === id ? edited : each)) });
      this.#record("edit-announcement", { id, reason }, by, now);
      return edited;
    }
    const sent = this.#deps.store.find(id);
    if (!sent) return NONE;
    // Told apart from the edit before, though the clock stood still.
    const edited = { ...sent, text, edited: Math.max(now, (sent.edited ?? sent.at) + 1) };
    this.#deps.store.replace(edited);
    const isTold = announcements.some((each) => each.id === id);
    if (isTold) {
      this.#deps.state.change({
        announcements: announcements.map((each) => (each.id === id ? edited : each)),
      });
    }
    this.#record("edit-announcement", { id, reason }, by, now);
    return (isTold ? await this.#deps.tellEveryone() : undefined) ?? edited;
  }

  async remove(id: string, reason: string, by: Actor): Promise<{ removed: true } | Refusal> {
    const hunt = this.#deps.hunt();
    if ("refused" in hunt) return hunt;
    const now = this.#deps.now();
    const { announcements, scheduled = [], takenBack = [] } = hunt.state;
    if (scheduled.some((each) => each.id === id)) {
      this.#deps.state.note({ scheduled: scheduled.filter((each) => each.id !== id) });
      this.#record("remove-announcement", { id, reason }, by, now);
      return { removed: true };
    }
    if (!this.#deps.store.find(id)) return NONE;
    this.#deps.store.remove(id, now);
    this.#deps.state.change({
      announcements: announcements.filter((each) => each.id !== id),
      takenBack: [...takenBack, id].slice(-TAKEN_BACK_TOLD),
    });
    this.#record("remove-announcement", { id, reason }, by, now);
    return (await this.#deps.tellEveryone()) ?? { removed: true };
  }

  /** The newest first; for organisers with those that wait, which come before all others. */
  page(query: AnnouncementQuery): AnnouncementPage | Refusal {
    const { store, state } = this.#deps;
    const { before, limit, clues } = query;
    const scheduled = clues === undefined ? (state.current?.scheduled ?? []).toReversed() : [];
    const begin = before === undefined ? 0 : scheduled.findIndex(({ id }) => id === before) + 1;
    if (before !== undefined && begin === 0) return store.page(query);
    const waiting = scheduled
      .slice(begin, begin + limit)
      .map((each) => ({ ...each, scheduled: true as const }));
    const { before: _, ...rest } = query;
    // One more tells whether there are any.
    const sent = store.page({ ...rest, limit: Math.max(1, limit - waiting.length) });
    if ("refused" in sent) return sent;
    const room = limit - waiting.length;
    const more = begin + waiting.length < scheduled.length || sent.more || sent.announcements.length > room;
    return { announcements: [...waiting, ...sent.announcements.slice(0, room)], more };
  }

  /** Has those sent whose time comes. */
  arm(): void {
    const next = this.#deps.state.current?.scheduled?.[0];
    if (next) this.#deps.alarm.set("announce", next.at);
  }

  /** Sends those whose time has come. */
  async sendDue(): Promise<void> {
    const scheduled = this.#deps.state.current?.scheduled ?? [];
    const now = this.#deps.now();
    const due = scheduled.filter(({ at }) => at <= now);
    if (due.length > 0) {
      this.#send(due);
      // Who could not be told is told by the fan-out's own repetition.
      await this.#deps.tellEveryone();
    }
    this.arm();
  }

  #send(due: readonly Announcement[]): void {
    const { state, store } = this.#deps;
    const { announcements = [], scheduled } = state.current ?? {};
    for (const each of due) store.add(each);
    const left = scheduled?.filter(({ id }) => !due.some((each) => each.id === id));
    state.change({
      announcements: toldToShards([...announcements, ...due]),
      ...(left === undefined ? {} : { scheduled: left }),
    });
  }

  #record(
    action: "announce" | "edit-announcement" | "remove-announcement",
    detail: Record<string, string>,
    by: Actor,
    at: number,
  ): void {
    this.#deps.audit.record({ ...by, at, action, detail });
  }
}

/** Why nobody could be told; undefined: somebody can. */
function objectionTo(
  { clues, brackets }: CompiledHunt,
  { clue, to }: Pick<NewAnnouncement, "clue" | "to">,
): string | undefined {
  for (const named of [clue, to?.unsolved]) {
    if (named !== undefined && !clues.some(({ id }) => id === named)) return `there is no clue ${named}`;
  }
  const { bracket } = to ?? {};
  if (bracket === undefined || brackets.some(({ id }) => id === bracket)) return undefined;
  return `there is no bracket ${bracket}`;
}

const NONE = refuse("not_found", "no such announcement");
