/** Buttons that save a table of the hunt as a file for spreadsheets, beside what shows it. */
import { OPEN_TABLES, type Table } from "../../contract/table-names.ts";
import { fetched, Problem } from "../shared/api.ts";
import { t } from "../shared/i18n.ts";
import { save } from "../shared/save.ts";
import { engineText } from "./engine.ts";
import { attempt, huntPath, may, token } from "./state.ts";
import { ToldAt } from "./told.tsx";

/** A link cannot carry the token. */
async function download(hunt: string, table: Table): Promise<void> {
  const response = await fetched(huntPath(hunt, `/export?format=csv&what=${table}&bom=1`), token.value);
  if (!response.ok) throw new Problem(response.status, "", response.statusText);
  save(await response.blob(), `${hunt}-${table}.csv`);
}

/** Nothing for whose role may not have the table. */
export function TableFile({ hunt, table }: { hunt: string; table: Table }) {
  if (!OPEN_TABLES.includes(table) && !may("GET /v1/hunts/{hunt}/export", hunt)) return null;
  const place = `table/${table}`;
  return (
    <div>
      <button
        type="button"
        class="quiet"
        onClick={() => void attempt(place, t("done"), () => download(hunt, table))}
      >
        {t("tableFile", { table: engineText("table", table) })}
      </button>
      <ToldAt place={place} />
    </div>
  );
}
