/**
 * Push messages to players' devices: who subscribed, what there is to tell them, and what each message says when it is
 * carried out (src/queue/push.ts). Told are announcements, what the organisers say at the help desk, and clues that
 * open by time or by an organiser's hand.
 */
import { createHash } from "node:crypto";
import { type Notification, SUBSCRIPTIONS_OF_PLAYER } from "../contract/push.ts";
import { type Refusal, refuse } from "../errors.ts";
import type { Context } from "../hunt/context.ts";
import { iso } from "../hunt/moment.ts";
import { isOver } from "../hunt/phase.ts";
import { seenOf } from "../hunt/seen.ts";
import type { Team } from "../hunt/team.ts";
import { randomText } from "../objects/ids.ts";
import type { PushAsked, Seat, ShardConfig } from "../objects/shard.ts";
import type { Announcement, Fact } from "../protocol.ts";
import { type Device, type Pushing, type PushMessage, type PushNews, pushText } from "../push/message.ts";
import { newAnnouncements } from "../sockets/announcements.ts";
import type { CurrentHunt } from "./current-hunt.ts";
import type { Help } from "./help.ts";
import type { Journal } from "./journal.ts";
import { newsOf } from "./live.ts";
import { nextOf, openedByTime } from "./openings-told.ts";
import type { Players } from "./players.ts";
import type { NotedNews, PushStore, Subscription } from "./push-store.ts";
import { NO_KEY } from "./read-only.ts";
import type { ShardTime } from "./time.ts";

/** Subscriptions of one shard: some 600 bytes each. */
const SUBSCRIPTIONS_MAX = 20_000;

/** News that wait for the queue. */
const NEWS_MAX = 1_000;

/** Messages handed to the queue at once: its own limit. */
const MESSAGES_AT_ONCE = 100;

/** Subscriptions looked at before others have their turn. */
const SLICE = 200;

/** How long after a failure the next try is, ms; and how long an instance may live without telling what it noted. */
const RETRY_DELAY = 5_000;
const ALARM_DELAY = 20_000;

/** Shortest time between two rounds of telling what opened, ms. */
const ROUND_EVERY = 500;

/** A clue that opened longer ago is no news, ms: alarms come no later than that. */
const LOOK_BACK = 600_000;

/** Clues named in one message, and in a notification. */
const CLUES_MAX = 20;
const CLUES_TOLD = 3;

/** Characters of an announcement that a notification has. */
const TEXT_MAX = 300;

const ID_CHARACTERS = 12;

/** A topic has at most 32 (RFC 8030 §5.4). */
const TOPIC_CHARACTERS = 24;

export interface PushDeps {
  hunt: string;
  shard: string;
  current: CurrentHunt;
  journal: Journal;
  time: Pick<ShardTime, "now">;
  players: Pick<Players, "memberOf">;
  help: () => Pick<Help, "answeredAbout">;
  store: PushStore;
  /** Until when openings were told (see `ShardStore`). */
  until: { read(): number | undefined; save(until: number): void };
  /** Hands messages to the queue. */
  send(messages: string[]): Promise<void>;
  /** Has `turn` called in so many ms. */
  wake(delay: number): void;
  /** The next moment that clues open at is earlier than it was. */
  arm(): void;
  dropped(messages: number): void;
}

export class Push {
  readonly #deps: PushDeps;
  #running: Promise<void> | undefined;
  /** Asked for while one was running. */
  #again = false;
  /** By team with a subscription: when the next clue opens for it by time, epoch ms; 0: that is not known. */
  readonly #next = new Map<string, number>();
  #soonest = Number.POSITIVE_INFINITY;
  /** The teams with subscriptions of before are among them. */
  #isBegun = false;
  #until: number | undefined;
  #notBefore = 0;

  constructor(deps: PushDeps) {
    this.#deps = deps;
  }

  // ── Players ─────────────────────────────────────────────────────────────

