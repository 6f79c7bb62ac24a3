/** Prizes: what is left, who won, more of it, or no more. */

import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { Stats } from "../../contract/data.ts";
import type { Hunt } from "../../contract/hunt.ts";
import type { Winner, Winners } from "../../contract/prizes.ts";
import { clock, number, t } from "../shared/i18n.ts";
import { askFor, type Field } from "./dialog.tsx";
import { ask, attempt, huntPath, loaded, useLoaded } from "./state.ts";

const EVERY = 5_000;

const stats = loaded<Stats>();
const winners = signal<{ prize: string; rows: readonly Winner[]; cursor?: string } | undefined>(undefined);

async function readWinners(hunt: string, prize: string, cursor?: string): Promise<void> {
  const query = `/prizes/${prize}/winners?limit=200${cursor === undefined ? "" : `&cursor=${cursor}`}`;
  const page = await ask<Winners>(huntPath(hunt, query));
  const known = cursor === undefined ? [] : (winners.value?.rows ?? []);
  winners.value = {
    prize,
    rows: [...known, ...page.winners],
    ...(page.cursor === undefined ? {} : { cursor: page.cursor }),
  };
}

export function PrizesView({ hunt, known }: { hunt: string; known: Hunt }) {
  useLoaded(stats, huntPath(hunt, "/stats"), EVERY);
  useEffect(() => {
    winners.value = undefined;
  }, [hunt]);
  const reason: Field = { name: "reason", label: t("reason") };
  const act = async (prize: string, path: string, title: string, fields: readonly Field[]): Promise<void> => {
    const values = await askFor(t(title), prize, [...fields, reason]);
    if (!values) return;
    const codes = values.codes?.split(/\r?\n/).filter((line) => line !== "") ?? [];
    const json = {
      reason: values.reason,
      ...(values.add === undefined ? {} : { add: Number(values.add) }),
      ...(codes.length === 0 ? {} : { codes }),
    };
    await attempt(t("done"), () => ask(huntPath(hunt, `/prizes/${prize}/${path}`), { json }));
  };
  const revoke = async (prize: string, { unit, name }: Winner): Promise<void> => {
    const values = await askFor(t("revoke"), `${prize} · ${name}`, [reason]);
    if (!values) return;
    const done = await attempt(t("done"), () =>
      ask(huntPath(hunt, `/prizes/${prize}/revoke`), { json: { unit, reason: values.reason } }),
    );
    if (done) await readWinners(hunt, prize);
  };
  const prizes = known.prizes ?? [];
  const shown = winners.value;
  return (
    <section class="stack">
      {prizes.length === 0 && <p class="soft">{t("noPrizes")}</p>}
      <div class="panels">
        {prizes.map((prize) => {
          const told = stats.value.value?.prizes.find((each) => each.prize === prize.id);
          return (
            <article key={prize.id} class="card stack">
              <div>
                <h2>
                  <bdi>{prize.title}</bdi>
                </h2>
                <p class="soft">
                  <code dir="ltr">
                    {prize.id} · {prize.mode}
                  </code>
                  {prize.withdrawn && <span class="phase phase-ended">{t("withdrawn")}</span>}
                </p>
              </div>
              <p class="number">
                {t("won")} <strong>{number(told?.won ?? 0)}</strong> / {number(told?.stock ?? prize.stock)} ·{" "}
                {t("left")} <strong>{number(told?.left ?? prize.stock)}</strong>
              </p>
              <meter min={0} max={told?.stock ?? 1} value={told?.left ?? 0} aria-label={t("left")} />
              {prize.drawHash && (
                <p class="soft hash">
                  {t("drawHash")}: <code dir="ltr">{prize.drawHash}</code>
                </p>
              )}
              <div class="row actions">
                <button
                  type="button"
                  class="quiet"
                  onClick={() =>
                    void act(prize.id, "stock", "addStock", [
                      { name: "add", label: t("units"), kind: "number" },
                      { name: "codes", label: t("codesOfUnits"), kind: "lines", required: false },
                    ])
                  }
                >
                  {t("addStock")}
                </button>
                <button
                  type="button"
                  class="quiet"
                  onClick={() =>
                    void act(
                      prize.id,
                      prize.withdrawn ? "restore" : "withdraw",
                      prize.withdrawn ? "restore" : "withdraw",
                      [],
                    )
                  }
                >
                  {t(prize.withdrawn ? "restore" : "withdraw")}
                </button>
                <button
                  type="button"
                  class="quiet"
                  onClick={() => void attempt(t("done"), () => readWinners(hunt, prize.id))}
                >
                  {t("winners")}
                </button>
              </div>
            </article>
          );
        })}
      </div>
      {shown && (
        <section class="card stack" aria-labelledby="winners">
          <h2 id="winners">
            {t("winners")} · <span dir="ltr">{shown.prize}</span>
          </h2>
          {shown.rows.length === 0 && <p class="soft">{t("noWinners")}</p>}
          <div class="scroll">
            <table>
              <thead>
                <tr>
                  <th scope="col" class="number">
                    {t("unit")}
                  </th>
                  <th scope="col">{t("team")}</th>
                  <th scope="col">{t("when")}</th>
                  <th scope="col">{t("code")}</th>
                  <th scope="col">{t("what")}</th>
                </tr>
              </thead>
              <tbody>
                {shown.rows.map((winner) => (
                  <tr key={winner.unit}>
                    <td class="number">{number(winner.unit)}</td>
                    <td>
                      <bdi>{winner.name}</bdi> · <bdi>{winner.playerName}</bdi>
                    </td>
                    <td>{clock(winner.at)}</td>
                    <td>
                      <code dir="ltr">{winner.code ?? ""}</code>
                    </td>
                    <td>
                      {winner.revoked ? (
                        t("revoked")
                      ) : (
                        <button type="button" class="quiet" onClick={() => void revoke(shown.prize, winner)}>
                          {t("revoke")}
                        </button>
                      )}
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
          {shown.cursor !== undefined && (
            <button
              type="button"
              class="quiet"
              onClick={() => void attempt("", () => readWinners(hunt, shown.prize, shown.cursor))}
            >
              {t("more")}
            </button>
          )}
        </section>
      )}
    </section>
  );
}
