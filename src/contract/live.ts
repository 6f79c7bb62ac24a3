/** Live sockets: the ticket, the query of the upgrade, and every frame (docs/live.md). */
import { z } from "zod";
import { amount, flag, id, mark, phase, playerId, slug, time, told, whole } from "./basics.ts";
import { thread } from "./help.ts";
import { announcement } from "./me.ts";
import { eventsBody, results } from "./play.ts";
import { errorCode } from "./problem.ts";
import { entry } from "./standings.ts";

export const ticket = z
  .strictObject({
    ticket: told("For the socket's address: good for one socket", "eyJhbGciOiJIUzI1NiIs…"),
    expiresAt: time.describe("30 s from now"),
  })
  .meta({
    id: "Ticket",
    description: "A ticket for one live socket",
    examples: [{ ticket: "eyJhbGciOiJIUzI1NiIs…", expiresAt: "2026-06-06T18:30:30.000Z" }],
  });
export type Ticket = z.infer<typeof ticket>;

const livePosition = z
  .string()
  .regex(/^[a-z0-9]{1,16}\.\d{1,15}$/)
  .meta({ description: "A position in the changes of the standings", examples: ["k3v9.42"] });

export const liveQuery = z.strictObject({
  ticket: z
    .string()
    .max(2_048)
    .meta({ description: "A player's ticket; without it a spectator", examples: ["eyJ…"] })
    .exactOptional(),
  since: livePosition.describe("The last position a returning spectator saw").exactOptional(),
});

const ping = z.unknown().meta({ description: "Anything; it comes back as `pong`", examples: [true] });

/** What clients send. */
export const clientFrame = z
  .union([
    eventsBody,
    z.strictObject({ since: livePosition.describe("A spectator wants the changes since this position") }),
    z.strictObject({ ping }),
  ])
  .meta({ id: "ClientFrame", description: "A frame of a client, 4 KiB at most", examples: [{ ping: true }] });

export const teamFrame = z
  .strictObject({
    score: amount("The team's score", 250),
    rank: whole("Its place", 12).exactOptional(),
    solved: z
      .array(slug)
      .meta({ description: "Clues solved since the last frame", examples: [["old-lamp"]] }),
    unlocked: z.array(slug).meta({ description: "Clues opened since the last frame", examples: [[]] }),
    won: z
      .array(
        z.strictObject({
          prize: slug.meta({ description: "The prize", examples: ["lantern"] }),
          player: playerId("Who won it"),
        }),
      )
      .meta({ description: "Prizes won, without codes", examples: [[]] })
      .exactOptional(),
    startedAt: time.describe("Its own time began then, since the last frame").exactOptional(),
    endsAt: time.describe("When that is over").exactOptional(),
  })
  .meta({
    description: "Progress of the player's team",
    examples: [{ score: 250, solved: ["old-lamp"], unlocked: [] }],
  });

export const boardFrame = z
  .strictObject({
    asOf: time.describe("How fresh it is"),
    frozen: flag("Whether the standings stand still"),
    total: whole("Teams with a place", 120),
    position: livePosition,
    from: livePosition
      .describe("These rows replace those of the same rank in what was shown there; absent: this is all")
      .exactOptional(),
    entries: z.array(entry).meta({ description: "Rows of the first 100 places", examples: [[]] }),
  })
  .meta({
    description: "The first places, or what changed of them",
    examples: [
      { asOf: "2026-06-06T19:05:01.000Z", frozen: false, total: 120, position: "k3v9.42", entries: [] },
    ],
  });
export type BoardFrame = z.infer<typeof boardFrame>;

/** What the engine sends; a frame has one of these keys. */
export const serverFrame = z
  .union([
    results,
    z.strictObject({ phase }),
    z.strictObject({
      announcement: z
        .union([
          announcement,
          z.strictObject({
            id: id.meta({ description: "The announcement", examples: ["a-4kq0x"] }),
            removed: mark("The organisers took it back"),
          }),
        ])
        .meta({
          description: "A new one, an edited one, or one that was taken back",
          examples: [{ id: "a-4kq0x", removed: true }],
        }),
    }),
    z.strictObject({ thread }),
    z.strictObject({ team: teamFrame }),
    z.strictObject({ leaderboard: boardFrame }),
    z.strictObject({ pong: ping }),
    z.strictObject({ ping }),
    z.strictObject({
      error: z
        .strictObject({ code: errorCode, detail: told("What is wrong", "too many frames: wait a moment") })
        .meta({
          description: "A frame that was refused",
          examples: [{ code: "rate_limited", detail: "too many frames" }],
        }),
    }),
  ])
  .meta({ id: "ServerFrame", description: "A frame of the engine", examples: [{ phase: "live" }] });
export type ServerFrame = z.infer<typeof serverFrame>;
