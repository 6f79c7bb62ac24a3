/**
 * To whom announcements go. Which teams are of a bracket is judged when the shard is told of the announcement, and kept:
 * teams that come or change later are not told, and who was told keeps it.
 */
import type { Team } from "../hunt/team.ts";
import { ordinalOf } from "../objects/ids.ts";
import type { Announcement } from "../protocol.ts";

/** Announcements to brackets whose teams are kept: one takes a bit a team. */
const KEPT_MAX = 500;

export interface ToldToDeps {
  /** By announcement, a bit for each team's place in the shard, base64. */
  stored(): Record<string, string>;
  save(stored: Record<string, string>): void;
  teams(): Iterable<Team>;
}

export class ToldTo {
  readonly #deps: ToldToDeps;
  #stored: Record<string, string> | undefined;
  readonly #bits = new Map<string, Uint8Array>();

  constructor(deps: ToldToDeps) {
    this.#deps = deps;
  }

  /** Judges those that the shard hears of for the first time. */
  hear(announcements: readonly Announcement[]): void {
    const fresh = announcements.filter(
      ({ id, to }) => to?.bracket !== undefined && this.#known[id] === undefined,
    );
    if (fresh.length === 0) return;
    const teams = [...this.#deps.teams()].map(({ id, bracket }) => ({ place: ordinalOf(id), bracket }));
    const bytes = Math.ceil((Math.max(-1, ...teams.map(({ place }) => place)) + 1) / 8);
    for (const { id, to } of fresh) {
      const bits = new Uint8Array(bytes);
      for (const { place, bracket } of teams) {
        if (bracket === to?.bracket) bits[place >> 3] = (bits[place >> 3] ?? 0) | (1 << (place & 7));
      }
      this.#bits.set(id, bits);
      this.#known[id] = Buffer.from(bits).toString("base64");
    }
    const kept = Object.entries(this.#known).slice(-KEPT_MAX);
    this.#stored = Object.fromEntries(kept);
    this.#deps.save(this.#stored);
  }

  /** Whom announcements to brackets went to, as it is stored. */
  get kept(): Readonly<Record<string, string>> {
    return this.#known;
  }

  /** Takes over to whom an announcement went in the hunt that this one is a copy of. */
  take(announcement: string, teams: string): void {
    this.#bits.delete(announcement);
    this.#known[announcement] = teams;
    this.#stored = Object.fromEntries(Object.entries(this.#known).slice(-KEPT_MAX));
    this.#deps.save(this.#stored);
  }

  /** Whether the team is told of it, if it sees the clue that it is about. */
  isTo({ id, to }: Pick<Announcement, "id" | "to">, team: Team): boolean {
    if (to === undefined) return true;
    if (to.teams !== undefined && !to.teams.includes(team.id)) return false;
    if (to.unsolved !== undefined && team.solves.has(to.unsolved)) return false;
    return to.bracket === undefined || this.#isOf(id, ordinalOf(team.id));
  }

  /** The announcements to a bracket that went to the team. */
  idsTo(team: string): string[] {
    const place = ordinalOf(team);
    return Object.keys(this.#known).filter((id) => this.#isOf(id, place));
  }

  #isOf(id: string, place: number): boolean {
    let bits = this.#bits.get(id);
    if (!bits) {
      bits = new Uint8Array(Buffer.from(this.#known[id] ?? "", "base64"));
      this.#bits.set(id, bits);
    }
    return ((bits[place >> 3] ?? 0) & (1 << (place & 7))) !== 0;
  }

  get #known(): Record<string, string> {
    this.#stored ??= this.#deps.stored();
    return this.#stored;
  }
}
