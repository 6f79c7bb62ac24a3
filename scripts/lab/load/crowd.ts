/** The actions of a crowd of players at their times. Pure: the same for the same seed. */
import type { PlayerEvent } from "../../../src/contract/play.ts";
import type { Due } from "./profile.ts";

export const KINDS = ["event", "me", "leaderboard", "hunt"] as const;
export type Kind = (typeof KINDS)[number];

export const MODES = ["http", "batch", "socket", "mix"] as const;
export type Mode = (typeof MODES)[number];

/** Shares of the kinds of actions, as of a real hunt's front page and of play. */
const MIX: Record<Due["mood"], Record<Kind, number>> = {
  opening: { event: 0.2, me: 0.4, leaderboard: 0.15, hunt: 0.25 },
  playing: { event: 0.65, me: 0.17, leaderboard: 0.15, hunt: 0.03 },
};

/** Share of right ones among answers, as in a recorded hunt (8,644 of 27,780). */
const RIGHT = 0.31;

/** Events in a batch, which a phone gathered without a network. */
const BATCH = 5;

/** A player thinks for so long, ms: the median; one in twenty four times as long, one in twenty a quarter. */
const THINK_MEDIAN = 4_000;
const THINK_SPREAD = 0.85;

type AnswerEvent = Extract<PlayerEvent, { type: "answer" }>;

export interface Action {
  at: number;
  kind: Kind;
  player: number;
  /** By what way events go. */
  over: "http" | "socket";
  events: AnswerEvent[];
}

export interface Crowd {
  players: number;
  clues: number;
  mode: Mode;
  random: () => number;
  /** Begins the ids of its events; a crowd that plays on has another one. */
  name?: string;
}

/** Actions at their times. Somebody acts who has thought for long enough, if anybody has. */
export function* actionsOf(
  due: Iterable<Due>,
  { players, clues, mode, random, name = "l" }: Crowd,
): Generator<Action> {
  const waiting = new ReadyQueue(players);
  const solved = new Map<number, number>();
  let count = 0;
  for (const { at, mood, team, right } of due) {
    const recorded = team !== undefined;
    const player = recorded ? team % players : waiting.next();
    if (!recorded) waiting.ready(player, at + think(random));
    const kind = recorded ? "event" : draw(MIX[mood], random());
    const over = mode === "socket" || (mode === "mix" && player % 2 === 0) ? "socket" : "http";
    const events: AnswerEvent[] = [];
    if (kind === "event") {
      for (let each = 0; each < (mode === "batch" ? BATCH : 1); each += 1) {
        count += 1;
        const done = solved.get(player) ?? 0;
        const isRight = (right ?? random() < RIGHT) && done < clues;
        if (isRight) solved.set(player, done + 1);
        const clue = isRight ? done : Math.floor(random() * clues);
        events.push({
          id: `${name}-${count}`,
          type: "answer",
          clue: `clue-${clue}`,
          answer: isRight ? `answer ${clue}` : `wrong ${name} ${count}`,
        });
      }
    }
    yield { at, kind, player, over, events };
  }
}

function draw(mix: Record<Kind, number>, chance: number): Kind {
  let left = chance;
  for (const kind of KINDS) {
    left -= mix[kind];
    if (left < 0) return kind;
  }
  return "event";
}

/** Log-normal, by two uniform numbers (Box–Muller). */
function think(random: () => number): number {
  const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return THINK_MEDIAN * Math.exp(THINK_SPREAD * normal);
}

/** Players by when they are ready: a binary heap. */
class ReadyQueue {
  readonly #heap: { player: number; at: number }[];

  constructor(players: number) {
    this.#heap = Array.from({ length: players }, (_, player) => ({ player, at: player / players - 1 }));
  }

  /** Takes the one who is ready first. */
  next(): number {
    const first = this.#heap[0];
    if (!first) throw new Error("a crowd has at least one player");
    return first.player;
  }

  /** The one just taken is ready again at `at`. */
  ready(player: number, at: number): void {
    const heap = this.#heap;
    heap[0] = { player, at };
    for (let index = 0; ; ) {
      const left = 2 * index + 1;
      const right = left + 1;
      let least = index;
      if ((heap[left]?.at ?? Number.POSITIVE_INFINITY) < (heap[least]?.at ?? 0)) least = left;
      if ((heap[right]?.at ?? Number.POSITIVE_INFINITY) < (heap[least]?.at ?? 0)) least = right;
      if (least === index) return;
      const moved = heap[index];
      const risen = heap[least];
      if (!moved || !risen) return;
      heap[index] = risen;
      heap[least] = moved;
      index = least;
    }
  }
}
