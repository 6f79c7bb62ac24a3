/** Export, verification, the audit; and the place of what comes later. */

import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { Audit, Verification } from "../../contract/data.ts";
import type { Hunt } from "../../contract/hunt.ts";
import { TABLES } from "../../contract/table-names.ts";
import { fetched, Problem } from "../shared/api.ts";
import { number, t } from "../shared/i18n.ts";
import { encoded } from "../shared/outside.ts";
import { save } from "../shared/save.ts";
import { DeleteHunt } from "./deletion.tsx";
import { engineText } from "./engine.ts";
import { Joinings } from "./joinings.ts";
import { Regrade } from "./regrade.tsx";
import { Rehearse } from "./rehearsal.tsx";
import { ask, attempt, huntPath, may, token } from "./state.ts";
import { TableFile } from "./table-file.tsx";
import { stamp, zone } from "./times.ts";
import { Since, ToldAt } from "./told.tsx";
import { WebhooksPanel } from "./webhooks.tsx";

const verification = signal<{ hunt: string; told: Verification } | undefined>(undefined);
/** The verification that is under way: it goes on while the reader looks elsewhere. Epoch ms. */
const verifying = signal<{ hunt: string; since: number } | undefined>(undefined);
const audit = signal<Audit | undefined>(undefined);
/** Readings of the audit so far: the result of an earlier one comes too late. */
let readings = 0;

/** Mismatches shown, and audit entries asked for at once. */
const ROWS = 200;

/** The newest entries, or those that follow the ones shown. */
async function readAudit(hunt: string): Promise<void> {
  readings += 1;
  const own = readings;
  const shown = audit.value;
  const cursor = shown?.cursor === undefined ? "" : `&cursor=${encoded(shown.cursor)}`;
  const page = await ask<Audit>(huntPath(hunt, `/audit?limit=${ROWS}${cursor}`));
  if (own !== readings) return;
  audit.value = { ...page, entries: [...(shown?.entries ?? []), ...page.entries] };
}

/** What an action was about, with the engine's own words in the reader's language. */
function detailText(detail: Audit["entries"][number]["detail"]): string {
  return Object.entries(detail)
    .map(([name, value]) => `${engineText("detail", name)}: ${valueText(name, value)}`)
    .join(", ");
}

function valueText(name: string, value: string | number | boolean): string {
  if (typeof value === "number") return number(value);
  if (typeof value === "boolean") return t(value ? "yes" : "no");
  if (name === "to") return engineText("phase", value);
  if (name === "refused") return engineText("problem", value);
  return value;
}

/** Streams to a file; a link cannot carry the token. */
async function download(hunt: string): Promise<void> {
  const response = await fetched(huntPath(hunt, "/export"), token.value);
  if (!response.ok) throw new Problem(response.status, "", response.statusText);
  save(await response.blob(), `${hunt}.ndjson`);
}

