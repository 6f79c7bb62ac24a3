/** Prizes: what is left, who won, more of it, or no more. */

import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { Stats } from "../../contract/data.ts";
import type { Hunt } from "../../contract/hunt.ts";
import type { Winner, Winners } from "../../contract/prizes.ts";
import { contactFields, contactOf, winnersCsv } from "../../contract/winners-table.ts";
import { clock, number, t } from "../shared/i18n.ts";
import { Name } from "../shared/name.tsx";
import { save } from "../shared/save.ts";
import { askFor, type Field } from "./dialog.tsx";
import { engineText } from "./engine.ts";
import { ask, attempt, huntPath, loaded, may, useLoaded } from "./state.ts";
import { TableFile } from "./table-file.tsx";
import { ToldAt } from "./told.tsx";

const EVERY = 5_000;

const stats = loaded<Stats>();
const winners = signal<{ prize: string; rows: readonly Winner[]; cursor?: string } | undefined>(undefined);

async function readWinners(hunt: string, prize: string, cursor?: string): Promise<void> {
  const query = `/prizes/${prize}/winners?limit=${PAGE}${cursor === undefined ? "" : `&cursor=${cursor}`}`;
  const page = await ask<Winners>(huntPath(hunt, query));
  const known = cursor === undefined ? [] : (winners.value?.rows ?? []);
  winners.value = {
    prize,
    rows: [...known, ...page.winners],
    ...(page.cursor === undefined ? {} : { cursor: page.cursor }),
  };
}

/** Winners shown at once; a file has all of them. */
const PAGE = 200;
const PAGE_OF_FILE = 500;

/** Reads what the pages on the screen do not have as well. */
async function saveWinners(hunt: string, prize: string): Promise<void> {
  const all: Winner[] = [];
  for (let cursor = ""; ; ) {
    const query = `/prizes/${prize}/winners?limit=${PAGE_OF_FILE}${cursor}`;
    const page = await ask<Winners>(huntPath(hunt, query));
    all.push(...page.winners);
    if (page.cursor === undefined) break;
    cursor = `&cursor=${page.cursor}`;
  }
  save(new Blob([winnersCsv(all)], { type: "text/csv" }), `${hunt}-${prize}-winners.csv`);
}

/** A figure of the engine's; nobody is told 0 for one that is not known. */
const figure = (value: number | undefined): string => (value === undefined ? "–" : number(value));

const contactText = (value: string | number | boolean | undefined): string =>
  typeof value === "boolean" ? t(value ? "yes" : "no") : String(value ?? "");

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
    await attempt(`prize/${prize}`, t("done"), () =>
      ask(huntPath(hunt, `/prizes/${prize}/${path}`), { json }),
    );
  };
  const revoke = async (prize: string, { unit, name }: Winner): Promise<void> => {
    const values = await askFor(t("revoke"), `${prize} · ${name}`, [reason]);
    if (!values) return;
    const done = await attempt(`unit/${prize}/${unit}`, t("done"), () =>
      ask(huntPath(hunt, `/prizes/${prize}/revoke`), { json: { unit, reason: values.reason } }),
    );
    if (done) await attempt("winners", "", () => readWinners(hunt, prize));
  };
  const prizes = known.prizes ?? [];
  const shown = winners.value;
  const contacts = contactFields(shown?.rows ?? []);
  return (
    <section class="stack">
      {prizes.length === 0 ? <p class="soft">{t("noPrizes")}</p> : <TableFile hunt={hunt} table="winners" />}
      {stats.value.problem !== "" && (
        <p class="note bad">
          {t("noFigures")} {stats.value.problem}
        </p>
      )}
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
                  <code dir="ltr">{prize.id}</code> · {engineText("mode", prize.mode)}
                  {prize.withdrawn && <span class="phase phase-ended">{t("withdrawn")}</span>}
                </p>
              </div>
              <p class="number">
                {t("won")} <strong>{figure(told?.won)}</strong> / {figure(told?.stock)} · {t("left")}{" "}
                <strong>{figure(told?.left)}</strong>
              </p>
              {told && <meter min={0} max={told.stock} value={told.left} aria-label={t("left")} />}
              {prize.drawHash && (
                <p class="soft hash">
                  {t("drawHash")}: <code dir="ltr">{prize.drawHash}</code>
                </p>
              )}
              <div class="row actions">
                {may("POST /v1/hunts/{hunt}/prizes/{prize}/stock", hunt) && (
                  <>
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
                  </>
                )}
                {may("GET /v1/hunts/{hunt}/prizes/{prize}/winners", hunt) && (
                  <button
                    type="button"
                    class="quiet"
                    onClick={() => void attempt(`prize/${prize.id}`, "", () => readWinners(hunt, prize.id))}
                  >
                    {t("winners")}
                  </button>
                )}
              </div>
              <ToldAt place={`prize/${prize.id}`} />
            </article>
          );
        })}
      </div>
      {shown && (
        <section class="card stack" aria-labelledby="winners">
          <div class="row spread">
            <h2 id="winners">
              {t("winners")} · <span dir="ltr">{shown.prize}</span>
            </h2>
            {shown.rows.length > 0 && (
              <button
                type="button"
                class="quiet"
                onClick={() => void attempt("winners", "", () => saveWinners(hunt, shown.prize))}
              >
                {t("saveWinners")}
              </button>
            )}
          </div>
          {contacts.size > 0 && <p class="soft">{t("contactHint")}</p>}
          <ToldAt place="winners" />
          {shown.rows.length === 0 && <p class="soft">{t("noWinners")}</p>}
          <div class="scroll">
            <table class="stacked">
              <thead>
                <tr>
                  <th scope="col" class="number">
                    {t("unit")}
                  </th>
                  <th scope="col">{t("team")}</th>
                  <th scope="col">{t("when")}</th>
                  <th scope="col">{t("code")}</th>
                  {[...contacts].map(([id, label]) => (
                    <th key={id} scope="col">
                      <bdi>{label}</bdi>
                    </th>
                  ))}
                  <th scope="col">{t("actions")}</th>
                </tr>
              </thead>
              <tbody>
                {shown.rows.map((winner) => (
                  <tr key={winner.unit}>
                    <td class="number" data-label={t("unit")}>
                      {number(winner.unit)}
                    </td>
                    <td class="name-cell">
                      <Name text={`${winner.name} · ${winner.playerName}`} />
                    </td>
                    <td class="whole" data-label={t("when")}>
                      {clock(winner.at)}
                    </td>
                    <td>
                      <code class="whole" dir="ltr">
                        {winner.code ?? ""}
                      </code>
                    </td>
                    {[...contacts].map(([id, label]) => (
                      <td key={id} class="contact" data-label={label}>
                        <bdi>{contactText(contactOf(winner, id))}</bdi>
                      </td>
                    ))}
                    <td>
                      {winner.revoked ? (
                        t("revoked")
                      ) : (
                        <button type="button" class="quiet" onClick={() => void revoke(shown.prize, winner)}>
                          {t("revoke")}
                        </button>
                      )}
                      <ToldAt place={`unit/${shown.prize}/${winner.unit}`} />
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
              onClick={() => void attempt("winners", "", () => readWinners(hunt, shown.prize, shown.cursor))}
            >
              {t("more")}
            </button>
          )}
        </section>
      )}
    </section>
  );
}
