/** The hunt's webhooks: what they were told, their secrets, tests, and what is delivered again. */
import { signal } from "@preact/signals";
import { useRef } from "preact/hooks";
import { REGISTRATIONS } from "../../contract/webhook-types.ts";
import type { Redelivered, WebhookSecret, Webhooks, WebhookTested } from "../../contract/webhooks.ts";
import { number, t } from "../shared/i18n.ts";
import { encoded } from "../shared/outside.ts";
import { engineText } from "./engine.ts";
import { useSeen } from "./seen.ts";
import { ask, attempt, huntPath, loaded, may, useLoaded } from "./state.ts";
import { stamp } from "./times.ts";
import { ToldAt } from "./told.tsx";

/** Time between looks, ms. */
const EVERY = 5_000;

const PLACE = "webhooks";

const seen = loaded<Webhooks>();
/** The secret that is shown, of which hunt and webhook, and what came of the last test. */
const secret = signal<{ hunt: string; webhook: string; text: string } | undefined>(undefined);
const tested = signal<{ hunt: string; webhook: string; told: WebhookTested } | undefined>(undefined);

type Delivery = Webhooks["deliveries"][number];
type Webhook = Webhooks["webhooks"][number];

const LAST = "GET /v1/hunts/{hunt}/webhooks";

const pathOf = (hunt: string, webhook: string, what: string): string =>
  huntPath(hunt, `/webhooks/${encoded(webhook)}/${what}`);

const showSecret = (hunt: string, webhook: string): Promise<boolean> =>
  attempt(PLACE, "", async () => {
    const told = await ask<WebhookSecret>(pathOf(hunt, webhook, "secret"));
    secret.value = { hunt, webhook, text: told.secret };
  });

async function look(hunt: string): Promise<void> {
  seen.value = { value: await ask<Webhooks>(huntPath(hunt, "/webhooks")), problem: "" };
}

const test = (hunt: string, webhook: string): Promise<boolean> =>
  attempt(PLACE, "", async () => {
    tested.value = undefined;
    const told = await ask<WebhookTested>(pathOf(hunt, webhook, "test"), { method: "POST", patient: true });
    tested.value = { hunt, webhook, told };
    await look(hunt);
  });

const redeliver = (hunt: string, webhook: string, ids?: string[]): Promise<boolean> =>
  attempt(PLACE, t("done"), async () => {
    await ask<Redelivered>(pathOf(hunt, webhook, "redeliver"), { json: ids ? { ids } : {} });
    await look(hunt);
  });

export function WebhooksPanel({ hunt }: { hunt: string }) {
  const place = useRef<HTMLElement>(null);
  const isOpen = may(LAST, hunt);
  const active = useSeen(place) && isOpen;
  useLoaded(seen, huntPath(hunt, "/webhooks"), EVERY, { active });
  if (!isOpen) return null;
  const told = seen.value.value;
  return (
    <section ref={place} class="card stack wide-panel" aria-labelledby="webhooks">
      <h2 id="webhooks">{t("webhooks")}</h2>
      <p class="soft">{t("webhooksHint")}</p>
      {seen.value.problem !== "" && <p class="note bad">{seen.value.problem}</p>}
      {told?.webhooks.length === 0 && <p class="soft">{t("noWebhooks")}</p>}
      {told?.webhooks.map((webhook) => (
        <OneWebhook key={webhook.id} hunt={hunt} webhook={webhook} />
      ))}
      <ToldAt place={PLACE} />
      {told && told.deliveries.length > 0 && (
        <div class="scroll">
          <table class="stacked">
            <thead>
              <tr>
                <th scope="col">{t("when")}</th>
                <th scope="col">{t("webhook")}</th>
                <th scope="col">{t("what")}</th>
                <th scope="col">{t("deliveryState")}</th>
              </tr>
            </thead>
            <tbody>
              {told.deliveries.map((delivery) => (
                <DeliveryRow key={delivery.id} hunt={hunt} delivery={delivery} />
              ))}
            </tbody>
          </table>
        </div>
      )}
      <h3>{t("signUpFeeds")}</h3>
      <p class="soft">{t("signUpFeedsHint")}</p>
      <p>
        <button type="button" class="quiet" onClick={() => void showSecret(hunt, REGISTRATIONS)}>
          {t("showSecret")}
        </button>
      </p>
      <Secret hunt={hunt} webhook={REGISTRATIONS} />
    </section>
  );
}

