/** Who solved what, where the hunt shows it: the first teams of a clue, and a team's solves. */
import { useEffect, useState } from "preact/hooks";
import type { ClueSolves, TeamPage } from "../../contract/solves.ts";
import { call, huntPath, Problem } from "../shared/api.ts";
import { clock, t } from "../shared/i18n.ts";
import { Name } from "../shared/name.tsx";
import { encoded } from "../shared/outside.ts";
import { hunt, session } from "./state.ts";

/** What the route tells, asked for anew with each other `again`; null: it cannot be told now. */
function useTold<Told>(path: string | undefined, again: unknown): Told | null | undefined {
  const [told, setTold] = useState<Told | null | undefined>();
  useEffect(() => {
    let isOver = false;
    const { hunt: of, token } = session.value ?? {};
    if (path === undefined || of === undefined) return;
    call<Told>(huntPath(of, path), { token }).then(
      (answer) => !isOver && setTold(answer),
      (error: unknown) => {
        if (!(error instanceof Problem)) throw error;
        if (!isOver) setTold(null);
      },
    );
    return () => {
      isOver = true;
    };
  }, [path, again]);
  return told;
}

/** How many teams solved the clue, and who were first. `again`: asked anew when it is another. */
export function Solvers({ clue, again }: { clue: string; again: unknown }) {
  const shown = hunt.value?.show?.solves;
  const solves = useTold<ClueSolves>(shown && `/clues/${encoded(clue)}/solves`, again);
  if (!solves?.count) return null;
  const { count, first = [] } = solves;
  const line = t("solvedByTeams", { count });
  if (first.length === 0) return <p class="soft">{line}</p>;
  return (
    <details class="tried">
      <summary>{line}</summary>
      <ol class="guesses">
        {first.map(({ team, at }) => (
          <li key={team.id}>
            <Name text={team.name} />
            <time class="soft small" dateTime={at}>
              {clock(at)}
            </time>
          </li>
        ))}
      </ol>
    </details>
  );
}

/** A team's solves, those of clues that one's own team does not see without their titles. */
export function TeamSolves({ team, again }: { team: string; again: unknown }) {
  const page = useTold<TeamPage>(`/teams/${encoded(team)}`, again);
  if (page === undefined) return <p class="soft">{t("loading")}</p>;
  if (page === null) return <p class="soft">{t("triedFailed")}</p>;
  const { solves = [] } = page;
  if (solves.length === 0) return <p class="soft">{t("triedNone")}</p>;
  return (
    <ol class="guesses">
      {solves.map(({ clue, title, at, points }) => (
        <li key={clue ?? at}>
          <span class="guess" dir="auto">
            {title ?? t("unseenClue")}
          </span>
          <span class="soft small">
            {t("points", { count: points })} · <time dateTime={at}>{clock(at)}</time>
          </span>
        </li>
      ))}
    </ol>
  );
}
