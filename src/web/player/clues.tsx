/** The list of clues by round, and the page of one clue. */
import type { ClueView } from "../../contract/me.ts";
import { clock, countdown, number, t } from "../shared/i18n.ts";
import { Icon, type IconName } from "../shared/icons.tsx";
import { Markdown } from "../shared/markdown.tsx";
import { Invite } from "./invite.tsx";
import { KINDS, kindOf } from "./kinds/all.ts";
import { act, hunt, isUnderWay, me, now, phase, session, verdicts } from "./state.ts";
import { Verdict } from "./verdict.tsx";

export function ClueList() {
  const clues = me.value?.clues ?? [];
  const solved = clues.filter(({ state }) => state === "solved").length;
  if (phase.value === "draft") return <WaitingRoom />;
  const rounds = new Map<string, ClueView[]>();
  for (const clue of clues) rounds.set(clue.round, [...(rounds.get(clue.round) ?? []), clue]);
  return (
    <div class="stack">
      <h1 class="visually-hidden">{t("clues")}</h1>
      {clues.length === 0 ? (
        <p class="soft">{me.value ? t("noClues") : t("loading")}</p>
      ) : (
        <div class="progress">
          <progress
            max={clues.length}
            value={solved}
            aria-label={t("progress", { solved, total: clues.length })}
          />
          <p class="soft small number">{t("progress", { solved, total: clues.length })}</p>
        </div>
      )}
      {[...rounds].map(([round, own]) => (
        <section key={round} class="stack round" aria-labelledby={`round-${round}`}>
          <h2 id={`round-${round}`}>{titleOf(round)}</h2>
          <ul class="clues">
            {own.map((clue) => (
              <li key={clue.id}>
                <a href={`#clue/${clue.id}`} class={`clue clue-${clue.state}`}>
                  <Icon name={iconOf(clue)} />
                  <span class="clue-title">
                    <bdi>{clue.title}</bdi>
                    {clue.meta && <span class="soft small"> · {t("meta")}</span>}
                  </span>
                  <span class="number soft">
                    {clue.state === "solved" ? t("solved") : number(clue.points)}
                  </span>
                </a>
              </li>
            ))}
          </ul>
        </section>
      ))}
      {Object.entries(KINDS).map(
        ([name, { UnderList }]) =>
          UnderList && (
            <UnderList key={name} open={clues.some(({ kind, state }) => kind === name && state === "open")} />
          ),
      )}
    </div>
  );
}

const titleOf = (round: string): string => me.value?.rounds?.find(({ id }) => id === round)?.title ?? round;

const iconOf = (clue: ClueView): IconName =>
  clue.state === "solved" ? "check" : (kindOf(clue)?.icon ?? "compass");

function WaitingRoom() {
  const opens = hunt.value?.opens;
  return (
    <section class="stack waiting">
      <h1>{t("waiting")}</h1>
      <p class="waiting-time number">
        {opens ? t("beginsIn", { time: countdown(Date.parse(opens) - now.value) }) : t("beginsByHand")}
      </p>
      {session.value?.team.joinCode && <Invite />}
    </section>
  );
}

export function CluePage({ id }: { id: string }) {
  const clue = me.value?.clues.find((each) => each.id === id);
  return (
    <article class="stack">
      <a href="#clues" class="back">
        <Icon name="back" /> {t("back")}
      </a>
      {clue ? (
        <OneClue clue={clue} key={clue.id} />
      ) : (
        <p class="soft">{me.value ? t("locked") : t("loading")}</p>
      )}
    </article>
  );
}

function OneClue({ clue }: { clue: ClueView }) {
  const verdict = verdicts.value[`clue/${clue.id}`];
  const wait = clue.cooldownUntil ? Date.parse(clue.cooldownUntil) - now.value : 0;
  const open = clue.state === "open" && phase.value === "live" && !clue.withdrawn;
  const Solve = kindOf(clue)?.Solve;
  return (
    <>
      <header class="stack clue-head">
        <p class="soft small">{titleOf(clue.round)}</p>
        <h1>
          <bdi>{clue.title}</bdi>
        </h1>
        <p class="row number soft">
          <span>{t("points", { count: clue.points })}</span>
          {clue.state === "solved" && (
            <span class="solved">
              <Icon name="check" /> {t("solved")} {clue.solvedAt && clock(clue.solvedAt)}
            </span>
          )}
          {clue.attempts > 0 && <span>{t("attempts", { count: clue.attempts })}</span>}
        </p>
      </header>
      {clue.withdrawn && <p class="note">{t("clueWithdrawn")}</p>}
      <Markdown text={clue.body} />
      {open && Solve && <Solve clue={clue} wait={wait} />}
      <div role="status" aria-live="polite">
        {verdict && <Verdict result={verdict} />}
      </div>
      {wait > 0 && verdict?.outcome !== "cooldown" && (
        <p class="note number" role="timer">
          {t("cooldown", { time: countdown(wait) })}
        </p>
      )}
      {hintsOf(clue).length > 0 && <Hints clue={clue} />}
    </>
  );
}

/** What is solved needs no more hints; those that were taken stay. */
const hintsOf = (clue: ClueView): ClueView["hints"] =>
  clue.hints.filter(({ taken }) => taken || clue.state === "open");

function Hints({ clue }: { clue: ClueView }) {
  const hints = hintsOf(clue);
  const score = me.value?.team.score ?? 0;
  return (
    <section class="stack" aria-labelledby="hints">
      <h2 id="hints">{t("hints")}</h2>
      {hints.map((hint) => {
        const about = `hint/${clue.id}/${hint.id}`;
        const refused = verdicts.value[about];
        const wait = Date.parse(hint.availableAt) - now.value;
        const dear = hint.cost > 0 && score < hint.cost;
        if (hint.taken || hint.text !== undefined) {
          return (
            <div key={hint.id} class="card hint">
              <Icon name="light" />
              <Markdown text={hint.text ?? ""} />
            </div>
          );
        }
        return (
          <div key={hint.id} class="stack">
            <button
              type="button"
              class="quiet wide number"
              disabled={wait > 0 || isUnderWay(about) || phase.value !== "live"}
              onClick={() => void act({ type: "hint", clue: clue.id, hint: hint.id })}
            >
              <Icon name={wait > 0 ? "lock" : "light"} />
              {wait > 0
                ? t("hintIn", { time: countdown(wait) })
                : hint.cost > 0
                  ? t("takeHint", { count: hint.cost })
                  : t("freeHint")}
            </button>
            {wait <= 0 && dear && <p class="soft small">{t("unaffordable")}</p>}
            {refused && refused.outcome !== "taken" && <Verdict result={refused} />}
          </div>
        );
      })}
    </section>
  );
}
