/** What a change moves, in players' terms. */
import { useEffect, useState } from "preact/hooks";
import type { Stats } from "../../contract/data.ts";
import type { Facts } from "../../contract/guesses.ts";
import type { Effects } from "../../contract/regrade.ts";
import { Problem } from "../shared/api.ts";
import { number, t } from "../shared/i18n.ts";
import { encoded } from "../shared/outside.ts";
import { ask, huntPath, loaded, may, useLoaded } from "./state.ts";

/** Teams shown: those that move furthest. */
const SHOWN = 20;

const stats = loaded<Stats>();

/** The names of these teams, as far as they are known: each is asked of its own shard. */
function useNames(hunt: string, ids: readonly string[]): ReadonlyMap<string, string> {
  const [names, setNames] = useState<ReadonlyMap<string, string>>(new Map());
  const all = ids.join(" ");
  useEffect(() => {
    let isOver = false;
    const read = async (id: string): Promise<[string, string][]> => {
      try {
        const { teams } = await ask<Facts>(huntPath(hunt, `/facts?team=${encoded(id)}&limit=1`));
        return teams.map(({ name }) => [id, name]);
      } catch (error) {
        // It is shown by its id.
        if (error instanceof Problem) return [];
        throw error;
      }
    };
    if (!may("GET /v1/hunts/{hunt}/facts", hunt)) return;
    void Promise.all(ids.map(read)).then((found) => {
      if (!isOver) setNames(new Map(found.flat()));
    });
    return () => {
      isOver = true;
    };
  }, [hunt, all]);
  return names;
}

export function EffectsTold({ hunt, effects }: { hunt: string; effects: Effects }) {
  const { events, teamsMoved, changes, clues, prizes } = effects;
  const shown = changes.slice(0, SHOWN);
  const names = useNames(
    hunt,
    shown.map(({ team }) => team),
  );
  useLoaded(stats, huntPath(hunt, "/stats"), 0);
  const titleOf = (id: string): string =>
    stats.value.value?.clues.find(({ clue }) => clue === id)?.title ?? id;
  return (
    <div class="stack">
      <p>
        {t("effectsEvents", { count: events })} {t("effectsMoved", { count: teamsMoved })}
      </p>
      {clues.length + prizes.length > 0 && (
        <ul>
          {clues.map(({ clue, solves }) => (
            <li key={clue} dir="auto">
              {t("effectsSolves", { clue: titleOf(clue), before: solves.before, after: solves.after })}
            </li>
          ))}
          {prizes.map(({ prize, eligible }) => (
            <li key={prize}>
              {t("effectsPrize", { prize, before: eligible.before, after: eligible.after })}
            </li>
          ))}
        </ul>
      )}
      {shown.length > 0 && (
        <div class="scroll">
          <table>
            <thead>
              <tr>
                <th scope="col">{t("team")}</th>
                <th scope="col" class="number">
                  {t("effectsPlace")}
                </th>
                <th scope="col" class="number">
                  {t("effectsPoints")}
                </th>
              </tr>
            </thead>
            <tbody>
              {shown.map(({ team, before, after }) => (
                <tr key={team}>
                  <td>{names.get(team) ? <bdi>{names.get(team)}</bdi> : <code dir="ltr">{team}</code>}</td>
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
