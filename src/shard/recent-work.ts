/**
 * The work of a shard in the last minutes, in slots of a few seconds: for
 * operators who ask how near it is to what one object carries. In memory only,
 * a few additions a call.
 */

/** Length of a slot, ms, and how many are remembered: five minutes. */
const SLOT = 5_000;
const SLOTS = 60;

interface Slot {
  /** Epoch ms divided by `SLOT`. */
  slot: number;
  requests: number;
  messages: number;
  events: number;
  waitingPeak: number;
  newTeams: number;
}

/** See `ShardLoad`. */
export type Told = Pick<Slot, "requests" | "messages" | "events" | "waitingPeak" | "newTeams">;

export class RecentWork {
  readonly #now: () => number;
  /** A ring: each slot has its place, and is made anew when its time comes round. */
  readonly #slots: (Slot | undefined)[] = new Array<Slot | undefined>(SLOTS).fill(undefined);

  /** `now`: epoch ms. */
  constructor(now: () => number) {
    this.#now = now;
  }

  #slot(): Slot {
    const slot = Math.floor(this.#now() / SLOT);
    const place = slot % SLOTS;
    const present = this.#slots[place];
    if (present?.slot === slot) return present;
    const made = { slot, requests: 0, messages: 0, events: 0, waitingPeak: 0, newTeams: 0 };
    this.#slots[place] = made;
    return made;
  }

  /** A call with so many commands; then so many waited, its own included. */
  came(commands: number, waiting: number): void {
    const slot = this.#slot();
    slot.requests += 1;
    slot.events += commands;
    if (waiting > slot.waitingPeak) slot.waitingPeak = waiting;
  }

  /** A call that decides nothing. */
  looked(): void {
    this.#slot().requests += 1;
  }

  /** A message of a live socket; the call that decides its events counts as `came`. */
  framed(): void {
    const slot = this.#slot();
    slot.messages += 1;
    slot.requests -= 1;
  }

  madeTeam(): void {
    this.#slot().newTeams += 1;
  }

  /** The slot that has not ended counts as if nothing more came in it. */
  told(): Told {
    const told: Told = { requests: 0, messages: 0, events: 0, waitingPeak: 0, newTeams: 0 };
    const present = Math.floor(this.#now() / SLOT);
    let most = 0;
    const seconds = SLOT / 1_000;
    for (const slot of this.#slots) {
      if (!slot || slot.slot > present || slot.slot <= present - SLOTS) continue;
      told.waitingPeak = Math.max(told.waitingPeak, slot.waitingPeak);
      told.newTeams += slot.newTeams;
      const requests = Math.max(0, slot.requests);
      if (requests + slot.messages <= most) continue;
      most = requests + slot.messages;
      told.requests = requests / seconds;
      told.messages = slot.messages / seconds;
      told.events = slot.events / seconds;
    }
    return told;
  }
}