function Secret({ hunt, webhook }: { hunt: string; webhook: string }) {
  const shown = secret.value;
  if (shown?.hunt !== hunt || shown.webhook !== webhook) return null;
  return (
    <p class="note" role="status">
      <code dir="ltr">{shown.text}</code>
    </p>
  );
}

function OneWebhook({ hunt, webhook }: { hunt: string; webhook: Webhook }) {
  const { id, host, on, disabled, pending, undelivered } = webhook;
  const result = tested.value;
  const told = result?.hunt === hunt && result.webhook === id ? result.told : undefined;
  const isGood = told?.status !== undefined && told.status >= 200 && told.status < 300;
  return (
    <div class="stack">
      <h3>
        <bdi>{id}</bdi> <span class="soft" dir="ltr">{`${host} · ${webhook.as}`}</span>
      </h3>
      <p class="soft" dir="ltr">
        {on.join(", ")}
      </p>
      {disabled && <p class="note bad">{t("webhookDisabled")}</p>}
      {pending > 0 && <p>{t("webhookPending", { number: pending })}</p>}
      <p class="row">
        <button type="button" class="quiet" onClick={() => void test(hunt, id)}>
          {t("sendTest")}
        </button>{" "}
        <button type="button" class="quiet" onClick={() => void showSecret(hunt, id)}>
          {t("showSecret")}
        </button>{" "}
        {undelivered > 0 && !disabled && (
          <button type="button" class="quiet" onClick={() => void redeliver(hunt, id)}>
            {t("redeliverAll", { number: undelivered })}
          </button>
        )}
      </p>
      {told && (
        <p role="status" class={`note ${isGood ? "good" : "bad"}`}>
          {told.status === undefined ? t("noResponse") : number(told.status)}{" "}
          {told.error !== undefined && (
            <span lang="en" dir="ltr">
              {told.error}
            </span>
          )}{" "}
          · {number(told.ms)} ms
        </p>
      )}
      <Secret hunt={hunt} webhook={id} />
    </div>
  );
}

function DeliveryRow({ hunt, delivery }: { hunt: string; delivery: Delivery }) {
  const { id, webhook, type, at, state, nextAt, tries, headers, body, response } = delivery;
  return (
    <tr>
      <td class="whole">
        <time dateTime={at}>{stamp(at)}</time>
      </td>
      <td>
        <bdi>{webhook}</bdi>
      </td>
      <td dir="ltr">{type}</td>
      <td>
        <details>
          <summary>
            {engineText("delivery", state)}
            {tries.length > 1 && ` · ${t("triesMade", { number: tries.length })}`}
          </summary>
          <ul>
            {tries.map((one) => (
              <li key={one.at}>
                <time dateTime={one.at}>{stamp(one.at)}</time> ·{" "}
                {one.status === undefined ? t("noResponse") : number(one.status)} · {number(one.ms)} ms{" "}
                {one.error !== undefined && (
                  <span lang="en" dir="ltr">
                    {one.error}
                  </span>
                )}
              </li>
            ))}
          </ul>
          {nextAt !== undefined && <p class="soft">{t("nextTry", { time: stamp(nextAt) })}</p>}
          <h4>{t("messageSent")}</h4>
          <pre dir="ltr">{`${headerLines(headers)}\n\n${body}`}</pre>
          {response !== undefined && (
            <>
              <h4>{t("responseGot")}</h4>
              <pre dir="ltr">{response}</pre>
            </>
          )}
          {(state === "failed" || state === "dead") && type !== "test" && (
            <button type="button" class="quiet" onClick={() => void redeliver(hunt, webhook, [id])}>
              {t("redeliverOne")}
            </button>
          )}
        </details>
      </td>
    </tr>
  );
}

const headerLines = (headers: Readonly<Record<string, string>>): string =>
  Object.entries(headers)
    .map(([name, value]) => `${name}: ${value}`)
    .join("\n");
