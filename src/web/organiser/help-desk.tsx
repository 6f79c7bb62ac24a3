/** The help desk: what waits, the longest first; what one needs to answer; and a badge wherever one is in the console. */

import { signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { makeId } from "../../../client/src/ids.ts";
import type { Stats } from "../../contract/data.ts";
import type { AskedThread, HelpContext, HelpQueue, ThreadState } from "../../contract/help.ts";
import { Problem } from "../shared/api.ts";
import { device } from "../shared/device.ts";
import { clock, countdown, number, t } from "../shared/i18n.ts";
import { encoded } from "../shared/outside.ts";
import { askFor } from "./dialog.tsx";
import { ask, attempt, huntPath, loaded, may, me, useLoaded } from "./state.ts";
import { ToldAt } from "./told.tsx";

/** Time between looks, ms. */
const EVERY = 5_000;

/** `MESSAGE_MAX` of the wire, whose import would bring the schemas along. */
const LONGEST = 2_000;

const SOUND = "help-sound";

const queue = loaded<HelpQueue>();
/** Pages behind the first one, as far as they were asked for. */
const further = signal<HelpQueue | undefined>(undefined);
const stats = loaded<Stats>();
const earlier = loaded<HelpQueue>();
/** Requests that wait, for the badge; undefined: nobody knows. */
export const waiting = signal<number | undefined>(undefined);
const chosen = signal("");
const beside = signal<HelpContext | undefined>(undefined);
const state = signal<ThreadState | "">("");
const hasSound = signal(device.recall(SOUND) === "on");

const titleOf = (id: string): string => stats.value.value?.clues.find(({ clue }) => clue === id)?.title ?? id;

/** Asks how many wait, wherever in the hunt's views one is. */
export function useBadge(hunt: string): void {
  const mayHelp = may("GET /v1/hunts/{hunt}/help", hunt);
  useEffect(() => {
    waiting.value = undefined;
    if (!mayHelp) return;
    let isOver = false;
    let timer = 0;
    const look = async (): Promise<void> => {
      try {
        const { total } = await ask<HelpQueue>(huntPath(hunt, "/help?state=open&limit=1"));
        if (isOver) return;
        if (hasSound.value && total > (waiting.value ?? total)) ring();
        waiting.value = total;
      } catch (error) {
        if (!(error instanceof Problem)) throw error;
      }
      if (!isOver) timer = window.setTimeout(() => void look(), EVERY);
    };
    void look();
    return () => {
      isOver = true;
      window.clearTimeout(timer);
    };
  }, [hunt, mayHelp]);
}

/** Two short tones. */
function ring(): void {
  const audio = new AudioContext();
  for (const [begin, pitch] of [
    [0, 660],
    [0.18, 880],
  ] as const) {
    const tone = audio.createOscillator();
    const volume = audio.createGain();
    volume.gain.value = 0.1;
    tone.frequency.value = pitch;
    tone.connect(volume).connect(audio.destination);
    tone.start(audio.currentTime + begin);
    tone.stop(audio.currentTime + begin + 0.15);
  }
  window.setTimeout(() => void audio.close(), 1_000);
}

export const Badge = () =>
  waiting.value ? (
    <span class="badge number">
      <span aria-hidden="true">{number(waiting.value)}</span>
      <span class="visually-hidden">{t("helpWaiting", { count: waiting.value })}</span>
    </span>
  ) : null;

async function choose(hunt: string, id: string): Promise<void> {
  chosen.value = id;
  beside.value = undefined;
  await attempt("help", "", async () => {
    const told = await ask<HelpContext>(huntPath(hunt, `/help/${encoded(id)}`));
    if (chosen.value === id) beside.value = told;
  });
}

export function HelpDesk({ hunt }: { hunt: string }) {
  const query = state.value === "" ? "" : `?state=${state.value}`;
  useLoaded(queue, huntPath(hunt, `/help${query}`), EVERY);
  useLoaded(stats, huntPath(hunt, "/stats"), 0);
  useEffect(() => {
    chosen.value = "";
    beside.value = undefined;
  }, [hunt]);
  useEffect(() => {
    further.value = undefined;
  }, [hunt, query]);
  // What waits longest is looked at again and again, and may have gone to the page before.
  const told = [...(queue.value.value?.threads ?? []), ...(further.value?.threads ?? [])];
  const threads = told.filter(({ id }, place) => told.findIndex((each) => each.id === id) === place);
  const cursor = further.value ? further.value.cursor : queue.value.value?.cursor;
  const more = async (): Promise<void> => {
    const path = `/help${query}${query === "" ? "?" : "&"}cursor=${encoded(cursor ?? "")}`;
    const page = await ask<HelpQueue>(huntPath(hunt, path));
    further.value = { ...page, threads: [...(further.value?.threads ?? []), ...page.threads] };
  };
  return (
    <div class="live">
      <section class="card stack" aria-labelledby="help-queue">
        <h2 id="help-queue">{t("help")}</h2>
        <div class="row">
          <label>
            {t("helpState")}
            <select
              value={state.value}
              onChange={(event) => {
                state.value = event.currentTarget.value as ThreadState | "";
              }}
            >
              <option value="">{t("helpWaits")}</option>
              <option value="answered">{t("helpAnswered")}</option>
              <option value="closed">{t("helpClosed")}</option>
            </select>
          </label>
          <label class="check">
            <input
              type="checkbox"
              checked={hasSound.value}
              onChange={(event) => {
                hasSound.value = event.currentTarget.checked;
                device.remember(SOUND, hasSound.value ? "on" : "off");
              }}
            />{" "}
            {t("helpSound")}
          </label>
        </div>
        {queue.value.problem !== "" && <p class="note bad">{queue.value.problem}</p>}
        {queue.value.value && threads.length === 0 && <p class="soft">{t("helpNone")}</p>}
        <ul class="drafts">
          {threads.map((thread) => (
            <li key={thread.id}>
              <button
                type="button"
                class="quiet help-row"
                aria-pressed={thread.id === chosen.value}
                onClick={() => void choose(hunt, thread.id)}
              >
                <strong>
                  <bdi>{thread.team.name}</bdi>
                </strong>{" "}
                <span class="soft">
                  {thread.clue === undefined ? t("helpGeneral") : titleOf(thread.clue)}
                  {thread.waitingSeconds > 0 && ` · ${countdown(thread.waitingSeconds * 1_000)}`}
                  {thread.claimedBy !== undefined && ` · ${t("helpHas", { name: thread.claimedBy })}`}
                </span>
                <br />
                <span dir="auto">{thread.messages.at(-1)?.text}</span>
              </button>
            </li>
          ))}
        </ul>
        {cursor !== undefined && (
          <button type="button" class="quiet" onClick={() => void attempt("help-queue", "", more)}>
            {t("more")}
          </button>
        )}
        <ToldAt place="help-queue" />
      </section>
      {chosen.value !== "" && <OneRequest hunt={hunt} />}
    </div>
  );
}

/** The key of the last reply that was not taken, for all this page knows: sent again, it is not said twice. */
let unsure: { said: string; key: string } | undefined;

/** Ready-made replies; what is chosen can be changed before it is sent. */
const canned = (): string[] => [t("helpCanned1"), t("helpCanned2"), t("helpCanned3")];

function OneRequest({ hunt }: { hunt: string }) {
  const form = useRef<HTMLFormElement>(null);
  const told = beside.value;
  if (!told) return <ToldAt place="help" />;
  const { thread, hints, guesses } = told;
  const path = huntPath(hunt, `/help/${encoded(thread.id)}`);
  const act = async (what: string, json?: object, headers: Record<string, string> = {}): Promise<boolean> => {
    const done = await attempt("help", t("done"), () =>
      ask(`${path}/${what}`, json === undefined ? { method: "POST" } : { json, headers }),
    );
    await choose(hunt, thread.id);
    queue.value = {
      value: await ask<HelpQueue>(
        huntPath(hunt, `/help${state.value === "" ? "" : `?state=${state.value}`}`),
      ),
      problem: "",
    };
    return done;
  };
  const reply = async (close: boolean): Promise<void> => {
    const text = String(new FormData(form.current ?? undefined).get("text") ?? "").trim();
    if (text === "") return;
    const said = JSON.stringify([path, text, close]);
    if (unsure?.said !== said) unsure = { said, key: makeId() };
    if (!(await act("messages", { text, close }, { "idempotency-key": unsure.key }))) return;
    unsure = undefined;
    form.current?.reset();
  };
  const paid = hints.filter(({ taken, cost }) => taken && cost > 0).reduce((sum, { cost }) => sum + cost, 0);
  const refund = async (): Promise<void> => {
    const text = t("helpRefundText", { team: thread.team.name, points: number(paid) });
    const values = await askFor(t("helpRefund"), text, [{ name: "reason", label: t("reason") }]);
    if (!values) return;
    const json = { points: paid, reason: values.reason };
    await attempt("help", t("done"), () =>
      ask(huntPath(hunt, `/teams/${encoded(thread.team.id)}/awards`), { json }),
    );
  };
  const isOthers = thread.state === "claimed" && thread.claimedBy !== me.value?.name;
  const isOver = thread.state === "closed";
  return (
    <section class="card stack" aria-labelledby="help-one">
      <h2 id="help-one">
        <bdi>{thread.team.name}</bdi> · {thread.clue === undefined ? t("helpGeneral") : titleOf(thread.clue)}
      </h2>
      {thread.messages.map(({ at, from, by, text }) => (
        <div key={`${at}${from}`} class={`said said-${from}`}>
          <span class="soft small">
            <bdi>{by}</bdi> · <time dateTime={at}>{clock(at)}</time>
          </span>
          <p class="announced" dir="auto">
            {text}
          </p>
        </div>
      ))}
      {isOthers && <p class="note">{t("helpHas", { name: thread.claimedBy ?? "" })}</p>}
      {isOver && <p class="soft">{t("helpClosed")}</p>}
      <ToldAt place="help" />
      {!isOver && (
        <form
          ref={form}
          class="stack"
          onSubmit={(event) => {
            event.preventDefault();
            void reply(false);
          }}
        >
          <label>
            {t("helpCanned")}
            <select
              onChange={(event) => {
                const text = form.current?.elements.namedItem("text") as HTMLTextAreaElement;
                text.value = event.currentTarget.value;
              }}
            >
              <option value="">–</option>
              {canned().map((text) => (
                <option key={text} value={text}>
                  {text}
                </option>
              ))}
            </select>
          </label>
          <label>
            {t("helpReply")}
            <textarea name="text" rows={3} required maxLength={LONGEST} />
          </label>
          <div class="row">
            <button type="submit" disabled={isOthers}>
              {t("helpSend")}
            </button>
            <button type="button" class="quiet" disabled={isOthers} onClick={() => void reply(true)}>
              {t("helpSendClose")}
            </button>
          </div>
        </form>
      )}
      <div class="row">
        {thread.state === "open" && (
          <button type="button" class="quiet" onClick={() => void act("claim")}>
            {t("helpClaim")}
          </button>
        )}
        {thread.state === "claimed" && (
          <button type="button" class="quiet" onClick={() => void act("release")}>
            {t("helpRelease")}
          </button>
        )}
        {!isOver && (
          <button type="button" class="quiet" onClick={() => void act("close")}>
            {t("helpClose")}
          </button>
        )}
        {paid > 0 && may("POST /v1/hunts/{hunt}/teams/{team}/awards", hunt) && (
          <button type="button" class="quiet" onClick={() => void refund()}>
            {t("helpRefund")}
          </button>
        )}
        {may("GET /v1/hunts/{hunt}/facts", hunt) && (
          <a href={`#${encoded(hunt)}/feed/${encoded(thread.team.id)}`}>{t("timeline")}</a>
        )}
      </div>
      {guesses.length > 0 && (
        <>
          <h3>{t("helpTried")}</h3>
          <ul>
            {guesses.map(({ seq, at, answer, type }) => (
              <li key={seq}>
                <bdi>{answer ?? type}</bdi>{" "}
                <time class="soft small" dateTime={at}>
                  {clock(at)}
                </time>
              </li>
            ))}
          </ul>
        </>
      )}
      {hints.length > 0 && (
        <>
          <h3>{t("helpHints")}</h3>
          <ul>
            {hints.map(({ id, text, taken, cost }) => (
              <li key={id}>
                <span dir="auto">{text}</span>{" "}
                <span class="soft small number">
                  {number(cost)} {taken && `· ${t("helpTaken")}`}
                </span>
              </li>
            ))}
          </ul>
        </>
      )}
      {thread.clue !== undefined && <Earlier hunt={hunt} thread={thread} clue={thread.clue} />}
    </section>
  );
}

/** What others were told about the same clue. */
function Earlier({ hunt, thread, clue }: { hunt: string; thread: AskedThread; clue: string }) {
  useLoaded(earlier, huntPath(hunt, `/help?state=answered&clue=${encoded(clue)}&limit=10`), 0);
  const said = (earlier.value.value?.threads ?? [])
    .filter(({ id }) => id !== thread.id)
    .flatMap(({ id, team, messages }) => {
      const last = messages.findLast(({ from }) => from === "staff");
      return last ? [{ id, team, text: last.text }] : [];
    });
  if (said.length === 0) return null;
  return (
    <>
      <h3>{t("helpEarlier")}</h3>
      <ul>
        {said.map(({ id, team, text }) => (
          <li key={id}>
            <bdi>{team.name}</bdi>: <span dir="auto">{text}</span>
          </li>
        ))}
      </ul>
    </>
  );
}
