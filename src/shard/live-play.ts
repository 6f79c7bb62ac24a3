/** Play over live sockets: a frame's events, the team's progress, announcements and phases for those they concern. */
import { type Refusal, refuse } from "../errors.ts";
import { ownTimeOf } from "../hunt/own-clock.ts";
import { seenOf } from "../hunt/seen.ts";
import { asSeen, scoreOf } from "../hunt/team-score.ts";
import { commandOf } from "../intake/digest.ts";
import { commandsOf } from "../intake/events.ts";
import type { WrongTexts } from "../intake/wrong-texts.ts";
import { type ShardConfig, TICKET_HEADER, type TicketClaims } from "../objects/shard.ts";
import type { Fact } from "../protocol.ts";
import { currentKey, keyById, type Secrets } from "../secrets.ts";
import {
  announcementFrame,
  newAnnouncements,
  newlyTakenBack,
  takenBackFrame,
} from "../sockets/announcements.ts";
import { refusalResponse } from "../sockets/socket.ts";
import type { ShardBudgets } from "./budgets.ts";
import type { CurrentHunt } from "./current-hunt.ts";
import type { Journal } from "./journal.ts";
import { type From, type LiveSockets, newsOf, type TeamNews } from "./live.ts";
import type { ShardMeter } from "./meter.ts";
import type { OpeningsTold } from "./openings-told.ts";
import type { Play, Played } from "./play.ts";
import type { Players } from "./players.ts";
import type { ShardTime } from "./time.ts";

export interface LivePlayDeps {
  hunt: string;
  secrets: Pick<Secrets, "ANSWER_PEPPERS">;
  current: CurrentHunt;
  journal: Journal;
  time: ShardTime;
  players: Players;
  play: Play;
  sockets: LiveSockets;
  openings: OpeningsTold;
  budgets: Pick<ShardBudgets, "paused" | "take">;
  meter: Pick<ShardMeter, "limited">;
  /** Undefined: wrong answers are not limited by address. */
  wrongTexts?: WrongTexts;
  /** The team's place; undefined: none, or the standings did not respond in time. */
  rankOf(team: string): Promise<number | undefined>;
}

export class LivePlay {
  readonly #deps: LivePlayDeps;

  constructor(deps: LivePlayDeps) {
    this.#deps = deps;
  }

  /** The upgrade to a player's socket; the edge has verified the ticket in its header. */
  async open(request: Request): Promise<Response> {
    const { current, time, players, sockets, openings } = this.#deps;
    const refused = await current.ready();
    if (refused) return refusalResponse(refused);
    const ticket = JSON.parse(request.headers.get(TICKET_HEADER) ?? "null") as TicketClaims | null;
    if (!ticket) return refusalResponse(refuse("unauthenticated", "a shard's socket needs a ticket"));
    const team = players.memberOf(ticket.team, ticket.player, ticket.gen);
    if ("refused" in team) return refusalResponse(team);
    if (!sockets.any) openings.begin();
    const opened = sockets.accept(ticket, { phase: current.context(time.now()).phase });
    if ("refused" in opened) return refusalResponse(opened);
    openings.changed(ticket.team);
    return opened;
  }

