/** Submissions: what teams send for judging, the queue of judges, verdicts. */
import { z } from "zod";
import {
  cursorGiven,
  flag,
  id,
  nextCursor,
  reason,
  slug,
  text,
  time,
  told,
  whole,
  wholeInQuery,
} from "./basics.ts";
import type { MediaKind } from "./media.ts";

/** Longest file of each kind, bytes. */
export const SENT_BYTES: Readonly<Record<MediaKind, number>> = {
  image: 15_000_000,
  audio: 25_000_000,
  video: 100_000_000,
};

/** Longest of all, bytes. */
export const SENT_BYTES_MAX = Math.max(...Object.values(SENT_BYTES));

/** How long somebody who claims a submission has it, ms. */
export const SUBMISSION_LEASE = 15 * 60_000;

/** Characters of what a judge says. */
export const SAY_MAX = 500;

export const SUBMISSION_STATES = ["waiting", "accepted", "refused"] as const;
export type SubmissionState = (typeof SUBMISSION_STATES)[number];

export const sentFile = z
  .strictObject({
    type: told("Its media type", "image/jpeg"),
    size: whole("Bytes", 480_000),
    url: told(
      "Where it is, with a ticket",
      "/v1/hunts/harbour-nights/sent/q3Zk0vXn2Wc8yT5bLr1aQg?t=Vk1c.2g.q3Zk",
    ),
  })
  .meta({
    id: "SentFile",
    description: "A file of a submission",
    examples: [
      {
        type: "image/jpeg",
        size: 480_000,
        url: "/v1/hunts/harbour-nights/sent/q3Zk0vXn2Wc8yT5bLr1aQg?t=Vk1c.2g.q3Zk",
      },
    ],
  });
export type SentFile = z.infer<typeof sentFile>;

export const uploaded = z
  .strictObject({
    upload: id.meta({ description: "To name it in a submission", examples: ["q3Zk0vXn2Wc8yT5bLr1aQg"] }),
    type: told("Its media type, by its first bytes", "image/jpeg"),
    size: whole("Bytes as they are stored, without what was cut", 480_000),
  })
  .meta({
    id: "Uploaded",
    description: "A file that waits for its submission; after a day it is gone",
    examples: [{ upload: "q3Zk0vXn2Wc8yT5bLr1aQg", type: "image/jpeg", size: 480_000 }],
  });
export type Uploaded = z.infer<typeof uploaded>;

export const submissionState = z
  .enum(SUBMISSION_STATES)
  .meta({ description: "waiting: nobody has judged it yet", examples: ["waiting"] });

const SUBMISSION = {
  id: "weur-0-1a-x7k2qm4tvb.17",
  team: { id: "weur-0-1a-x7k2qm4tvb", name: "Night Owls" },
  clue: "pyramid",
  at: "2026-06-06T18:30:00.000Z",
  files: [],
  state: "waiting" as const,
};

export const submission = z
  .strictObject({
    id: id.meta({ description: "The submission", examples: [SUBMISSION.id] }),
    team: z
      .strictObject({ id: id.describe("The team"), name: told("Its name", "Night Owls") })
      .meta({ description: "Who sent it", examples: [SUBMISSION.team] }),
    clue: slug.meta({ description: "For which clue", examples: ["pyramid"] }),
    at: time.describe("When it was sent"),
    text: told("What was written", "Our pyramid, with the dog on top").exactOptional(),
    files: z.array(sentFile).meta({ description: "What was sent", examples: [[]] }),
    state: submissionState,
    say: told("What the judge said", "Your best one!").exactOptional(),
    points: whole("What the judge gave", 80).exactOptional(),
    claimedBy: told("Who has it", "Ada").exactOptional(),
    claimedUntil: time.describe("Until when").exactOptional(),
  })
  .meta({ id: "Submission", description: "What a team sent for judging", examples: [SUBMISSION] });
export type Submission = z.infer<typeof submission>;

/** When it was sent, and which it is. */
export const SUBMISSION_CURSOR = /^(\d{1,15})\.([a-z0-9-]{1,80})\.(\d{1,15})$/;

export const submissionsQuery = z.strictObject({
  state: submissionState.describe("Only in this state; absent: those that wait").exactOptional(),
  clue: slug.meta({ description: "Only for this clue", examples: ["pyramid"] }).exactOptional(),
  limit: wholeInQuery("Submissions told; of long ones fewer", { min: 1, max: 100, default: 50 }),
  cursor: cursorGiven(SUBMISSION_CURSOR, "1780763400000.weur-0-1a-x7k2qm4tvb.17").exactOptional(),
});

export const submissions = z
  .strictObject({
    submissions: z
      .array(submission)
      .meta({ description: "The longest wait first", examples: [[SUBMISSION]] }),
    cursor: nextCursor.exactOptional(),
  })
  .meta({
    id: "Submissions",
    description: "What teams sent",
    examples: [{ submissions: [SUBMISSION] }],
  });
export type Submissions = z.infer<typeof submissions>;

export const submissionNow = z
  .strictObject({ submission })
  .meta({ id: "SubmissionNow", description: "The submission now", examples: [{ submission: SUBMISSION }] });
export type SubmissionNow = z.infer<typeof submissionNow>;

export const verdictBody = z
  .strictObject({
    accept: flag("Whether it counts"),
    points: whole("Where the clue has a range of points: how many", 80).exactOptional(),
    say: text(SAY_MAX)
      .meta({
        description: `What to tell the team, ${SAY_MAX} characters at most`,
        examples: ["Your best one!"],
      })
      .exactOptional(),
  })
  .meta({ id: "Verdict", description: "A verdict", examples: [{ accept: true, say: "Your best one!" }] });

export const clearQuery = z.strictObject({ reason });
