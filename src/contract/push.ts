/** Web Push: a player's subscription, and what a notification carries. */
import { z } from "zod";
import { id, mark, slug, time, told, whole } from "./basics.ts";

/** Characters of a push service's address, and bytes of its keys as RFC 8291 has them, in base64url. */
export const ENDPOINT_MAX = 2_048;
const P256DH = /^[A-Za-z0-9_-]{87}=?$/;
const AUTH = /^[A-Za-z0-9_-]{22}(?:==)?$/;

/** Subscriptions of a player: one a device. */
export const SUBSCRIPTIONS_OF_PLAYER = 5;

/** Languages that pages have words for; any other is stored as it was asked for. */
const language = z
  .string()
  .regex(/^[A-Za-z]{2,3}(?:-[A-Za-z0-9]{1,8}){0,3}$/, "must be a language tag")
  .meta({ description: "The language of its notifications", examples: ["de"] });

export const pushBody = z
  .strictObject({
    endpoint: z
      .string()
      .min(1)
      .max(ENDPOINT_MAX)
      .meta({
        description: "The push service's address for this device: https, and a host's name",
        examples: ["https://push.example.net/send/Zx7q0c2m"],
      }),
    expirationTime: z
      .number()
      .min(0)
      .max(Number.MAX_SAFE_INTEGER)
      .nullable()
      .meta({ description: "As browsers give it; not looked at", examples: [null] })
      .exactOptional(),
    keys: z
      .strictObject({
        p256dh: z
          .string()
          .regex(P256DH, "must be the 65 bytes of a public key of P-256 in base64url")
          .meta({
            description: "The device's public key, P-256",
            examples: [
              "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
            ],
          }),
        auth: z
          .string()
          .regex(AUTH, "must be 16 bytes in base64url")
          .meta({
            description: "The device's secret",
            examples: ["BTBZMqHH6r4Tts7J_aSIgg"],
          }),
      })
      .meta({
        description: "What notifications are sealed with",
        examples: [
          {
            p256dh: "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
            auth: "BTBZMqHH6r4Tts7J_aSIgg",
          },
        ],
      }),
    lang: language.exactOptional(),
  })
  .meta({
    id: "PushSubscription",
    description: "A device's subscription, as `PushSubscription.toJSON()` gives it",
    examples: [
      {
        endpoint: "https://push.example.net/send/Zx7q0c2m",
        expirationTime: null,
        keys: {
          p256dh: "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
          auth: "BTBZMqHH6r4Tts7J_aSIgg",
        },
        lang: "de",
      },
    ],
  });

export const pushQuery = z.strictObject({
  device: z
    .string()
    .regex(/^[A-Za-z0-9_-]{43}$/, "must be the SHA-256 of the device's `endpoint` in base64url")
    .meta({
      description:
        "Only of this device: base64url of the SHA-256 of its `endpoint`, which is a secret and stays out of addresses",
      examples: ["n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg"],
    })
    .exactOptional(),
});

const clue = z
  .strictObject({
    id: slug.meta({ description: "The clue", examples: ["old-lamp"] }),
    title: told("Its title", "The old lamp"),
  })
  .meta({ description: "A clue that the team sees", examples: [{ id: "old-lamp", title: "The old lamp" }] });

/** What a notification carries to the page's service worker, which has the words. */
export const notification = z
  .strictObject({
    kind: z.enum(["announcement", "help", "opened"]).meta({
      description: "announcement: the organisers say something; help: they answered; opened: clues opened",
      examples: ["announcement"],
    }),
    hunt: slug.describe("The hunt's id"),
    title: told("The hunt's title", "Harbour Nights"),
    lang: told("The language that it was asked for in", "de").exactOptional(),
    tag: id.meta({
      description: "Another notification with the same takes its place",
      examples: ["a-x7k2qm4tvb"],
    }),
    text: told("What was announced, its beginning", "The ferry is late.").exactOptional(),
    cut: mark("There is more of the text").exactOptional(),
    clues: z
      .array(clue)
      .meta({ description: "What it is about, three at most", examples: [[]] })
      .exactOptional(),
    count: whole("Clues that opened", 1).exactOptional(),
    at: time.describe("When it happened"),
  })
  .meta({
    id: "Notification",
    description:
      "What a notification carries, sealed for the device alone. No answer, and nothing of a locked clue",
    examples: [
      {
        kind: "announcement",
        hunt: "harbour-nights",
        title: "Harbour Nights",
        tag: "a-x7k2qm4tvb",
        text: "The ferry is late.",
        at: "2026-06-06T18:30:00.000Z",
      },
    ],
  });
export type Notification = z.infer<typeof notification>;
