/** Export, verification, the audit; and the place of what comes later. */

import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { Audit, Verification } from "../../contract/data.ts";
import { fetched, Problem } from "../shared/api.ts";
import { number, t } from "../shared/i18n.ts";
import { encoded } from "../shared/outside.ts";
import { ask, attempt, huntPath, token } from "./state.ts";

const verification = signal<Verification | undefined>(undefined);
const busy = signal(false);
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

/** Streams to a file; a link cannot carry the token. */
async function download(hunt: string): Promise<void> {
  const response = await fetched(huntPath(hunt, "/export"), token.value);
  if (!response.ok) throw new Problem(response.status, "", response.statusText);
  const address = URL.createObjectURL(await response.blob());
  const link = document.createElement("a");
  link.href = address;
  link.download = `${hunt}.ndjson`;
  link.click();
  URL.revokeObjectURL(address);
}

export function DataPage({ hunt }: { hunt: string }) {
  useEffect(() => {
    verification.value = undefined;
    audit.value = undefined;
    void attempt("", () => readAudit(hunt));
  }, [hunt]);
  const verify = async (): Promise<void> => {
    busy.value = true;
    verification.value = undefined;
    await attempt(t("done"), async () => {
      verification.value = await ask<Verification>(huntPath(hunt, "/verify"));
    });
    busy.value = false;
  };
  const told = verification.value;
  return (
    <div class="panels">
      <section class="card stack">
        <h2>{t("export")}</h2>
        <p class="soft">{t("exportHint")}</p>
        <button type="button" onClick={() => void attempt(t("done"), () => download(hunt))}>
          {t("export")}
        </button>
      </section>
      <section class="card stack">
        <h2>{t("verify")}</h2>
        <p class="soft">{t("verifyHint")}</p>
        <button type="button" disabled={busy.value} onClick={() => void verify()}>
          {busy.value ? t("checking") : t("verify")}
        </button>
        {told && (
          <div role="status" class={`note ${told.ok ? "good" : "bad"}`}>
            {told.ok
              ? t("verified", { facts: told.facts, teams: told.teams })
              : t("mismatches", { count: told.mismatches.length })}
            {told.unsettled !== undefined && ` ${t("unsettled", { count: told.unsettled })}`}
          </div>
        )}
        <ul>
          {told?.mismatches.slice(0, ROWS).map((one) => (
            <li key={`${one.where}${one.team ?? ""}${one.what}`} dir="ltr">
              {one.where}: {one.team} {one.what}
            </li>
          ))}
        </ul>
      </section>
      <section class="card stack">
        <h2>{t("later")}</h2>
        <p class="soft">{t("laterHint")}</p>
      </section>
      <section class="card stack wide-panel">
        <h2>{t("audit")}</h2>
        <div class="scroll">
          <table>
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
                  <td dir="ltr">{at.replace("T", " ").slice(0, 19)}</td>
                  <td>{actor}</td>
                  <td dir="ltr">
                    <code>{action}</code>{" "}
                    {Object.entries(detail)
                      .map(([name, value]) => `${name}: ${String(value)}`)
                      .join(", ")}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
        {audit.value?.cursor !== undefined && (
          <button type="button" class="quiet" onClick={() => void attempt("", () => readAudit(hunt))}>
            {t("older")}
          </button>
        )}
      </section>
    </div>
  );
}
