/** What a hunt of CTFd's says, whichever way it was read: from an export, or from the files of ctfcli. */

/** A flag as CTFd has it. */
export interface Flag {
  /** `static`, `regex`, or a plugin's. */
  type: string;
  text: string;
  anyCase: boolean;
}

export interface Hint {
  /** The export's id of it. */
  key?: number;
  title?: string;
  text: string;
  cost: number;
  /** It can be had only after others. */
  waits: boolean;
}

/** A file, and how its content is read. */
export interface SourceFile {
  /** As players see it. */
  name: string;
  /** Where the source has it, as its texts refer to it. */
  place: string;
  bytes: number;
  open(): Promise<NodeJS.ReadableStream>;
}

/** How a value falls with solves. */
export interface Falling {
  kind: "linear" | "logarithmic";
  initial: number;
  minimum: number;
  /** Linear: points a solve; else the solves after which the minimum is reached. */
  decay: number;
}

export interface Challenge {
  /** What requirements name it by. */
  key: string;
  name: string;
  type: string;
  category: string;
  description: string;
  attribution?: string;
  connection?: string;
  /** What it is worth now. */
  value: number;
  falling?: Falling;
  /** Wrong tries in all; 0: as many as one likes. */
  attempts: number;
  logic: string;
  state: string;
  /** Epoch ms. */
  scheduledAt?: number;
  requires: readonly string[];
  /** It is shown without its texts while it is locked. */
  anonymised: boolean;
  next?: string;
  module?: string;
  flags: readonly Flag[];
  hints: readonly Hint[];
  tags: readonly string[];
  topics: readonly string[];
  files: readonly SourceFile[];
  /** Files that its source names and does not have. */
  lost: readonly string[];
  solution?: { text: string; state: string };
  /** Texts that players gave and that counted, where the source knows. */
  rightTexts: readonly string[];
}

export interface Page {
  route: string;
  title: string;
  text: string;
  isHtml: boolean;
  /** Why players could not read it all; undefined: they could. */
  closed?: string;
}

export interface AskedField {
  name: string;
  kind: "text" | "checkbox";
  required: boolean;
}

export interface Source {
  /** As reports name it. */
  from: "CTFd" | "ctfcli";
  title: string;
  description: string;
  /** Epoch ms. */
  opens?: number;
  closes?: number;
  freeze?: number;
  mode: "solo" | "teams";
  teamSize: number;
  brackets: readonly { key: string; name: string }[];
  fields: readonly AskedField[];
  challenges: readonly Challenge[];
  pages: readonly Page[];
  /** Files of no challenge: of pages, and what lies beside. */
  files: readonly SourceFile[];
  /** Wrong answers a minute. */
  triesPerMinute: number;
  /** With `timeout`: a limit of tries gives them back after so many seconds; else it is for good. */
  triesBackAfter?: number;
}

/** The wrong answers a minute that CTFd allows unless it is told otherwise. */
export const TRIES_PER_MINUTE = 10;