  /** See `ShardObject.subscribe`. */
  async subscribe(seat: Seat, device: Device): Promise<{ done: true } | Refusal> {
    const team = await this.#teamOf(seat);
    if ("refused" in team) return team;
    if (team.banned) return refuse("forbidden", "the team is banned");
    const { store, journal, time, until } = this.#deps;
    const slot = journal.teams.slotOf(team.id, seat.player);
    if (slot === undefined) return NO_KEY;
    const now = time.now();
    let since = now;
    for (const known of store.of(team.id)) {
      const had = store.deviceOf(known);
      if (had?.endpoint !== device.endpoint) continue;
      const isIts = known.player === seat.player;
      if (isIts && (known.gen ?? 0) === (seat.gen ?? 0) && isSame(had, device)) return { done: true };
      // A device has one player at a time.
      if (isIts) since = known.at;
      store.drop(known);
    }
    const own = store.of(team.id).filter(({ player }) => player === seat.player);
    for (const oldest of own.slice(0, Math.max(0, own.length - SUBSCRIPTIONS_OF_PLAYER + 1))) {
      store.drop(oldest);
    }
    if (store.size >= SUBSCRIPTIONS_MAX)
      return refuse("overloaded", "this part of the hunt has no room for more");
    const { gen } = seat;
    const id = randomText(ID_CHARACTERS).toLowerCase();
    const of = {
      id,
      team: team.id,
      player: seat.player,
      slot,
      at: since,
      ...(gen === undefined ? {} : { gen }),
    };
    if (!store.add(of, device)) return NO_KEY;
    if ((this.#until ?? until.read()) === undefined) {
      this.#until = now;
      until.save(now);
    }
    this.#look(team.id);
    return { done: true };
  }

  /** See `ShardObject.unsubscribe`. */
  async unsubscribe(seat: Seat, device?: string): Promise<{ done: true } | Refusal> {
    const team = await this.#teamOf(seat);
    if ("refused" in team) return team;
    const { store } = this.#deps;
    for (const known of store.of(team.id)) {
      if (known.player !== seat.player) continue;
      if (device !== undefined && digestOf(store.deviceOf(known)?.endpoint ?? "") !== device) continue;
      store.drop(known);
    }
    return { done: true };
  }

  /** What is kept of the player's devices. */
  devicesOf(team: string, player: string): { at: number; endpoint: string; lang?: string }[] {
    const { store } = this.#deps;
    return store.of(team).flatMap((known) => {
      const device = known.player === player ? store.deviceOf(known) : undefined;
      if (!device) return [];
      const { endpoint, lang } = device;
      return [{ at: known.at, endpoint, ...(lang === undefined ? {} : { lang }) }];
    });
  }

  async #teamOf({ team, player, gen }: Seat): Promise<Team | Refusal> {
    const { current, journal, players } = this.#deps;
    const refused = await current.ready();
    if (refused) return refused;
    await journal.committed();
    return players.memberOf(team, player, gen);
  }

  // ── What happens ────────────────────────────────────────────────────────

  /** An organiser opened a clue; in the transaction of the fact. */
  opened(team: string, clue: string): void {
    this.#note({ kind: "opened", team, clues: [clue] }, team);
  }

  /** The organisers said something at the help desk. */
  answered(team: string, thread: number): void {
    this.#note({ kind: "help", team, thread }, team);
  }

  /** A configuration is in force. Who had no configuration before has been told of nothing, and is not told now. */
  changed(before: ShardConfig | undefined, config: ShardConfig): void {
    const { store } = this.#deps;
    if (store.size === 0) return;
    const known = new Set(before?.announcements.map(({ id }) => id));
    for (const { id } of before ? newAnnouncements(before, config) : []) {
      // The text of one that was told before is not told again.
      if (!known.has(id)) this.#note({ kind: "announcement", id });
    }
    const isSame =
      before?.version === config.version &&
      JSON.stringify(before.phase) === JSON.stringify(config.phase) &&
      JSON.stringify(before.clues) === JSON.stringify(config.clues);
    if (isSame) return;
    for (const team of store.teams()) this.#next.set(team, 0);
    this.#isBegun = true;
    this.#kick();
  }

