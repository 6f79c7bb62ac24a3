/** Asking the organisers: about a clue on its page, about anything else among the news. */
import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { makeId } from "../../../client/src/ids.ts";
import type { Thread, ThreadMade, Threads } from "../../contract/help.ts";
import { call, huntPath, Problem } from "../shared/api.ts";
import { clock, t } from "../shared/i18n.ts";
import { encoded } from "../shared/outside.ts";
import { hunt, session } from "./state.ts";
import { keepThread, threads } from "./threads.ts";

/** `MESSAGE_MAX` of the wire, whose import would bring the schemas along. */
const LONGEST = 2_000;

const busy = signal(false);
/** Why the last request was not taken, in the engine's words. */
const refused = signal<{ about: string; code: string } | undefined>(undefined);

/** Reads what the team asked. */
async function readThreads(): Promise<void> {
  const playing = session.value;
  if (!playing || !hunt.value?.help) return;
  try {
    const told = await call<Threads>(huntPath(playing.hunt, "/threads"), { token: playing.token });
    threads.value = told.threads;
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
  }
}

/** The key of what was sent last, and not taken for all this page knows: sent again, it is not said twice. */
let unsure: { what: string; key: string } | undefined;

async function send(about: string, path: string, json: object): Promise<boolean> {
  const playing = session.value;
  if (!playing || busy.value) return false;
  busy.value = true;
  refused.value = undefined;
  const what = JSON.stringify([playing.hunt, path, json]);
  if (unsure?.what !== what) unsure = { what, key: makeId() };
  const headers = { "idempotency-key": unsure.key };
  try {
    const { thread } = await call<ThreadMade>(huntPath(playing.hunt, path), {
      token: playing.token,
      json,
      headers,
    });
    unsure = undefined;
    keepThread(thread);
    return true;
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    refused.value = { about, code: error.code };
    return false;
  } finally {
    busy.value = false;
  }
}

/** `clue` undefined: about anything but a clue. */
export function Help({ clue, isOver = false }: { clue: string | undefined; isOver?: boolean }) {
  const offered = hunt.value?.help;
  useEffect(() => {
    void readThreads();
  }, [offered === undefined, clue]);
  if (!offered || (clue === undefined && offered.about === "clues")) return null;
  const own = (threads.value ?? []).filter((thread) => thread.clue === clue);
  const waits = own.some(({ state }) => state === "open" || state === "claimed");
  const about = clue ?? "";
  return (
    <section class="stack help" aria-labelledby="help">
      <h2 id="help">{t("help")}</h2>
      {own.map((thread) => (
        <OneThread key={thread.id} thread={thread} />
      ))}
      {!waits && !isOver && (
        <Write
          label={t(clue === undefined ? "helpAskAnything" : "helpAsk")}
          button={t("helpSend")}
          send={(text) => send(about, "/threads", { text, ...(clue === undefined ? {} : { clue }) })}
        />
      )}
      <Refused about={about} />
    </section>
  );
}

function OneThread({ thread: { id, state, messages } }: { thread: Thread }) {
  return (
    <div class="card stack" data-state={state}>
      {messages.map(({ at, from, by, text }) => (
        <div key={`${at}${from}`} class={`said said-${from}`}>
          <p class="soft small">
            <bdi>{by}</bdi> {from === "staff" && `· ${t("helpStaff")} `}·{" "}
            <time dateTime={at}>{clock(at)}</time>
          </p>
          <p class="said-text" dir="auto">
            {text}
          </p>
        </div>
      ))}
      <p class="soft small" role="status">
        {t(
          (
            {
              open: "helpOpen",
              claimed: "helpClaimed",
              answered: "helpAnswered",
              closed: "helpClosed",
            } as const
          )[state],
        )}
      </p>
      {state !== "closed" && (
        <Write
          label={t("helpMore")}
          button={t("helpSend")}
          send={(text) => send(id, `/threads/${encoded(id)}/messages`, { text })}
        />
      )}
      <Refused about={id} />
    </div>
  );
}

function Refused({ about }: { about: string }) {
  if (refused.value?.about !== about) return null;
  const { code } = refused.value;
  return (
    <p class="note bad" role="alert">
      {t(code === "conflict" ? "helpRefused" : "helpFailed")}
    </p>
  );
}

interface Writing {
  label: string;
  button: string;
  send(text: string): Promise<boolean>;
}

function Write({ label, button, send: sending }: Writing) {
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const text = String(new FormData(form).get("text") ?? "").trim();
    if (text !== "" && (await sending(text))) form.reset();
  };
  return (
    <form class="stack" onSubmit={(event) => void submit(event)}>
      <label>
        {label}
        <textarea name="text" rows={2} required maxLength={LONGEST} />
      </label>
      <button type="submit" class="quiet" disabled={busy.value}>
        {button}
      </button>
    </form>
  );
}
