/** Play over live sockets: a frame's events, the team's progress, announcements and phases for those they concern. */
import { type Refusal, refuse } from "../errors.ts";
import { scoreOf } from "../hunt/team-score.ts";
import { cluesOf } from "../hunt/view.ts";
import { commandOf } from "../intake/digest.ts";
import { commandsOf } from "../intake/events.ts";
import { type ShardConfig, TICKET_HEADER, type TicketClaims } from "../objects/shard.ts";
import type { CompareMode, Fact, PlayerEvent } from "../protocol.ts";
import { keyById, type Secrets } from "../secrets.ts";
import { announcementFrame, newAnnouncements } from "../sockets/announcements.ts";
import { refusalResponse } from "../sockets/socket.ts";
import type { CurrentHunt } from "./current-hunt.ts";
import type { Journal } from "./journal.ts";
import { type LiveSockets, newsOf, type TeamNews } from "./live.ts";
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
  async events(team: string, player: string, events: readonly unknown[]): Promise<Played | Refusal> {
    const { hunt, secrets, current, time, play } = this.#deps;
    if (!current.isReady) {
      const refused = await current.ready();
      if (refused) return refused;
    }
    const { compiled, clues } = current.hunt;
    const pepper = keyById("ANSWER_PEPPERS", secrets.ANSWER_PEPPERS, compiled.pepper);
    if (!pepper) throw new Error("the pepper of the published hunt is no longer in ANSWER_PEPPERS");
    // The shard knows the clue, and digests in its mode only.
    const modesOf = (event: PlayerEvent): CompareMode[] => {
      const compare = event.type === "answer" ? clues.get(event.clue)?.compare : undefined;
      return compare ? [compare] : [];
    };
    const { commands, join } = commandsOf(events, true, (event) =>
      commandOf(event, hunt, pepper, modesOf(event)),
    );
    if (commands.length === 0) return { results: join([]), asOf: time.now() };
    const played = await play.play(team, player, commands);
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
