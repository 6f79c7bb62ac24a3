/** How two definitions differ, in a list. */
import { parse } from "yaml";
import { t } from "../shared/i18n.ts";
import { changesBetween, isNothing } from "./changes.ts";

export function Difference({ before, after }: { before: string; after: string }) {
  const changes = changesBetween(parsed(before), parsed(after));
  if (isNothing(changes)) return <p class="soft">{t("changesNone")}</p>;
  const rows = [
    ["cluesAdded", changes.clues.added],
    ["cluesRemoved", changes.clues.removed],
    ["cluesChanged", changes.clues.changed],
    ["prizesAdded", changes.prizes.added],
    ["prizesRemoved", changes.prizes.removed],
    ["prizesChanged", changes.prizes.changed],
    ["keysChanged", changes.keys],
  ] as const;
  return (
    <dl class="difference">
      {rows.map(
        ([key, ids]) =>
          ids.length > 0 && (
            <div key={key}>
              <dt>{t(key)}</dt>
              <dd>
                <code dir="ltr">{ids.join(", ")}</code>
              </dd>
            </div>
          ),
      )}
    </dl>
  );
}

/** The engine reads the text; here it is only compared. */
function parsed(text: string): unknown {
  try {
    return parse(text);
  } catch {
    return undefined;
  }
}
