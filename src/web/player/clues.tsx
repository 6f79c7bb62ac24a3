/** The list of clues by round, and the page of one clue. */
import { useEffect, useRef } from "preact/hooks";
import { clock, countdown, number, t } from "../shared/i18n.ts";
import { Icon } from "../shared/icons.tsx";
import { Markdown } from "../shared/markdown.tsx";
import { CheckIn } from "./checkin.tsx";
import { Invite } from "./invite.tsx";
import { ScanBox } from "./scan.tsx";
import { aboutOf, act, type Clue, hunt, me, now, pending, phase, session, verdicts } from "./state.ts";
import { Verdict } from "./verdict.tsx";

export function ClueList() {
  const clues = me.value?.clues ?? [];
  const solved = clues.filter(({ state }) => state === "solved").length;
  if (phase.value === "draft") return <WaitingRoom />;
  const rounds = new Map<string, Clue[]>();
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
      {clues.some(({ kind, state }) => kind === "scan" && state === "open") ? (
        <ScanBox />
      ) : (
        <div role="status">{verdicts.value.scan && <Verdict result={verdicts.value.scan} />}</div>
      )}
    </div>
  );
}

const titleOf = (round: string): string => me.value?.rounds?.find(({ id }) => id === round)?.title ?? round;

function iconOf(clue: Clue) {
  if (clue.state === "solved") return "check";
  if (clue.kind === "scan") return "camera";
  return clue.kind === "place" ? "pin" : "compass";
}

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

function OneClue({ clue }: { clue: Clue }) {
  const verdict = verdicts.value[`clue/${clue.id}`];
  const wait = clue.cooldownUntil ? Date.parse(clue.cooldownUntil) - now.value : 0;
  const open = clue.state === "open" && phase.value === "live";
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
      <Markdown text={clue.body} />
      {open && clue.kind === "answer" && <AnswerBox clue={clue} wait={wait} />}
      {open && clue.kind === "choice" && <Choices clue={clue} wait={wait} />}
      {open && clue.kind === "scan" && <ScanBox />}
      {open && clue.kind === "place" && <CheckIn clue={clue} />}
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

const waitingFor = (about: string): boolean => pending.value.some((event) => aboutOf(event) === about);

function AnswerBox({ clue, wait }: { clue: Clue; wait: number }) {
  const input = useRef<HTMLInputElement>(null);
  const busy = waitingFor(`clue/${clue.id}`);
  const outcome = verdicts.value[`clue/${clue.id}`]?.outcome;
  useEffect(() => {
    if (outcome === "incorrect" || outcome === "nudge") input.current?.select();
  }, [outcome]);
  const submit = (event: Event): void => {
    event.preventDefault();
    const answer = input.current?.value.trim() ?? "";
    if (answer !== "") void act({ type: "answer", clue: clue.id, answer });
  };
  return (
    <form class="answer" onSubmit={submit}>
      <label>
        {t("yourAnswer")}
        <input
          ref={input}
          name="answer"
          required
          maxLength={1_000}
          autocomplete="off"
          autocapitalize="off"
          spellcheck={false}
          enterkeyhint="send"
          dir="auto"
        />
      </label>
      <button type="submit" disabled={busy || wait > 0}>
        {busy ? t("checking") : t("submit")}
      </button>
    </form>
  );
}

function Choices({ clue, wait }: { clue: Clue; wait: number }) {
  const busy = waitingFor(`clue/${clue.id}`);
  return (
    <fieldset class="choices">
      <legend>{t("choose")}</legend>
      {clue.choices?.map(({ id, label }) => (
        <button
          key={id}
          type="button"
          class="quiet wide"
          disabled={busy || wait > 0}
          onClick={() => void act({ type: "answer", clue: clue.id, answer: id })}
        >
          <span dir="auto">{label}</span>
        </button>
      ))}
    </fieldset>
  );
}

/** What is solved needs no more hints; those that were taken stay. */
const hintsOf = (clue: Clue): Clue["hints"] =>
  clue.hints.filter(({ taken }) => taken || clue.state === "open");

function Hints({ clue }: { clue: Clue }) {
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
              disabled={wait > 0 || waitingFor(about) || phase.value !== "live"}
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
