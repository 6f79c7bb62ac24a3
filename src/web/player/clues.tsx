/** The list of clues by round, and the page of one clue. */
import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { ClueApart } from "../../contract/me.ts";
import { clock, countdown, fileSize, number, t } from "../shared/i18n.ts";
import { Icon, type IconName } from "../shared/icons.tsx";
import { Markdown } from "../shared/markdown.tsx";
import { Find, found } from "./find.tsx";
import { Finish, isThrough } from "./finish.tsx";
import { isNew, markOpened } from "./fresh.ts";
import { Tried } from "./guesses.tsx";
import { Help } from "./help.tsx";
import { Invite } from "./invite.tsx";
import { KINDS, kindOf } from "./kinds/all.ts";
import { isBeforeStart, isTimeUp, OwnTime, Start } from "./own-time.tsx";
import { Claimable } from "./prizes.tsx";
import { act, forgetVerdicts, hunt, isUnderWay, me, now, older, phase, session } from "./state.ts";
import { threads } from "./threads.ts";
import { Told } from "./told.tsx";
import { Verdict, verdictOf } from "./verdict.tsx";

export function ClueList() {
  const clues = me.value?.clues ?? [];
  const solved = clues.filter(({ state }) => state === "solved").length;
  useEffect(() => () => forgetVerdicts((about) => about === "scan"), []);
  if (phase.value === "draft") return <WaitingRoom />;
  if (isBeforeStart()) return <Start />;
  const rounds = new Map<string | undefined, ClueApart[]>();
  for (const clue of found(clues)) rounds.set(clue.round, [...(rounds.get(clue.round) ?? []), clue]);
  return (
    <div class="stack flow">
      <h1 class="visually-hidden">{t("clues")}</h1>
      <Finish />
      <OwnTime />
      <Claimable />
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
      <Find clues={clues} />
      {[...rounds].map(([round, own]) => (
        <section
          key={round ?? ""}
          class="stack round"
          {...(round === undefined ? { "aria-label": t("clues") } : { "aria-labelledby": `round-${round}` })}
        >
          {round !== undefined && (
            <>
              <h2 id={`round-${round}`}>
                <bdi>{titleOf(round)}</bdi>
              </h2>
              <Story round={round} isOver={own.every(({ state }) => state === "solved")} />
            </>
          )}
          <ul class="clues">
            {own.map((clue) => (
              <li key={clue.id}>
                <a href={`#clue/${clue.id}`} class={`clue clue-${clue.state}`}>
                  <Icon name={iconOf(clue)} />
                  <span class="clue-title">
                    <bdi>{clue.title}</bdi>
                    {isNew(clue) && <span class="new">{t("isNew")}</span>}
                    {clue.meta && <span class="soft small"> · {t("meta")}</span>}
                    {closesIn(clue) > 0 && (
                      <span class="soft small number">
                        {" "}
                        · {t("closesIn", { time: countdown(closesIn(clue)) })}
                      </span>
                    )}
                  </span>
                  <span class="number soft">
                    {clue.state === "solved"
                      ? t("solved")
                      : isShut(clue)
                        ? t("closed")
                        : number(clue.value ?? clue.points)}
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
            <UnderList key={name} open={clues.some((clue) => clue.kind === name && isOpen(clue))} />
          ),
      )}
      <Told about={["scan"]} />
    </div>
  );
}

const titleOf = (round: string): string => me.value?.rounds?.find(({ id }) => id === round)?.title ?? round;

/** What the author tells at the beginning of a round; folded away once all of it is solved. */
function Story({ round, isOver }: { round: string; isOver: boolean }) {
  const { body, image } = me.value?.rounds?.find(({ id }) => id === round) ?? {};
  if (body === undefined && image === undefined) return null;
  const story = (
    <>
      {image !== undefined && <img class="round-image" src={image} alt="" loading="lazy" decoding="async" />}
      {body !== undefined && <Markdown text={body} />}
    </>
  );
  return isOver ? (
    <details>
      <summary>{t("story")}</summary>
      {story}
    </details>
  ) : (
    story
  );
}

/** Ms until the clue can be solved no more; 0: that was, or it stays open. */
const closesIn = ({ state, closesAt }: ClueApart): number =>
  state === "open" && closesAt !== undefined ? Math.max(0, Date.parse(closesAt) - now.value) : 0;

/** Whether its time is over, also before the engine was asked again. */
const isShut = ({ state, closesAt }: ClueApart): boolean =>
  state === "closed" || (state === "open" && closesAt !== undefined && Date.parse(closesAt) <= now.value);

const isOpen = (clue: ClueApart): boolean => clue.state === "open" && !isShut(clue);

const iconOf = (clue: ClueApart): IconName =>
  clue.state === "solved" ? "check" : isShut(clue) ? "lock" : (kindOf(clue)?.icon ?? "compass");

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
    <article class="stack flow">
      <a href="#clues" class="back">
        <Icon name="back" /> {t("back")}
      </a>
      {clue ? (
        <OneClue clue={clue} key={clue.id} />
      ) : (
        <p class="soft">{me.value ? t("outcome_locked") : t("loading")}</p>
      )}
    </article>
  );
}

/** The verdicts that a clue's page tells. */
const aboutOf = ({ id, kind }: ClueApart): string[] =>
  kind === "scan" ? [`clue/${id}`, "scan"] : [`clue/${id}`];

function OneClue({ clue }: { clue: ClueApart }) {
  useEffect(() => {
    markOpened(clue.id);
    return () =>
      forgetVerdicts((about) => [`clue/${clue.id}`, "scan"].includes(about) || about.startsWith("hint/"));
  }, [clue.id]);
  const heard = aboutOf(clue).map(verdictOf).find(Boolean);
  const wait = clue.cooldownUntil ? Date.parse(clue.cooldownUntil) - now.value : 0;
  const open = isOpen(clue) && phase.value === "live" && !clue.withdrawn && !isTimeUp();
  const Solve = kindOf(clue)?.Solve;
  return (
    <>
      <header class="stack clue-head">
        {clue.round !== undefined && <p class="soft small">{titleOf(clue.round)}</p>}
        <h1>
          <bdi>{clue.title}</bdi>
        </h1>
        <p class="row number soft">
          <span>{t("points", { count: clue.points })}</span>
          {clue.value !== undefined && clue.value !== clue.points && isOpen(clue) && (
            <span>{t("worthNow", { count: clue.value })}</span>
          )}
          {clue.state === "solved" && (
            <span class="solved">
              <Icon name="check" /> {t("solved")} {clue.solvedAt && clock(clue.solvedAt)}
            </span>
          )}
          {clue.attempts > 0 && <span>{t("attempts", { count: clue.attempts })}</span>}
        </p>
        {clue.tags && (
          <p class="row soft small">
            {clue.tags.map((tag) => (
              <bdi key={tag} class="tag-of">
                {tag}
              </bdi>
            ))}
          </p>
        )}
      </header>
      {clue.withdrawn && <p class="note">{t("clueWithdrawn")}</p>}
      {isShut(clue) && <p class="note">{t("clueClosed")}</p>}
      {closesIn(clue) > 0 && (
        <p class="note number" role="timer">
          {t("closesIn", { time: countdown(closesIn(clue)) })}
        </p>
      )}
      <Errata clue={clue} />
      <Notices clue={clue.id} />
      <LongText text={clue.body} />
      <OwnTime />
      <Attachments clue={clue} />
      <Solution clue={clue} />
      {open && <TriesLeft clue={clue} />}
      {open && Solve && <Solve clue={clue} wait={wait} />}
      <Told about={aboutOf(clue)}>
        {wait > 0 && isOpen(clue) && heard?.outcome !== "cooldown" && (
          <p class="note number" role="timer">
            {t("cooldown", { time: countdown(wait) })}
          </p>
        )}
      </Told>
      <Tried clue={clue} />
      {clue.state === "solved" && <Claimable />}
      {clue.state === "solved" && isThrough() && <Finish />}
      {hintsOf(clue).length > 0 && <Hints clue={clue} />}
      {!clue.withdrawn && <ClueHelp clue={clue} />}
    </>
  );
}

/** What is solved is asked about no more; what was said stays. */
function ClueHelp({ clue }: { clue: ClueApart }) {
  const { id } = clue;
  const isTold = threads.value?.some((thread) => thread.clue === id) === true;
  return isOpen(clue) || isTold ? <Help clue={id} isOver={!isOpen(clue)} /> : null;
}

/** Files that go with the clue: the browser shows what it can, and saves the rest. */
const Attachments = ({ clue: { attachments = [] } }: { clue: ClueApart }) =>
  attachments.length === 0 ? null : (
    <ul class="attachments" aria-label={t("attachments")}>
      {attachments.map(({ name, size, url }) => (
        <li key={name}>
          <a href={url} target="_blank" rel="noopener noreferrer">
            <bdi>{name.split("/").at(-1)}</bdi> <span class="soft small number">{fileSize(size)}</span>
          </a>
        </li>
      ))}
    </ul>
  );

/** What the team gave, and what the author says of it. */
function Solution({ clue: { answer, solution, solutionAt } }: { clue: ClueApart }) {
  return (
    <>
      {answer !== undefined && (
        <p class="note good">
          {t("answerGiven")} <bdi>{answer}</bdi>
        </p>
      )}
      {(solution ?? solutionAt) !== undefined && (
        <section class="card stack">
          <h2>{t("solution")}</h2>
          <LongText text={solution} />
        </section>
      )}
    </>
  );
}

/** A text, once it is there. */
const LongText = ({ text }: { text: string | undefined }) =>
  text === undefined ? <p class="soft">{t("loading")}</p> : <Markdown text={text} />;

/** What the organisers corrected of the clue, the newest first. */
function Errata({ clue: { errata = [] } }: { clue: ClueApart }) {
  return errata.toReversed().map(({ at, text, edited = at }) => (
    <section key={`${at}${text}`} class="note notice erratum">
      <p class="small">{t("erratumAt", { time: clock(edited) })}</p>
      <Markdown text={text} typed />
    </section>
  ));
}

/** What the organisers said of this clue, the newest first. */
function Notices({ clue }: { clue: string }) {
  const newest = me.value?.announcements ?? [];
  return [...newest.toReversed(), ...older.value.rows]
    .filter((each) => each.clue === clue && !each.erratum)
    .map(({ id, at, text }) => (
      <section key={id} class="note notice">
        <p class="small">{t("noticeOfClue", { time: clock(at) })}</p>
        <Markdown text={text} typed />
      </section>
    ));
}

function TriesLeft({ clue: { kind, attemptsLeft, attemptsOfClue } }: { clue: ClueApart }) {
  // Check-ins are not counted.
  if (attemptsLeft === undefined || kind === "place") return null;
  return (
    <p class={`row number tries${attemptsLeft <= 1 ? " tries-few" : " soft"}`}>
      <span>{t("triesLeft", { count: attemptsLeft })}</span>
      {attemptsOfClue !== undefined && <span>{t("triesOfClue", { count: attemptsOfClue })}</span>}
    </p>
  );
}

/** What is solved needs no more hints; those that were taken stay. */
const hintsOf = (clue: ClueApart): ClueApart["hints"] =>
  clue.hints.filter(({ taken }) => taken || isOpen(clue));

/** The hint that the player is asked about, as `clue/hint`. */
const asked = signal("");

function Hints({ clue }: { clue: ClueApart }) {
  return (
    <section class="stack" aria-labelledby="hints">
      <h2 id="hints">{t("hints")}</h2>
      {hintsOf(clue).map((hint) =>
        hint.taken || hint.text !== undefined ? (
          <div key={hint.id} class="card hint">
            <Icon name="light" />
            <LongText text={hint.text} />
          </div>
        ) : (
          <Untaken key={hint.id} clue={clue.id} hint={hint} />
        ),
      )}
    </section>
  );
}

/** Asks before the hint is taken: what it costs is gone. */
function Untaken({
  clue,
  hint: { id, cost, availableAt },
}: {
  clue: string;
  hint: ClueApart["hints"][number];
}) {
  const about = `hint/${clue}/${id}`;
  const refused = verdictOf(about);
  const score = me.value?.team.score ?? 0;
  const missing = cost > 0 ? cost - score : 0;
  const wait = Date.parse(availableAt) - now.value;
  const takes = wait <= 0 && missing <= 0 && !isTimeUp() && phase.value === "live";
  const points = t("points", { count: score });
  return (
    <div class="stack">
      {takes && asked.value === about ? (
        <div class="card stack">
          <p>{cost > 0 ? t("hintAsk", { count: cost, score: points }) : t("hintAskFree")}</p>
          <div class="row">
            <button
              type="button"
              onClick={() => {
                asked.value = "";
                void act({ type: "hint", clue, hint: id });
              }}
            >
              {t("hintYes")}
            </button>
            <button
              type="button"
              class="quiet"
              onClick={() => {
                asked.value = "";
              }}
            >
              {t("notNow")}
            </button>
          </div>
        </div>
      ) : (
        <button
          type="button"
          class="quiet wide number"
          disabled={!takes || isUnderWay(about)}
          onClick={() => {
            asked.value = about;
          }}
        >
          <Icon name={takes ? "light" : "lock"} />
          {wait > 0
            ? t("hintIn", { time: countdown(wait) })
            : cost > 0
              ? t("takeHint", { count: cost })
              : t("freeHint")}
        </button>
      )}
      {wait <= 0 && missing > 0 && (
        <p class="soft small">{t("hintMissing", { count: missing, score: points })}</p>
      )}
      {refused && refused.outcome !== "taken" && <Verdict heard={refused} />}
    </div>
  );
}
