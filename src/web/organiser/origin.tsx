/** The database behind the engine: the gate, what waits for it, and what could not be written. */
import { useRef } from "preact/hooks";
import type { DeadLetters, OriginState } from "../../contract/ops.ts";
import { clock, number, t } from "../shared/i18n.ts";
import { askFor } from "./dialog.tsx";
import { engineText } from "./engine.ts";
import { useSeen } from "./seen.ts";
import { ask, attempt, huntPath, loaded, may, useLoaded } from "./state.ts";
import { ToldAt } from "./told.tsx";

/** The backlog asks every shard of every hunt: the first wait between looks, and the longest while nothing changes, ms. */
const EVERY = 10_000;
const UP_TO = 120_000;

/** Dead letters shown. */
const ROWS = 10;

const origin = loaded<OriginState>();
const letters = loaded<DeadLetters>();

export function OriginPanel({ hunt }: { hunt: string }) {
  const place = useRef<HTMLElement>(null);
  const active = useSeen(place);
  const sparing = { active, upTo: UP_TO };
  useLoaded(origin, "/v1/ops/origin", EVERY, {
    ...sparing,
    isSame: (before, now) => before.state === now.state,
  });
  const maySeeLetters = may("GET /v1/hunts/{hunt}/dead-letters", hunt);
  useLoaded(letters, huntPath(hunt, "/dead-letters"), EVERY, {
    ...sparing,
    active: active && maySeeLetters,
    isSame: (before, now) => before.total === now.total,
  });
  const told = origin.value.value;
  const dead = letters.value.value;
  const redrive = async (): Promise<void> => {
    if (!(await askFor(t("redrive"), t("redriveSure")))) return;
    const path = huntPath(hunt, "/dead-letters");
    const done = await attempt("redrive", t("done"), () => ask(`${path}/redrive`, { json: {} }));
    if (!done) return;
    await attempt("redrive", "", async () => {
      letters.value = { value: await ask<DeadLetters>(path), problem: "" };
    });
  };
  return (
    <section ref={place} class="card stack" aria-labelledby="origin">
      <h2 id="origin">{t("origin")}</h2>
      {origin.value.problem !== "" && <p class="note bad">{origin.value.problem}</p>}
      {told && (
        <dl>
          <dt>{t("gate")}</dt>
          <dd>{engineText("gate", told.state)}</dd>
          <dt>{t("calls")}</dt>
          <dd class="number">{number(told.window.calls)}</dd>
          <dt>{t("failed")}</dt>
          <dd class="number">{number(told.window.failed)}</dd>
          <dt>{t("backlog")}</dt>
          <dd class="number">{number(told.backlog.segments)}</dd>
          <dt>{t("oldest")}</dt>
          <dd class="number">{t("seconds", { value: Math.round(told.backlog.oldestSeconds) })}</dd>
        </dl>
      )}
      {maySeeLetters && <h3>{t("deadLetters")}</h3>}
      {letters.value.problem !== "" && <p class="note bad">{letters.value.problem}</p>}
      {dead?.total ? (
        <>
          <ul>
            {dead.letters.slice(0, ROWS).map(({ id, at, error }) => (
              <li key={id}>
                {clock(at)} <bdi>{error}</bdi>
              </li>
            ))}
          </ul>
          <button type="button" class="quiet" onClick={() => void redrive()}>
            {t("redrive")}
          </button>
        </>
      ) : (
        dead && <p class="soft">{t("noDeadLetters")}</p>
      )}
      <ToldAt place="redrive" />
    </section>
  );
}