  /** A commit is durable: who left, was banned or forgotten, or voided its tokens is told of nothing more. */
  committed(facts: readonly Fact[]): void {
    const { store } = this.#deps;
    if (store.size === 0) return;
    for (const fact of facts) {
      const gone = goneBy(fact);
      if (gone) {
        for (const known of store.of(fact.team)) {
          if (gone === "all" || known.player === gone) store.drop(known);
        }
      }
      if (newsOf(fact) || fact.type === "reached") this.#moved(fact.team);
    }
  }

  /** The clock was ahead: the next moment, as it was known, may be too late. */
  wentBack(): void {
    for (const team of this.#next.keys()) this.#next.set(team, 0);
    this.#soonest = 0;
    this.#notBefore = 0;
  }

  /** When to take a turn because clues open by then, epoch ms; undefined: none is known to. */
  get next(): number | undefined {
    if (this.#deps.store.size === 0) return undefined;
    const soonest = this.#isBegun ? this.#soonest : 0;
    return soonest === Number.POSITIVE_INFINITY ? undefined : Math.max(soonest, this.#notBefore);
  }

  /** There is something to tell from an earlier instance. */
  get isBehind(): boolean {
    return this.#deps.store.waiting > 0;
  }

  #note(news: PushNews, team?: string): void {
    const { store, time, dropped } = this.#deps;
    if (team === undefined ? store.size === 0 : store.of(team).length === 0) return;
    if (store.waiting >= NEWS_MAX) {
      dropped(1);
      return;
    }
    store.note(news, time.now());
    this.#kick();
  }

  /** The team went on: other clues may open next. What is due and not told stays due. */
  #moved(id: string): void {
    if (this.#deps.store.of(id).length === 0) return;
    const known = this.#next.get(id);
    const { current, journal, time, arm } = this.#deps;
    const now = time.now();
    const team = journal.teams.get(id);
    if (!team || (known !== undefined && known <= now)) return;
    const next = nextOf(current.context(now), team, now);
    this.#next.set(id, next);
    if (next >= this.#soonest) return;
    this.#soonest = next;
    arm();
  }

  #look(team: string): void {
    if (!this.#next.has(team)) this.#next.set(team, 0);
    this.#kick();
  }

  #kick(): void {
    this.#deps.wake(ALARM_DELAY);
    void this.turn();
  }

  // ── To the queue ────────────────────────────────────────────────────────

  /** Hands to the queue what there is to tell. Never rejects. */
  turn(): Promise<void> {
    if (this.#running) {
      this.#again = true;
      return this.#running;
    }
    this.#running = this.#turns().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #turns(): Promise<void> {
    const { current, store, time, wake } = this.#deps;
    do {
      this.#again = false;
      if (store.size === 0 && store.waiting === 0) return;
      try {
        // Who called may be in the midst of something.
        await Promise.resolve();
        const refused = await current.ready();
        if (refused) throw new Error(refused.detail);
        await this.#tellNews();
        await this.#tellOpenings();
      } catch (error) {
        console.warn({
          message: "push messages could not be queued, will be repeated",
          error: String(error),
        });
        this.#notBefore = time.now() + RETRY_DELAY;
        wake(RETRY_DELAY);
        return;
      }
    } while (this.#again);
  }

  async #tellNews(): Promise<void> {
    const { store } = this.#deps;
    for (let noted = store.first(); noted; noted = store.first()) {
      const concerns = this.#concerning(noted);
      const batch = new Batch(this.#deps.send);
      let looked = 0;
      for (const subscription of concerns ? this.#candidates(noted) : []) {
        looked += 1;
        if (looked % SLICE === 0) await othersTurn();
        if (subscription.at > noted.at || !concerns?.(subscription)) continue;
        if (await batch.add(this.#messageTo(subscription, noted.news, noted.at))) {
          store.went(noted, subscription.n);
        }
      }
      await batch.end();
      store.done(noted.n);
    }
  }

  *#candidates({ news, after }: NotedNews): Generator<Subscription> {
    const { store } = this.#deps;
    if (news.kind === "announcement") yield* store.behind(after);
    else yield* store.of(news.team).filter(({ n }) => n > after);
  }

  /** Whom it concerns; undefined: nobody any more. */
  #concerning({ news }: NotedNews): ((subscription: Subscription) => boolean) | undefined {
    if (news.kind !== "announcement") return () => true;
    const { current, journal, time } = this.#deps;
    const announcement = current.announcements.find(({ id }) => id === news.id);
    if (!announcement) return undefined;
    const known = new Map<string, boolean>();
    return ({ team: id }) => {
      const told = known.get(id);
      if (told !== undefined) return told;
      const team = journal.teams.get(id);
      const now = time.now();
      const isTold = team !== undefined && this.#isTold(announcement, team, current.context(now), now);
      known.set(id, isTold);
      return isTold;
    };
  }

  #isTold(announcement: Announcement, team: Team, context: Context, now: number): boolean {
    if (team.banned || !this.#deps.current.told.isTo(announcement, team)) return false;
    const { clue } = announcement;
    return clue === undefined || seenOf(context, team, now).some(({ id }) => id === clue);
  }

  async #tellOpenings(): Promise<void> {
    const { store, journal, time, current, until } = this.#deps;
    if (!this.#isBegun) {
      this.#isBegun = true;
      for (const id of store.teams()) if (!this.#next.has(id)) this.#next.set(id, 0);
    }
    const now = time.now();
    this.#notBefore = now + ROUND_EVERY;
    const context = current.context(now);
    const since = Math.max(Math.min(this.#until ?? until.read() ?? now, now), now - LOOK_BACK);
    const batch = new Batch(this.#deps.send);
    let looked = 0;
    for (const [id, next] of this.#next) {
      if (next > now) continue;
      looked += 1;
      if (looked % SLICE === 0) await othersTurn();
      const subscriptions = store.of(id);
      const team = subscriptions.length === 0 ? undefined : journal.teams.get(id);
      if (!team) {
        this.#next.delete(id);
        continue;
      }
      const opened = isOver(context.phase) || team.banned ? [] : openedByTime(context, team, since, now);
      for (const subscription of opened.length === 0 ? [] : subscriptions) {
        const fresh = opened.filter(({ at }) => at > subscription.at);
        if (fresh.length === 0) continue;
        const clues = fresh.slice(0, CLUES_MAX).map(({ clue }) => clue);
        const at = Math.max(...fresh.map((each) => each.at));
        await batch.add(this.#messageTo(subscription, { kind: "opened", team: id, clues }, at));
      }
      this.#next.set(id, nextOf(context, team, now));
    }
    await batch.end();
    this.#until = now;
    if (batch.sent > 0) until.save(now);
    this.#soonest = Number.POSITIVE_INFINITY;
    for (const next of this.#next.values()) this.#soonest = Math.min(this.#soonest, next);
    if (this.#soonest < Number.POSITIVE_INFINITY) this.#deps.arm();
  }

  #messageTo({ n, id }: Subscription, news: PushNews, at: number): string {
    const { hunt, shard, current } = this.#deps;
    const message: Omit<PushMessage, "v"> = {
      hunt,
      incarnation: current.incarnation ?? 0,
      shard,
      n,
      id,
      news,
      at,
    };
    return pushText(message);
  }

  // ── What a message says ─────────────────────────────────────────────────

  /** See `ShardObject.pushes`. */
  async pushes(asked: readonly PushAsked[]): Promise<(Pushing | null)[] | Refusal> {
    const { current, journal } = this.#deps;
    const refused = await current.ready();
    if (refused) return refused;
    await journal.committed();
    return asked.map((each) => this.#pushing(each) ?? null);
  }

  /** See `ShardObject.dropSubscriptions`. */
  drop(targets: readonly Pick<PushAsked, "n" | "id">[]): void {
    const { store } = this.#deps;
    for (const { n, id } of targets) {
      const known = store.at(n);
      if (known?.id === id) store.drop(known);
    }
  }

  #pushing({ n, id, news, at }: PushAsked): Pushing | undefined {
    const { store, players, current, time } = this.#deps;
    const subscription = store.at(n);
    if (subscription?.id !== id) return undefined;
    const team = players.memberOf(subscription.team, subscription.player, subscription.gen);
    if ("refused" in team) {
      if (team.refused !== "unavailable") store.drop(subscription);
      return undefined;
    }
    if (team.banned) return undefined;
    const device = store.deviceOf(subscription);
    if (!device) {
      store.drop(subscription);
      return undefined;
    }
    const now = time.now();
    const told = this.#toldOf(news, team, current.context(now), now);
    if (!told) return undefined;
    const { lang, ...to } = device;
    const { hunt, title } = current.hunt.compiled;
    const content: Notification = {
      kind: news.kind,
      hunt,
      title,
      ...(lang === undefined ? {} : { lang }),
      ...told,
      at: iso(at),
    };
    const topic = digestOf(`${id} ${told.tag}`).slice(0, TOPIC_CHARACTERS);
    return { ...to, topic, content: JSON.stringify(content) };
  }

  #toldOf(
    news: PushNews,
    team: Team,
    context: Context,
    now: number,
  ): Pick<Notification, "tag" | "text" | "cut" | "clues" | "count"> | undefined {
    const { current, help } = this.#deps;
    const seen = new Set(seenOf(context, team, now).map(({ id }) => id));
    const cluesTold = (ids: readonly string[]) =>
      ids
        .filter((id) => seen.has(id))
        .flatMap((id) => current.hunt.clues.get(id) ?? [])
        .map(({ id, title }) => ({ id, title }));
    switch (news.kind) {
      case "announcement": {
        const announcement = current.announcements.find(({ id }) => id === news.id);
        if (!announcement || !this.#isTold(announcement, team, context, now)) return undefined;
        const { clue } = announcement;
        const about = clue === undefined ? {} : { clues: cluesTold([clue]) };
        return { tag: news.id, ...cutText(announcement.text), ...about };
      }
      case "help": {
        if (news.team !== team.id) return undefined;
        const about = help().answeredAbout(team.id, news.thread);
        if (!about) return undefined;
        return {
          tag: `help-${news.thread}`,
          ...(about.clue === undefined ? {} : { clues: cluesTold([about.clue]) }),
        };
      }
      case "opened": {
        if (news.team !== team.id) return undefined;
        const clues = cluesTold(news.clues.filter((id) => !team.solves.has(id)));
        const [first] = clues;
        if (!first) return undefined;
        return { tag: `opened-${first.id}`, clues: clues.slice(0, CLUES_TOLD), count: clues.length };
      }
    }
  }
}

/** Messages on their way to the queue, as many at once as it takes. */
class Batch {
  readonly #send: (messages: string[]) => Promise<void>;
  #messages: string[] = [];
  sent = 0;

  constructor(send: (messages: string[]) => Promise<void>) {
    this.#send = send;
  }

  /** Whether all messages up to this one are in the queue. */
  async add(message: string): Promise<boolean> {
    this.#messages.push(message);
    if (this.#messages.length < MESSAGES_AT_ONCE) return false;
    await this.end();
    return true;
  }

  async end(): Promise<void> {
    const messages = this.#messages;
    if (messages.length === 0) return;
    this.#messages = [];
    await this.#send(messages);
    this.sent += messages.length;
  }
}

const othersTurn = (): Promise<void> => new Promise((done) => setTimeout(done));

/** Whose subscriptions end by the fact: a player's, or all of the team. */
function goneBy(fact: Fact): string | undefined {
  switch (fact.type) {
    case "leave":
    case "remove":
    case "depart":
    case "forget":
      return fact.player;
    case "void":
      return fact.member;
    case "ban":
    case "merge":
      return "all";
    default:
      return undefined;
  }
}

const isSame = (one: Device, other: Device): boolean =>
  one.p256dh === other.p256dh &&
  one.auth === other.auth &&
  one.kid === other.kid &&
  one.lang === other.lang &&
  one.site === other.site;

/** Of an address, as `DELETE …/me/push` names it. */
const digestOf = (endpoint: string): string => createHash("sha256").update(endpoint).digest("base64url");

function cutText(text: string): { text: string; cut?: true } {
  const characters = [...text];
  return characters.length <= TEXT_MAX
    ? { text }
    : { text: characters.slice(0, TEXT_MAX).join("").trimEnd(), cut: true };
}