  /** A frame's events: checked and digested here, then the same way as over HTTP. */
  async events({ team, player, gen, network }: From, events: readonly unknown[]): Promise<Played | Refusal> {
    const { hunt, secrets, current, time, play, wrongTexts, budgets } = this.#deps;
    if (!current.isReady) {
      const refused = await current.ready();
      if (refused) return refused;
    }
    const pause = budgets.paused(team, time.now());
    if (pause) return this.#limited(pause);
    const { compiled } = current.hunt;
    const ring = secrets.ANSWER_PEPPERS;
    // Without it, `play` refuses what would be judged by it.
    const pepper = keyById("ANSWER_PEPPERS", ring, compiled.pepper) ?? currentKey("ANSWER_PEPPERS", ring);
    // Answers are digested when they are judged, in the clue's mode only: see `redigest`.
    const { commands, join } = commandsOf(events, true, (event) => commandOf(event, hunt, pepper, []));
    // Malformed ones took work as well; the others are counted in `play`.
    const malformed = events.length - commands.length;
    const flood = malformed > 0 ? budgets.take(team, malformed, time.now()) : undefined;
    if (flood) return this.#limited(flood);
    if (commands.length === 0) return { results: join([]), asOf: time.now() };
    const reserved =
      network === undefined ? undefined : wrongTexts?.reserve(hunt, network, commands, time.now());
    let played: Played | Refusal | undefined;
    try {
      played = await play.play({ team, player, gen }, commands);
    } finally {
      const results = played && "results" in played ? played.results : undefined;
      if (reserved) void wrongTexts?.settle(reserved, results);
    }
    return "refused" in played ? played : { results: join(played.results), asOf: played.asOf };
  }

  #limited(refusal: Refusal): Refusal {
    this.#deps.meter.limited();
    return refusal;
  }

  /** The frame about a team's score and place; undefined: there is no such team. */
  async frameOf(id: string, { solved, unlocked, won, started }: TeamNews): Promise<object | undefined> {
    const { current, journal, time, rankOf } = this.#deps;
    const rank = await rankOf(id);
    const team = journal.teams.get(id);
    if (!team) return undefined;
    const context = current.context(time.now());
    const score = scoreOf(asSeen(context), team);
    return {
      team: {
        score,
        ...(rank === undefined ? {} : { rank }),
        solved,
        unlocked,
        ...(won ? { won } : {}),
        ...(started ? ownTimeOf(context.hunt, team) : {}),
      },
    };
  }

  /** A commit is durable: team-mates hear of what concerns them. */
  committed(facts: readonly Fact[]): void {
    const { current, sockets, openings } = this.#deps;
    if (!sockets.any) return;
    for (const fact of facts) {
      if (fact.type === "void") sockets.closeVoid(fact.member, current.generationOf(fact));
      if (isLeaving(fact)) sockets.closeVoid(fact.player);
      const news = newsOf(fact);
      if (news) sockets.noteNews(fact.team, news);
      if (news || fact.type === "reached") openings.changed(fact.team);
    }
  }

  /** A configuration is in force: announcements and a change of phase, to those they concern. */
  changed(before: ShardConfig | undefined, config: ShardConfig): void {
    const { current, journal, time, sockets, openings } = this.#deps;
    if (!sockets.any) return;
    const isSame =
      before?.version === config.version && JSON.stringify(before.phase) === JSON.stringify(config.phase);
    if (!isSame) openings.configured();
    const now = time.now();
    const context = current.context(now);
    for (const announcement of newAnnouncements(before, config)) {
      const { clue, to } = announcement;
      const concerns = (id: string): boolean => {
        const team = journal.teams.get(id);
        if (!team || !current.told.isTo(announcement, team)) return false;
        return clue === undefined || seenOf(context, team, now).some((open) => open.id === clue);
      };
      const isToAll = clue === undefined && to === undefined;
      sockets.tellAll(announcementFrame(announcement), isToAll ? undefined : concerns);
    }
    for (const id of newlyTakenBack(before, config)) sockets.tellAll(takenBackFrame(id));
    sockets.tellPhase(context.phase);
  }

  /** A phase may have changed by its time, clues may have opened by theirs. */
  tellByTime(): void {
    const { current, time, sockets, openings } = this.#deps;
    if (sockets.any) sockets.tellPhase(current.context(time.now()).phase);
    openings.tell();
  }
}

/** Whether its player is in the team no more. */
const isLeaving = (fact: Fact): fact is Extract<Fact, { type: "leave" | "remove" | "depart" | "forget" }> =>
  fact.type === "leave" || fact.type === "remove" || fact.type === "depart" || fact.type === "forget";
