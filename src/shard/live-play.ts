/** Play over live sockets: a frame's events, the team's progress, announcements and phases for those they concern. */
import { type Refusal, refuse } from "../errors.ts";
import { scoreOf } from "../hunt/team-score.ts";
import { cluesOf } from "../hunt/view.ts";
import { commandOf } from "../intake/digest.ts";
import { commandsOf } from "../intake/events.ts";
import type { WrongTexts } from "../intake/wrong-texts.ts";
import { type ShardConfig, TICKET_HEADER, type TicketClaims } from "../objects/shard.ts";
import type { Fact } from "../protocol.ts";
import { currentKey, keyById, type Secrets } from "../secrets.ts";
import { announcementFrame, newAnnouncements } from "../sockets/announcements.ts";
import { refusalResponse } from "../sockets/socket.ts";
import type { CurrentHunt } from "./current-hunt.ts";
import type { Journal } from "./journal.ts";
import { type From, type LiveSockets, newsOf, type TeamNews } from "./live.ts";
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
    const { current, time, players, sockets } = this.#deps;
    const refused = await current.ready();
    if (refused) return refusalResponse(refused);
    const ticket = JSON.parse(request.headers.get(TICKET_HEADER) ?? "null") as TicketClaims | null;
    if (!ticket) return refusalResponse(refuse("unauthenticated", "a shard's socket needs a ticket"));
    const team = players.memberOf(ticket.team, ticket.player);
    if ("refused" in team) return refusalResponse(team);
    const opened = sockets.accept(ticket, { phase: current.context(time.now()).phase });
    return "refused" in opened ? refusalResponse(opened) : opened;
  }

  /** A frame's events: checked and digested here, then the same way as over HTTP. */
  async events({ team, player, network }: From, events: readonly unknown[]): Promise<Played | Refusal> {
    const { hunt, secrets, current, time, play, wrongTexts } = this.#deps;
    if (!current.isReady) {
      const refused = await current.ready();
      if (refused) return refused;
    }
    const { compiled } = current.hunt;
    const ring = secrets.ANSWER_PEPPERS;
    // Without it, `play` refuses what would be judged by it.
    const pepper = keyById("ANSWER_PEPPERS", ring, compiled.pepper) ?? currentKey("ANSWER_PEPPERS", ring);
    // Answers are digested when they are judged, in the clue's mode only: see `redigest`.
    const { commands, join } = commandsOf(events, true, (event) => commandOf(event, hunt, pepper, []));
    if (commands.length === 0) return { results: join([]), asOf: time.now() };
    const reserved =
      network === undefined ? undefined : wrongTexts?.reserve(hunt, network, commands, time.now());
    let played: Played | Refusal | undefined;
    try {
      played = await play.play(team, player, commands);
    } finally {
      const results = played && "results" in played ? played.results : undefined;
      if (reserved) void wrongTexts?.settle(reserved, results);
    }
    return "refused" in played ? played : { results: join(played.results), asOf: played.asOf };
  }

  /** The frame about a team's score and place; undefined: there is no such team. */
  async frameOf(id: string, { solved, unlocked, won }: TeamNews): Promise<object | undefined> {
    const { current, journal, time, rankOf } = this.#deps;
    const rank = await rankOf(id);
    const team = journal.teams.get(id);
    if (!team) return undefined;
    const score = scoreOf(current.context(time.now()), team);
    return {
      team: {
        score,
        ...(rank === undefined ? {} : { rank }),
        solved,
        unlocked,
        ...(won ? { won } : {}),
      },
    };
  }

  /** A commit is durable: team-mates hear of what concerns them. */
  committed(facts: readonly Fact[]): void {
    const { sockets } = this.#deps;
    if (!sockets.any) return;
    for (const fact of facts) {
      const news = newsOf(fact);
      if (news) sockets.noteNews(fact.team, news);
    }
  }

  /** A configuration is in force: announcements and a change of phase, to those they concern. */
  changed(before: ShardConfig | undefined, config: ShardConfig): void {
    const { current, journal, time, sockets } = this.#deps;
    if (!sockets.any) return;
    const now = time.now();
    const context = current.context(now);
    for (const announcement of newAnnouncements(before, config)) {
      const { clue } = announcement;
      const concerns = (id: string): boolean => {
        const team = journal.teams.get(id);
        return team !== undefined && cluesOf(context, team, now).some((open) => open.id === clue);
      };
      sockets.tellAll(announcementFrame(announcement), clue === undefined ? undefined : concerns);
    }
    sockets.tellPhase(context.phase);
  }

  /** A phase may have changed by its time. */
  tellPhase(): void {
    const { current, time, sockets } = this.#deps;
    if (sockets.any) sockets.tellPhase(current.context(time.now()).phase);
  }
}
