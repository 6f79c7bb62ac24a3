/**
 * The judges' table: what teams sent, the longest wait first. Whoever looks at one has it for a while, so that no two
 * judge the same. By keys (space accepts, X refuses, J and K go on and back) and by thumb; several at once get one reply.
 */
import { signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { Stats } from "../../contract/data.ts";
import type { Submission, SubmissionNow, SubmissionState, Submissions } from "../../contract/submissions.ts";
import { Problem } from "../shared/api.ts";
import { clock, countdown, number, t } from "../shared/i18n.ts";
import { encoded } from "../shared/outside.ts";
import { askFor } from "./dialog.tsx";
import { ask, attempt, huntPath, loaded, may, me, useLoaded } from "./state.ts";
import { ToldAt } from "./told.tsx";

/** Time between looks, ms. */
const EVERY = 5_000;

/** `SAY_MAX` of the wire, whose import would bring the schemas along. */
const LONGEST = 500;

const queue = loaded<Submissions>();
const stats = loaded<Stats>();
const state = signal<SubmissionState>("waiting");
const chosen = signal("");
/** Several that get one verdict. */
const marked = signal<ReadonlySet<string>>(new Set());
/** The points that are given, where the judge says how many. */
const points = signal("");
const say = signal("");

const titleOf = (id: string): string => stats.value.value?.clues.find(({ clue }) => clue === id)?.title ?? id;

const isOthers = ({ claimedBy }: Submission): boolean =>
  claimedBy !== undefined && claimedBy !== me.value?.name;

const all = (): readonly Submission[] => queue.value.value?.submissions ?? [];

function put(now: Submission): void {
  const { value } = queue.value;
  if (!value) return;
  const submissions = value.submissions.flatMap((each) => {
    if (each.id !== now.id) return [each];
    return now.state === state.value ? [now] : [];
  });
  queue.value = { value: { ...value, submissions }, problem: "" };
}

/** Opens one, which nobody else judges meanwhile; gives the one before back. */
async function choose(hunt: string, id: string): Promise<void> {
  const before = chosen.value;
  chosen.value = id;
  say.value = "";
  points.value = "";
  if (state.value !== "waiting") return;
  const act = async (of: string, what: "claim" | "release"): Promise<void> => {
    try {
      const path = huntPath(hunt, `/submissions/${encoded(of)}/${what}`);
      put((await ask<SubmissionNow>(path, { method: "POST" })).submission);
    } catch (error) {
      // Another judge was faster: the queue says so when it is looked at again.
      if (!(error instanceof Problem)) throw error;
    }
  };
  if (before !== "" && before !== id && all().some((each) => each.id === before))
    await act(before, "release");
  if (id !== "") await act(id, "claim");
}

/** The next one that nobody else has; `by` -1: the one before. */
function neighbour(by: 1 | -1): string {
  const list = all();
  const from = list.findIndex(({ id }) => id === chosen.value);
  for (let at = from + by; at >= 0 && at < list.length; at += by) {
    const each = list[at];
    if (each && !isOthers(each)) return each.id;
  }
  return "";
}

async function judge(hunt: string, accept: boolean): Promise<void> {
  const several = [...marked.value];
  const ids = several.length > 0 ? several : chosen.value === "" ? [] : [chosen.value];
  if (ids.length === 0) return;
  const given = points.value.trim();
  const json = {
    accept,
    ...(accept && given !== "" ? { points: Number(given) } : {}),
    ...(say.value.trim() === "" ? {} : { say: say.value.trim() }),
  };
  const next = neighbour(1);
  const isDone = await attempt("judge", t(accept ? "judgeAccepted" : "judgeRefused"), async () => {
    for (const id of ids) {
      const path = huntPath(hunt, `/submissions/${encoded(id)}/verdict`);
      put((await ask<SubmissionNow>(path, { json })).submission);
      marked.value = new Set([...marked.value].filter((each) => each !== id));
    }
  });
  if (!isDone) return;
  const isLeft = all().some(({ id }) => id === next);
  await choose(hunt, isLeft ? next : (all().find((each) => !isOthers(each))?.id ?? ""));
}

/** Keys that a field takes are its own. */
const isTyping = ({ target }: Event): boolean =>
  target instanceof HTMLElement &&
  target.closest("input:not([type=checkbox]), textarea, select, button, a") !== null;

function onKey(hunt: string, event: KeyboardEvent): void {
  if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event)) return;
  const key = event.key.toLowerCase();
  if (key === " ") void judge(hunt, true);
  else if (key === "x") void judge(hunt, false);
  else if (key === "j" || key === "k") {
    const id = neighbour(key === "j" ? 1 : -1);
    if (id !== "") void choose(hunt, id);
  } else return;
  event.preventDefault();
}

