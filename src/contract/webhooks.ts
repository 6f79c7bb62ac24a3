/** Webhooks: what was delivered, and what was tried. */
import { z } from "zod";
import { id, mark, slug, time, told, whole } from "./basics.ts";
import { DELIVERY_STATES, WEBHOOK_SHAPES, WEBHOOK_TYPES } from "./webhook-types.ts";

/** Deliveries of one webhook in a list. */
export const DELIVERIES_MAX = 100;

/** Deliveries that one request can name. */
const IDS_MAX = 1_000;

const MESSAGE = "msg_q3Zk0vXn2Wc8yT5bLr1aQgxx";

const tryShape = {
  status: whole("Of the response; absent: there was none", 200).exactOptional(),
  error: told("What was wrong", "the receiver could not be reached").exactOptional(),
  ms: whole("How long it took", 84),
};

const attempt = z
  .strictObject({ at: time.describe("When"), ...tryShape })
  .meta({ description: "A try", examples: [{ at: "2026-06-06T18:30:00.000Z", status: 200, ms: 84 }] });

const DELIVERY = {
  id: MESSAGE,
  webhook: "chat",
  type: "solved",
  at: "2026-06-06T18:30:00.000Z",
  state: "delivered" as const,
  status: 200,
  ms: 84,
  tries: [{ at: "2026-06-06T18:30:00.000Z", status: 200, ms: 84 }],
  body: '{"type":"solved","timestamp":"2026-06-06T18:30:00.000Z","data":{}}',
  headers: { "webhook-id": MESSAGE },
  response: "ok",
};

export const delivery = z
  .strictObject({
    id: id.meta({ description: "The header `webhook-id`: the same with each try", examples: [MESSAGE] }),
    webhook: slug.meta({ description: "The webhook", examples: ["chat"] }),
    type: told("What it tells; test: of the console's test", "solved"),
    at: time.describe("When that happened"),
    state: z.enum(DELIVERY_STATES).meta({
      description:
        "pending: tried, or tried again; failed: not tried again by itself; dead: every try failed",
      examples: ["delivered"],
    }),
    nextAt: time.describe("Of a pending one: when it is tried next").exactOptional(),
    status: whole("Of the last response", 200).exactOptional(),
    ms: whole("How long the last try took", 84).exactOptional(),
    tries: z.array(attempt).meta({ description: "In order, the last 20", examples: [DELIVERY.tries] }),
    body: told("What is sent", DELIVERY.body),
    headers: z.record(z.string(), z.string().meta({ description: "Its value", examples: [MESSAGE] })).meta({
      description: "The headers of the last try, without the signature",
      examples: [DELIVERY.headers],
    }),
    response: told("The beginning of the last response, 1 KB at most", "ok").exactOptional(),
  })
  .meta({ id: "Delivery", description: "A message to a webhook", examples: [DELIVERY] });
export type DeliveryTold = z.infer<typeof delivery>;

const WEBHOOK = {
  id: "chat",
  host: "hooks.example",
  as: "signed" as const,
  on: ["solved" as const],
  pending: 0,
  undelivered: 0,
};

const webhook = z
  .strictObject({
    id: slug.meta({ description: "The webhook", examples: ["chat"] }),
    host: told("Where its messages go; its path may be a secret", "hooks.example"),
    as: z.enum(WEBHOOK_SHAPES).meta({ description: "The shape of its messages", examples: ["signed"] }),
    on: z.array(z.enum(WEBHOOK_TYPES)).meta({ description: "What it is told", examples: [["solved"]] }),
    disabled: mark(
      "The receiver said (410) that it wants no more; a test or a new version brings it back",
    ).exactOptional(),
    pending: whole("Deliveries that wait", 0),
    undelivered: whole("Failed and dead ones that can be delivered again", 0),
  })
  .meta({ id: "Webhook", description: "A webhook of the hunt", examples: [WEBHOOK] });

export const webhooks = z
  .strictObject({
    webhooks: z.array(webhook).meta({ description: "All of the hunt", examples: [[WEBHOOK]] }),
    deliveries: z
      .array(delivery)
      .meta({ description: `The newest first, the last ${DELIVERIES_MAX} of each`, examples: [[DELIVERY]] }),
  })
  .meta({
    id: "Webhooks",
    description: "Webhooks and what they were told",
    examples: [{ webhooks: [WEBHOOK], deliveries: [DELIVERY] }],
  });
export type Webhooks = z.infer<typeof webhooks>;

export const webhookSecret = z
  .strictObject({
    secret: told("As Standard Webhooks' libraries take it", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
  })
  .meta({
    id: "WebhookSecret",
    description: "The secret that messages are signed with",
    examples: [{ secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw" }],
  });
export type WebhookSecret = z.infer<typeof webhookSecret>;

export const webhookTested = z
  .strictObject(tryShape)
  .meta({ id: "WebhookTested", description: "What came of a test", examples: [{ status: 200, ms: 84 }] });
export type WebhookTested = z.infer<typeof webhookTested>;

export const redeliverBody = z
  .strictObject({
    ids: z
      .array(id.meta({ description: "A delivery", examples: [MESSAGE] }))
      .max(IDS_MAX)
      .meta({ description: "These; without it all that failed or are dead", examples: [[MESSAGE]] })
      .exactOptional(),
  })
  .meta({ id: "Redeliver", description: "Deliveries to send again", examples: [{}] });

export const redelivered = z
  .strictObject({ redelivered: whole("Deliveries that are sent again", 1) })
  .meta({ id: "Redelivered", description: "Sent again", examples: [{ redelivered: 1 }] });
export type Redelivered = z.infer<typeof redelivered>;
