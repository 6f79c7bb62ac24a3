/** The shard's part of a backup, and of its restoration: segments of the log as they are, and what stands beside it. */
import type { BackupThread, BackupWin } from "../contract/backup.ts";
import { type Refusal, refuse } from "../errors.ts";
import { hasWon, Unfoldable } from "../hunt/evolve.ts";
import type {
  BackupPage,
  BackupSegment,
  BackupSegments,
  PartsTaken,
  RestorePart,
} from "../objects/backup.ts";
import type { CurrentHunt } from "./current-hunt.ts";
import type { Help } from "./help.ts";
import type { Journal } from "./journal.ts";
import type { RestoredCodes } from "./restored-codes.ts";
import type { ShardStore } from "./store.ts";

/** Of segments in one page, bytes. */
const PAGE_BYTES = 500_000;

/** Of requests for help in one page, characters: one more of them may have 200,000. */
const PAGE_CHARACTERS = 100_000;

export interface BackupsDeps {
  shard: string;
  current: CurrentHunt;
  journal: Journal;
  store: Pick<ShardStore, "saveImported">;
  codes: RestoredCodes;
  help: Pick<Help, "copied" | "take">;
}

export class Backups {
  readonly #deps: BackupsDeps;

  constructor(deps: BackupsDeps) {
    this.#deps = deps;
  }

  async segments(after: number): Promise<BackupSegments> {
    const { log } = this.#deps.journal;
    await log.committed();
    return log.copied(after, PAGE_BYTES);
  }

  /** To which teams of the shard announcements to brackets went. */
  get told(): Readonly<Record<string, string>> {
    return this.#deps.current.told.kept;
  }

  threads(after: number): BackupPage<BackupThread> {
    return this.#deps.help.copied(after, PAGE_CHARACTERS);
  }

  /** What the winners of these units show; null: the code cannot be made. */
  async codes(wins: readonly { prize: string; unit: number }[]): Promise<(string | null)[] | Refusal> {
    const { current } = this.#deps;
    return (await current.ready()) ?? wins.map(({ prize, unit }) => current.codeOf(prize, unit) ?? null);
  }

  /** Takes the parts in order, and resolves when they are durable. Safe to repeat. */
  async take(attempt: string, parts: readonly RestorePart[]): Promise<PartsTaken | Refusal> {
    const { current, journal, store, help } = this.#deps;
    const refused = await current.takes(attempt);
    if (refused) return refused;
    const recorded: boolean[] = [];
    for (const part of parts) {
      if ("segment" in part) {
        const why = this.#takeSegment(part.segment);
        const { first, last } = part.segment;
        if (why !== undefined)
          return refuse("invalid", `facts ${first} to ${last} of ${this.#deps.shard}: ${why}`);
        recorded.push(true);
      } else if ("told" in part) {
        current.told.take(part.told.announcement, part.told.teams);
        recorded.push(true);
      } else if ("thread" in part) {
        if (!help.take(part.thread))
          return refuse("invalid", "a request for help is of a team that is not there");
        recorded.push(true);
      } else recorded.push(this.#takeWin(part.win));
    }
    store.saveImported({ first: 1, last: journal.log.head });
    await journal.log.taken();
    return { recorded };
  }

  #takeSegment({ persons, ...segment }: BackupSegment): string | undefined {
    try {
      return this.#deps.journal.take(segment, persons);
    } catch (error) {
      if (error instanceof Unfoldable) return error.message;
      // Facts of another form than any engine ever recorded.
      if (error instanceof TypeError || error instanceof RangeError || error instanceof SyntaxError) {
        return "its facts have a form that this engine does not know";
      }
      throw error;
    }
  }

  /** Whether the log has the win. Its code stays what it was, whatever this engine's key would make. */
  #takeWin({ prize, unit, team: id, code }: BackupWin): boolean {
    const { current, journal, codes } = this.#deps;
    if (code !== undefined && current.codeOf(prize, unit) !== code) codes.put(prize, unit, code);
    const team = journal.teams.get(id);
    return team !== undefined && hasWon(team, prize, unit);
  }
}
