/** What a change moves, in players' terms. */
import type { Effects } from "../../contract/regrade.ts";
import { number, t } from "../shared/i18n.ts";

/** Teams shown: those that move furthest. */
const SHOWN = 20;

export function EffectsTold({ effects }: { effects: Effects }) {
  const { events, teamsMoved, changes, clues, prizes } = effects;
  return (
    <div class="stack">
      <p>
        {t("effectsEvents", { count: events })} {t("effectsMoved", { count: teamsMoved })}
      </p>
      {clues.length + prizes.length > 0 && (
        <ul>
          {clues.map(({ clue, solves }) => (
            <li key={clue}>{t("effectsSolves", { clue, before: solves.before, after: solves.after })}</li>
          ))}
          {prizes.map(({ prize, eligible }) => (
            <li key={prize}>
              {t("effectsPrize", { prize, before: eligible.before, after: eligible.after })}
            </li>
          ))}
        </ul>
      )}
      {changes.length > 0 && (
        <div class="scroll">
          <table>
            <thead>
              <tr>
                <th scope="col">{t("team")}</th>
                <th scope="col">{t("effectsPlace")}</th>
                <th scope="col">{t("effectsPoints")}</th>
              </tr>
            </thead>
            <tbody>
              {changes.slice(0, SHOWN).map(({ team, before, after }) => (
                <tr key={team}>
                  <td>
                    <code dir="ltr">{team}</code>
                  </td>
                  <td class="number">
                    {t("fromTo", { from: placeOf(before.rank), to: placeOf(after.rank) })}
                  </td>
                  <td class="number">
                    {t("fromTo", { from: number(before.score), to: number(after.score) })}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </div>
  );
}

const placeOf = (rank: number | undefined): string => (rank === undefined ? "–" : number(rank));
