/** Webhooks: what they were told, their secrets, tests, and deliveries that are sent again. */
import {
  DELIVERIES_MAX,
  type DeliveryTold,
  redeliverBody,
  redelivered,
  webhookSecret,
  webhooks,
  webhookTested,
} from "../../contract/webhooks.ts";
import { accepted } from "../../errors.ts";
import { calling, callingOnce, controlStub, outboxStub } from "../../objects/call.ts";
import type { WebhookInUse } from "../../objects/control.ts";
import type { DeliveryTry, OutboxPage, StoredDelivery } from "../../objects/webhooks.ts";
import { declared } from "../declare.ts";
import { huntOf, iso } from "../hunt.ts";
import { noteReading } from "../readings.ts";
import type { App } from "../request.ts";
import { organiser } from "../roles.ts";

const BASE = "/v1/hunts/{hunt}/webhooks";

export function webhookRoutes(app: App): void {
  app.openapi(
    declared({
      method: "get",
      path: BASE,
      summary: "Webhooks, and what they were told last",
      role: organiser,
      responses: { 200: { description: "The newest first", schema: webhooks } },
      errors: ["unavailable"],
    }),
    async (c) => {
      const hunt = huntOf(c);
      const inUse = accepted(
        await calling(async () => (await controlStub(c.env, hunt).webhooks()) as WebhookInUse[] | Refused),
      );
      const pages = await Promise.all(
        inUse.map(({ id }) =>
          calling(async () => (await outboxStub(c.env, hunt, id).deliveries(DELIVERIES_MAX)) as OutboxPage),
        ),
      );
      return c.json(
        {
          webhooks: inUse.map((webhook, index) => {
            const { disabled = false, pending = 0, undelivered = 0 } = pages[index] ?? {};
            return { ...webhook, ...(disabled ? { disabled } : {}), pending, undelivered };
          }),
          deliveries: inUse
            .flatMap(({ id }, index) => (pages[index]?.deliveries ?? []).map((each) => told(id, each)))
            .sort((a, b) => (a.at < b.at ? 1 : a.at > b.at ? -1 : 0)),
        },
        200,
      );
    },
  );

  app.openapi(
    declared({
      method: "get",
      path: `${BASE}/{webhook}/secret`,
      summary: "The secret of a webhook, or with `registrations` that of sign-up feeds",
      role: organiser,
      responses: { 200: { description: "The secret", schema: webhookSecret } },
      errors: ["not_found", "unavailable"],
    }),
    async (c) => {
      const hunt = huntOf(c);
      const { webhook } = c.req.param();
      const secret = accepted(await calling(async () => controlStub(c.env, hunt).webhookSecret(webhook)));
      await noteReading(c.env, hunt, c.get("by"), c.get("now"), "webhook-secret", { webhook });
      return c.json(secret, 200);
    },
  );

  app.openapi(
    declared({
      method: "post",
      path: `${BASE}/{webhook}/test`,
      summary: "Send a test to a webhook; one that succeeds brings a disabled one back",
      role: organiser,
      responses: { 200: { description: "What came of it", schema: webhookTested } },
      errors: ["not_found", "invalid", "unavailable"],
    }),
    async (c) => {
      const { webhook } = c.req.param();
      const tested = await callingOnce(
        async () =>
          (await controlStub(c.env, huntOf(c)).testWebhook(webhook, c.get("by"))) as DeliveryTry | Refused,
      );
      const { status, error, ms } = accepted(tested);
      return c.json(
        { ...(status === undefined ? {} : { status }), ...(error === undefined ? {} : { error }), ms },
        200,
      );
    },
  );

  app.openapi(
    declared({
      method: "post",
      path: `${BASE}/{webhook}/redeliver`,
      summary: "Deliver again: some, or all that failed or are dead",
      role: organiser,
      json: redeliverBody,
      emptyBody: true,
      responses: { 200: { description: "How many", schema: redelivered } },
      errors: ["not_found", "conflict", "unavailable"],
    }),
    async (c) => {
      const { webhook } = c.req.param();
      const { ids } = c.req.valid("json");
      const done = await calling(async () =>
        controlStub(c.env, huntOf(c)).redeliver(webhook, ids, c.get("by")),
      );
      return c.json({ redelivered: accepted(done).redelivered }, 200);
    },
  );
}

type Refused = Extract<Parameters<typeof accepted>[0], { refused: unknown }>;

function told(webhook: string, delivery: StoredDelivery): DeliveryTold {
  const { id, type, at, state, due, tries, body, headers, response } = delivery;
  const last = tries.at(-1);
  return {
    id,
    webhook,
    type,
    at: iso(at),
    state,
    ...(due === undefined ? {} : { nextAt: iso(due) }),
    ...(last?.status === undefined ? {} : { status: last.status }),
    ...(last === undefined ? {} : { ms: last.ms }),
    tries: tries.map((each) => ({ ...each, at: iso(each.at) })),
    body,
    headers,
    ...(response === undefined ? {} : { response }),
  };
}