export function JudgeView({ hunt }: { hunt: string }) {
  useLoaded(queue, huntPath(hunt, `/submissions?state=${state.value}`), EVERY);
  useLoaded(stats, huntPath(hunt, "/stats"), 0);
  useEffect(() => {
    const listen = (event: KeyboardEvent): void => onKey(hunt, event);
    window.addEventListener("keydown", listen);
    return () => {
      window.removeEventListener("keydown", listen);
      void choose(hunt, "");
    };
  }, [hunt]);
  const list = all();
  const one = list.find(({ id }) => id === chosen.value);
  return (
    <div class="live">
      <section class="card stack" aria-labelledby="judge-queue">
        <h2 id="judge-queue">{t("judge")}</h2>
        <label>
          {t("judgeState")}
          <select
            value={state.value}
            onChange={({ currentTarget }) => {
              state.value = currentTarget.value as SubmissionState;
              chosen.value = "";
              marked.value = new Set();
            }}
          >
            <option value="waiting">{t("judge_waiting")}</option>
            <option value="accepted">{t("judge_accepted")}</option>
            <option value="refused">{t("judge_refused")}</option>
          </select>
        </label>
        <p class="soft small by-keys">{t("judgeKeys")}</p>
        {queue.value.problem !== "" && <p class="note bad">{queue.value.problem}</p>}
        {queue.value.value && list.length === 0 && <p class="soft">{t("judgeNone")}</p>}
        <ul class="drafts">
          {list.map((each) => (
            <li key={each.id} class="judge-row">
              <input
                type="checkbox"
                aria-label={t("judgeMark", { team: each.team.name })}
                checked={marked.value.has(each.id)}
                disabled={isOthers(each)}
                onChange={({ currentTarget: { checked } }) => {
                  const others = [...marked.value].filter((id) => id !== each.id);
                  marked.value = new Set(checked ? [...others, each.id] : others);
                }}
              />
              <button
                type="button"
                class="quiet help-row"
                aria-pressed={each.id === chosen.value}
                onClick={() => void choose(hunt, each.id)}
              >
                <strong>
                  <bdi>{each.team.name}</bdi>
                </strong>{" "}
                <span class="soft">
                  <bdi>{titleOf(each.clue)}</bdi> · {countdown(Date.now() - Date.parse(each.at))}
                  {isOthers(each) && ` · ${t("helpHas", { name: each.claimedBy ?? "" })}`}
                </span>
              </button>
            </li>
          ))}
        </ul>
        {(queue.value.value?.cursor ?? "") !== "" && <p class="soft">{t("judgeMore")}</p>}
      </section>
      {(one || marked.value.size > 0) && <OneSubmission hunt={hunt} one={one} />}
      {!one && marked.value.size === 0 && <ToldAt place="judge" />}
    </div>
  );
}

function OneSubmission({ hunt, one }: { hunt: string; one: Submission | undefined }) {
  const count = marked.value.size;
  const taken = one !== undefined && count === 0 && isOthers(one);
  const remove = async (): Promise<void> => {
    if (!one) return;
    const values = await askFor(t("judgeDelete"), t("judgeDeleteText"), [
      { name: "reason", label: t("reason") },
    ]);
    if (!values) return;
    const path = `/submissions/${encoded(one.id)}?reason=${encoded(values.reason ?? "")}`;
    const isDone = await attempt("judge", t("done"), () => ask(huntPath(hunt, path), { method: "DELETE" }));
    if (isDone) put({ ...one, files: [] });
  };
  return (
    <section class="card stack" aria-labelledby="judge-one">
      <h2 id="judge-one">
        {count > 0 ? (
          t("judgeMarked", { count })
        ) : (
          <>
            <bdi>{one?.team.name}</bdi> · <bdi>{titleOf(one?.clue ?? "")}</bdi>
          </>
        )}
      </h2>
      {one && count === 0 && <Sent one={one} />}
      {taken && <p class="note">{t("helpHas", { name: one.claimedBy ?? "" })}</p>}
      <ToldAt place="judge" />
      <label>
        {t("judgeSay")}
        <textarea
          rows={2}
          maxLength={LONGEST}
          value={say.value}
          onInput={({ currentTarget }) => {
            say.value = currentTarget.value;
          }}
        />
      </label>
      <PointsField />
      <div class="row judge-buttons">
        <button type="button" disabled={taken} onClick={() => void judge(hunt, true)}>
          {t("judgeAccept")}
        </button>
        <button type="button" class="quiet" disabled={taken} onClick={() => void judge(hunt, false)}>
          {t("judgeRefuse")}
        </button>
        {one && count === 0 && may("DELETE /v1/hunts/{hunt}/submissions/{submission}", hunt) && (
          <button type="button" class="quiet danger" onClick={() => void remove()}>
            {t("judgeDelete")}
          </button>
        )}
      </div>
    </section>
  );
}

/** Only clues with a range of points need it; the engine says so where it is missing. */
function PointsField() {
  const field = useRef<HTMLInputElement>(null);
  return (
    <label>
      {t("judgePoints")}
      <input
        ref={field}
        type="number"
        min={0}
        step={1}
        inputMode="numeric"
        value={points.value}
        onInput={({ currentTarget }) => {
          points.value = currentTarget.value;
        }}
      />
    </label>
  );
}

function Sent({ one: { at, text, files, state: judged, say: said, points: given } }: { one: Submission }) {
  return (
    <>
      <p class="soft small">
        <time dateTime={at}>{clock(at)}</time>
        {judged !== "waiting" && ` · ${t(`judge_${judged}`)}`}
        {given !== undefined && ` · ${number(given)}`}
      </p>
      {files.map(({ type, url }) => (
        <SentFile key={url} type={type} url={url} />
      ))}
      {text !== undefined && (
        <p class="announced" dir="auto">
          {text}
        </p>
      )}
      {text === undefined && files.length === 0 && <p class="soft">{t("judgeGone")}</p>}
      {said !== undefined && (
        <p class="soft" dir="auto">
          {said}
        </p>
      )}
    </>
  );
}

function SentFile({ type, url }: { type: string; url: string }) {
  if (type.startsWith("image/")) return <img class="judged-file" src={url} alt="" decoding="async" />;
  // biome-ignore lint/a11y/useMediaCaption: nobody wrote any.
  if (type.startsWith("video/")) return <video class="judged-file" src={url} controls preload="metadata" />;
  // biome-ignore lint/a11y/useMediaCaption: nobody wrote any.
  return <audio src={url} controls preload="metadata" />;
}
