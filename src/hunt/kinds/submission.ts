/** The kind `submission`: solved by a photo, a film, a sound or words, which people judge. */
import * as z from "zod";
import { MEDIA_KINDS, type MediaKind, mediaKindOf } from "../../contract/media.ts";
import type { PlayFact, SentFile } from "../../protocol.ts";
import { noteSubmission, waitingFor } from "../submissions.ts";
import type { Decision, Turn } from "../turn.ts";
import type { CommandOf, Kind, SolvingEvent } from "./kind.ts";

const ACCEPTED = ["text", ...MEDIA_KINDS] as const;
type Accepted = (typeof ACCEPTED)[number];

const keys = {
  accept: z
    .array(z.enum(ACCEPTED))
    .min(1)
    .max(ACCEPTED.length)
    .optional()
    .describe("What a submission clue takes: any of these"),
  judge: z
    .enum(["before", "after", "none"])
    .optional()
    .describe(
      "before: it counts once accepted (default); after: at once, until refused; none: nobody judges",
    ),
};

interface Submitted {
  accept: Accepted[];
  judge: "before" | "after" | "none";
  /** The judge says how many points, from and to these; absent: they are fixed. */
  range?: { from: number; to: number };
}

export const submitEvent: SolvingEvent<CommandOf<"submit">> = {
  type: "submit",
  called: "a submission",
  find: (_, { clue }) => clue,
  isSame(fact, { clue, text, uploads = [] }) {
    const sent = fact.files?.map(({ upload }) => upload) ?? [];
    const isSameText =
      // What was deleted is compared by its length.
      fact.text === undefined ? fact.words === text?.length : fact.text === text;
    return fact.clue === clue && isSameText && JSON.stringify(sent) === JSON.stringify(uploads);
  },
  // People judged it.
  again: (_, __) => undefined,
  evolve(team, fact) {
    if (fact.outcome === "submitted" || fact.outcome === "correct") noteSubmission(team, fact);
  },
};

export const submission: Kind<CommandOf<"submit">, typeof keys, Submitted> = {
  event: submitEvent,
  keys,
  needs: ["accept"],
  check(clue, path, report) {
    const { judge = "before", range } = clue as typeof clue & { range?: Submitted["range"] };
    if (range && judge !== "before") {
      const message = "the judge says how many points only where a submission counts once it is accepted";
      report({ path: `${path}.points`, code: "range-unjudged", message });
    }
  },
  compile(clue) {
    const { accept = [], judge = "before", range } = clue as typeof clue & { range?: Submitted["range"] };
    return { accept: ACCEPTED.filter((each) => accept.includes(each)), judge, ...(range ? { range } : {}) };
  },
  prepare: (clue) => ({ judge: (turn, command) => judge(turn, command, clue) }),
  view: ({ accept, range }) => ({ accept, ...(range ? { range } : {}) }),
};

function judge(
  turn: Turn,
  { text, uploads = [] }: CommandOf<"submit">,
  { id, accept, judge: when }: Submitted & { id: string },
): Decision {
  const invalid = (message: string): Decision => turn.tell("invalid", { clue: id, message });
  if (text === undefined && uploads.length === 0) return invalid("nothing was sent");
  if (uploads.length === 0 && !accept.includes("text")) {
    return invalid(`this clue takes ${accept.join(", ")}`);
  }
  if (waitingFor(turn.team, id)) return turn.tell("already_submitted", { clue: id });
  const files: SentFile[] = [];
  const sentBefore = new Set((turn.team.submissions ?? []).flatMap((each) => each.files ?? []).map(uploadIn));
  for (const upload of uploads) {
    const isUsed = sentBefore.has(upload) || files.some((file) => file.upload === upload);
    const file = isUsed ? undefined : turn.uploadOf(upload, id);
    if (!file) return invalid(`${upload} is no upload for this clue that can still be sent`);
    if (!isTaken(accept, file)) return invalid(`this clue takes ${accept.join(", ")}`);
    files.push(file);
  }
  const sent: Partial<PlayFact> = {
    clue: id,
    ...(text === undefined ? {} : { text, words: text.length }),
    ...(files.length === 0 ? {} : { files }),
    ...(when === "before" ? {} : { judge: when }),
  };
  return when === "before" ? turn.record("submitted", sent) : turn.solve(sent);
}

const uploadIn = ({ upload }: SentFile): string => upload;

const isTaken = (accept: readonly Accepted[], { type }: SentFile): boolean => {
  const kind: MediaKind | undefined = mediaKindOf(type);
  return kind !== undefined && accept.includes(kind);
};
