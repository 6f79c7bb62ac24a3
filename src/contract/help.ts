/** The help desk: what teams ask, and what organisers say. */
import { z } from "zod";
import {
  amount,
  cursorGiven,
  flag,
  id,
  mark,
  nextCursor,
  slug,
  text,
  time,
  told,
  whole,
  wholeInQuery,
} from "./basics.ts";
import { guess } from "./guesses.ts";

/** Characters of a message. */
export const MESSAGE_MAX = 2_000;

/** Threads that a team has at most, and messages in one. */
export const THREADS_OF_TEAM_MAX = 100;
export const MESSAGES_MAX = 100;

/** Characters that a team's players write in all their threads. */
export const TEXTS_OF_TEAM_MAX = 100_000;

export const THREAD_STATES = ["open", "claimed", "answered", "closed"] as const;
export type ThreadState = (typeof THREAD_STATES)[number];

/** How long somebody who claims a thread has it, ms. */
export const LEASE = 15 * 60_000;

const threadState = z.enum(THREAD_STATES).meta({
  description: "open: it waits; claimed: somebody looks at it; answered; closed",
  examples: ["open"],
});

const messageText = text(MESSAGE_MAX)
  .min(1)
  .meta({ description: `What to say, ${MESSAGE_MAX} characters at most`, examples: ["The lamp is dark."] });

const message = z
  .strictObject({
    at: time.describe("When it was said"),
    from: z.enum(["team", "staff"]).meta({ description: "Who said it", examples: ["team"] }),
    by: told("The player's name, or the organiser's", "Ada"),
    text: told("What was said", "The lamp is dark."),
  })
  .meta({
    description: "A message",
    examples: [{ at: "2026-06-06T18:30:00.000Z", from: "team", by: "Ada", text: "The lamp is dark." }],
  });

const THREAD = {
  id: "weur-0-1a-x7k2qm4tvb.1",
  clue: "old-lamp",
  state: "open" as const,
  messages: [{ at: "2026-06-06T18:30:00.000Z", from: "team" as const, by: "Ada", text: "The lamp is dark." }],
};

const threadShape = {
  id: id.meta({ description: "The thread", examples: ["weur-0-1a-x7k2qm4tvb.1"] }),
  clue: slug.meta({ description: "The clue that it is about", examples: ["old-lamp"] }).exactOptional(),
  state: threadState,
  messages: z.array(message).meta({ description: "In order", examples: [THREAD.messages] }),
};

export const thread = z
  .strictObject(threadShape)
  .meta({ id: "Thread", description: "A request for help", examples: [THREAD] });
export type Thread = z.infer<typeof thread>;

export const threadBody = z
  .strictObject({
    clue: slug.meta({ description: "The clue that it is about", examples: ["old-lamp"] }).exactOptional(),
    text: messageText,
  })
  .meta({
    id: "AskForHelp",
    description: "A request",
    examples: [{ clue: "old-lamp", text: "The lamp is dark." }],
  });

export const threadMade = z
  .strictObject({ thread })
  .meta({ id: "ThreadNow", description: "The thread now", examples: [{ thread: THREAD }] });
export type ThreadMade = z.infer<typeof threadMade>;

export const threads = z
  .strictObject({ threads: z.array(thread).meta({ description: "The newest first", examples: [[THREAD]] }) })
  .meta({ id: "Threads", description: "What the team asked", examples: [{ threads: [THREAD] }] });
export type Threads = z.infer<typeof threads>;

export const messageBody = z
  .strictObject({ text: messageText })
  .meta({ id: "SayMore", description: "A message", examples: [{ text: "It is lit now." }] });

export const replyBody = z
  .strictObject({ text: messageText, close: flag("Closes the thread with it").exactOptional() })
  .meta({
    id: "Reply",
    description: "An answer",
    examples: [{ text: "Somebody is on the way.", close: false }],
  });
export type ReplyBody = z.infer<typeof replyBody>;

const ASKED = { ...THREAD, team: { id: "weur-0-1a-x7k2qm4tvb", name: "Night Owls" }, waitingSeconds: 90 };

const askedShape = {
  ...threadShape,
  team: z
    .strictObject({ id: id.describe("The team"), name: told("Its name", "Night Owls") })
    .meta({ description: "Who asks", examples: [ASKED.team] }),
  waitingSeconds: whole("How long it waits; 0: it does not", 90),
  claimedBy: told("Who has it", "Ada").exactOptional(),
  claimedUntil: time.describe("Until when").exactOptional(),
};

export const askedThread = z
  .strictObject(askedShape)
  .meta({ id: "AskedThread", description: "A request, as organisers see it", examples: [ASKED] });
export type AskedThread = z.infer<typeof askedThread>;

/** Whether it waits (0) or not (1), since when or when something was said last, which thread. */
export const HELP_CURSOR = /^([01])\.(\d{1,15})\.([a-z0-9-]{1,80}\.\d{1,9})$/;

export const helpQuery = z.strictObject({
  state: threadState.describe("Only in this state; absent: open and claimed ones").exactOptional(),
  clue: slug.meta({ description: "Only about this clue", examples: ["old-lamp"] }).exactOptional(),
  limit: wholeInQuery("Threads told; of long ones fewer", { min: 1, max: 200, default: 100 }),
  cursor: cursorGiven(HELP_CURSOR, "0.1780763400000.weur-0-1a-x7k2qm4tvb.1").exactOptional(),
});

export const helpQueue = z
  .strictObject({
    threads: z.array(askedThread).meta({ description: "The longest wait first", examples: [[ASKED]] }),
    total: whole("How many there are, on all pages", 3),
    cursor: nextCursor.exactOptional(),
  })
  .meta({ id: "HelpQueue", description: "What teams ask", examples: [{ threads: [ASKED], total: 1 }] });
export type HelpQueue = z.infer<typeof helpQueue>;

export const askedMade = z
  .strictObject({ thread: askedThread })
  .meta({ id: "AskedThreadNow", description: "The thread now", examples: [{ thread: ASKED }] });
export type AskedMade = z.infer<typeof askedMade>;

export const helpContext = z
  .strictObject({
    thread: askedThread,
    hints: z
      .array(
        z.strictObject({
          id: slug.meta({ description: "The hint", examples: ["h1"] }),
          text: told("Its text, Markdown", "It guides ships at night."),
          cost: amount("Points it costs", 10),
          taken: flag("Whether the team has it"),
        }),
      )
      .meta({ description: "The clue's hints", examples: [[]] }),
    guesses: z.array(guess).meta({ description: "What the team tried last", examples: [[]] }),
    solved: mark("The team has solved the clue").exactOptional(),
  })
  .meta({
    id: "HelpContext",
    description: "A thread, and what one needs to answer it",
    examples: [{ thread: ASKED, hints: [], guesses: [] }],
  });
export type HelpContext = z.infer<typeof helpContext>;
