/** What objects pass on when a hunt is backed up, and when a backup is restored. */
import type { BackupText, BackupThread, BackupWin } from "../contract/backup.ts";
import type { Phase } from "../hunt/phase.ts";
import type { Persons } from "../people/personal.ts";
import type { Range } from "../protocol.ts";

/** A segment of a shard's log (`body`: its facts as JSON, separated by commas), and what is kept beside it. */
export interface BackupSegment extends Range {
  body: string;
  hash: string;
  persons: Persons;
}

/** A page of a log; `gap`: facts that it cannot give. Without either it is over. */
export interface BackupSegments {
  segments: BackupSegment[];
  gap?: Range;
}

/** What control has of a hunt. */
export interface BackupHead {
  phase: Phase;
  texts: Partial<Record<BackupText, string>>;
  /** Those that took part, in order. */
  shards: string[];
  prizes: string[];
  /** Whether who joins has to be known to the company, whose sign-up feed may have named them. */
  isForKnown: boolean;
}

/** A page, the oldest first. `next`: asks for what follows. */
export interface BackupPage<Entry> {
  entries: Entry[];
  next?: number;
}

/** What a backup begins with. `at`: when it was made, epoch ms. */
export interface RestoreHead {
  at: number;
  texts: Partial<Record<BackupText, string>>;
}

/** What a winner shows since before the hunt was restored here. */
export interface BroughtCode {
  prize: string;
  unit: number;
  code: string;
}

/** What a shard takes, in order. */
export type RestorePart =
  | { segment: BackupSegment }
  | { told: { announcement: string; teams: string } }
  | { thread: BackupThread }
  | { win: BackupWin };

/** What a shard said to the parts: one each; of a win whether its log has it, else true. */
export interface PartsTaken {
  recorded: boolean[];
}
