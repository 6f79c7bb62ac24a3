/** What webhooks can tell, and how. Without zod, which the pages have no room for. PURE. */

export const WEBHOOK_TYPES = [
  "solved",
  "first_solve",
  "finished",
  "won",
  "joined",
  "submitted",
  "judged",
  "help",
  "announcement",
  "phase",
] as const;
export type WebhookType = (typeof WEBHOOK_TYPES)[number];

export const WEBHOOK_SHAPES = ["signed", "discord", "slack"] as const;
export type WebhookShape = (typeof WEBHOOK_SHAPES)[number];

/** The id of a webhook that is the only one and has none of its own. */
export const ONLY_WEBHOOK = "hook-1";

/** Names the secret of sign-up feeds where webhooks' secrets are asked for. */
export const REGISTRATIONS = "registrations";

/** Of a delivery. Between tries it is pending; `failed`: it is not tried again by itself; `dead`: every try failed. */
export const DELIVERY_STATES = ["pending", "delivered", "failed", "dead"] as const;
export type DeliveryState = (typeof DELIVERY_STATES)[number];