/** Players as a table, read off the export while it comes. */
async function downloadJoinings(hunt: string): Promise<void> {
  const response = await fetched(huntPath(hunt, "/export"), token.value);
  if (!response.ok || !response.body) throw new Problem(response.status, "", response.statusText);
  const joinings = new Joinings();
  const decoder = new TextDecoder();
  const reader = response.body.getReader();
  let rest = "";
  for (let read = await reader.read(); !read.done; read = await reader.read()) {
    const lines = (rest + decoder.decode(read.value, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) joinings.take(line);
  }
  if (rest !== "") joinings.take(rest);
  save(new Blob([joinings.csv()], { type: "text/csv" }), `${hunt}-joinings.csv`);
}

export function DataPage({ hunt, known: { phase, rehearsalOf } }: { hunt: string; known: Hunt }) {
  const maySeeAudit = may("GET /v1/hunts/{hunt}/audit", hunt);
  useEffect(() => {
    audit.value = undefined;
    if (!maySeeAudit) return;
    void attempt("audit", "", () => readAudit(hunt));
  }, [hunt]);
  const verify = async (): Promise<void> => {
    verifying.value = { hunt, since: Date.now() };
    verification.value = undefined;
    await attempt("verify", "", async () => {
      const told = await ask<Verification>(huntPath(hunt, "/verify"), { patient: true });
      verification.value = { hunt, told };
    });
    verifying.value = undefined;
  };
  const told = verification.value?.hunt === hunt ? verification.value.told : undefined;
  const underWay = verifying.value;
  return (
    <div class="panels">
      {may("GET /v1/hunts/{hunt}/export", hunt) && (
        <section class="card stack">
          <h2>{t("export")}</h2>
          <p class="soft">{t("exportHint")}</p>
          <button type="button" onClick={() => void attempt("export", t("done"), () => download(hunt))}>
            {t("export")}
          </button>
          <p class="soft">{t("joiningsHint")}</p>
          <button
            type="button"
            class="quiet"
            onClick={() => void attempt("export", t("done"), () => downloadJoinings(hunt))}
          >
            {t("joinings")}
          </button>
          <ToldAt place="export" />
        </section>
      )}
      <section class="card stack">
        <h2>{t("tables")}</h2>
        <p class="soft">{t("tablesHint")}</p>
        <div class="row">
          {TABLES.map((table) => (
            <TableFile key={table} hunt={hunt} table={table} />
          ))}
        </div>
      </section>
      <section class="card stack">
        <h2>{t("verify")}</h2>
        <p class="soft">{t("verifyHint")}</p>
        <button type="button" disabled={underWay !== undefined} onClick={() => void verify()}>
          {underWay ? t("checking") : t("verify")}
        </button>
        {underWay && (
          <p class="note">
            {t("verifyTakes", { hunt: underWay.hunt })} <Since at={underWay.since} />
          </p>
        )}
        {!underWay && <ToldAt place="verify" />}
        {told && (
          <div role="status" class={`note ${told.ok ? "good" : "bad"}`}>
            {told.ok
              ? t("verified", { facts: told.facts, teams: told.teams })
              : t("mismatches", { count: told.mismatches.length })}
            {told.unsettled !== undefined && ` ${t("unsettled", { count: told.unsettled })}`}
          </div>
        )}
        {told && !told.ok && (
          <ul>
            {told.mismatches.slice(0, ROWS).map((one) => (
              <li key={`${one.where}${one.team ?? ""}${one.what}`}>
                {engineText("where", one.where)}: <code dir="ltr">{one.team ?? one.shard}</code>{" "}
                <span lang="en" dir="ltr">
                  {one.what}
                </span>
              </li>
            ))}
          </ul>
        )}
      </section>
      <Regrade
        hunt={hunt}
        phase={phase}
        entries={audit.value?.entries ?? []}
        changed={() => {
          audit.value = undefined;
          void attempt("audit", "", () => readAudit(hunt));
        }}
      />
      {rehearsalOf === undefined && <Rehearse hunt={hunt} />}
      <WebhooksPanel hunt={hunt} />
      <section class="card stack">
        <h2>{t("later")}</h2>
        <p class="soft">{t("laterHint")}</p>
      </section>
      <DeleteHunt hunt={hunt} phase={phase} />
      {maySeeAudit && (
        <section class="card stack wide-panel">
          <h2>{t("audit")}</h2>
          <p class="soft">{t("auditZone", { zone: zone() })}</p>
          <ToldAt place="audit" />
          <div class="scroll">
            <table class="stacked">
              <thead>
                <tr>
                  <th scope="col">{t("when")}</th>
                  <th scope="col">{t("who")}</th>
                  <th scope="col">{t("what")}</th>
                </tr>
              </thead>
              <tbody>
                {audit.value?.entries.map(({ at, actor, action, detail }, index) => (
                  <tr key={`${at}${number(index)}`}>
                    <td class="whole">
                      <time dateTime={at}>{stamp(at)}</time>
                    </td>
                    <td>
                      <bdi>{actor}</bdi>
                    </td>
                    <td class="line">
                      {engineText("action", action)} <span class="soft">{detailText(detail)}</span>
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
          {audit.value?.cursor !== undefined && (
            <button
              type="button"
              class="quiet"
              onClick={() => void attempt("audit", "", () => readAudit(hunt))}
            >
              {t("older")}
            </button>
          )}
        </section>
      )}
    </div>
  );
}
