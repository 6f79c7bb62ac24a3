/** Webhooks of a hunt: what they were told, their secrets, tests, and what is delivered again. */
import type { Redelivered, WebhookSecret, Webhooks, WebhookTested } from "../../src/contract/webhooks.ts";
import type { Call, Command } from "./command.ts";
import { EXIT, type ExitCode, wrongUsage } from "./failure.ts";
import { left, right } from "./output.ts";
import { plural } from "./text.ts";

const pathOf = (call: Call): string => `/v1/hunts/${encodeURIComponent(call.argument("hunt"))}/webhooks`;

export const webhooks: Command = {
  name: "webhooks",
  summary: "What a hunt's webhooks were told last, the newest first",
  usage: "<hunt>",
  options: {
    show: { type: "string", value: "id", about: "one delivery whole: tries, headers, body, response" },
    secret: {
      type: "string",
      value: "webhook",
      about: "prints a webhook's secret; registrations: of sign-up feeds",
    },
    test: { type: "string", value: "webhook", about: "sends a test; exit code 1 when it fails" },
    redeliver: { type: "string", value: "webhook", about: "sends what failed or is dead again" },
  },
  example: "webhooks harbour-nights --test hook-1",
  async run(call) {
    const chosen = ["show", "secret", "test", "redeliver"].filter((name) => call.text(name) !== undefined);
    if (chosen.length > 1) throw wrongUsage(`--${chosen[0]} and --${chosen[1]} do not go together`);
    const of = (name: string): string => `${pathOf(call)}/${encodeURIComponent(call.text(name) ?? "")}`;
    const { out, engine } = call;
    switch (chosen[0]) {
      case "secret": {
        const told = await engine.json<WebhookSecret>("GET", `${of("secret")}/secret`);
        await out.result(told, () => out.line(told.secret));
        return EXIT.ok;
      }
      case "test": {
        const told = await engine.json<WebhookTested>("POST", `${of("test")}/test`, { once: true });
        const { status, error, ms } = told;
        await out.confirm(
          told,
          `${status ?? "no response"}${error === undefined ? "" : `: ${error}`}, ${ms} ms`,
        );
        return status !== undefined && status < 300 && status >= 200 ? EXIT.ok : EXIT.refused;
      }
      case "redeliver": {
        const told = await engine.json<Redelivered>("POST", `${of("redeliver")}/redeliver`, { body: {} });
        const sent = told.redelivered === 1 ? "delivery is" : "deliveries are";
        await out.confirm(told, `${told.redelivered} ${sent} sent again`);
        return EXIT.ok;
      }
      default:
        return list(call);
    }
  },
};

async function list(call: Call): Promise<ExitCode> {
  const { out, engine } = call;
  const told = await engine.json<Webhooks>("GET", pathOf(call));
  const wanted = call.text("show");
  if (wanted !== undefined) {
    const delivery = told.deliveries.find(({ id }) => id === wanted);
    if (!delivery) throw wrongUsage(`there is no delivery ${wanted} among the last ones`);
    await out.result(delivery, async () => {
      for (const { at, status, error, ms } of delivery.tries) {
        await out.line(`${at}  ${status ?? "–"}  ${ms} ms  ${error ?? ""}`.trimEnd());
      }
      for (const [name, value] of Object.entries(delivery.headers)) await out.line(`${name}: ${value}`);
      await out.line(delivery.body);
      if (delivery.response !== undefined) await out.line(`→ ${delivery.response}`);
    });
    return EXIT.ok;
  }
  await out.result(told, async ({ webhooks: all, deliveries }) => {
    await out.table(
      [
        left("webhook"),
        left("host"),
        left("as"),
        left("on"),
        right("waiting"),
        right("undelivered"),
        left("state"),
      ],
      all.map((each) => [
        each.id,
        each.host,
        each.as,
        each.on.join(" "),
        each.pending,
        each.undelivered,
        each.disabled ? "disabled" : "",
      ]),
    );
    if (deliveries.length === 0) return;
    await out.table(
      [left("at"), left("webhook"), left("type"), left("state"), right("status"), right("tries"), left("id")],
      deliveries.map((each) => [
        each.at,
        each.webhook,
        each.type,
        each.state,
        each.status ?? "–",
        each.tries.length,
        each.id,
      ]),
    );
  });
  if (told.webhooks.length === 0) out.note("the hunt has no webhooks");
  const waiting = told.webhooks.reduce((sum, each) => sum + each.pending, 0);
  if (waiting > 0) out.note(`${plural(waiting, "message")} waiting`);
  return EXIT.ok;
}
