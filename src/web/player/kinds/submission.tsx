/** The kind `submission`: a photo, a film, a sound or words are sent, and people judge them. */
import { signal } from "@preact/signals";
import { useRef } from "preact/hooks";
import type { ClueApart } from "../../../contract/me.ts";
import { SUBMISSION_FILES_MAX, SUBMISSION_TEXT_MAX } from "../../../contract/media.ts";
import { t } from "../../shared/i18n.ts";
import { Icon } from "../../shared/icons.tsx";
import { send, sendings } from "../sending.ts";
import { isUnderWay } from "../state.ts";
import { problemText } from "../verdict.tsx";
import type { KindOnPage } from "./kind.ts";

const chosen = signal<{ clue: string; files: readonly File[] }>({ clue: "", files: [] });

function SubmitBox({ clue }: { clue: ClueApart }) {
  const { id, accept = [] } = clue;
  const form = useRef<HTMLFormElement>(null);
  const media = accept.filter((kind) => kind !== "text");
  const files = chosen.value.clue === id ? chosen.value.files : [];
  const under = sendings.value[id];
  const refused = under?.refused;
  const isBusy = (under && refused === undefined) || isUnderWay(`clue/${id}`);
  const submit = (event: Event): void => {
    event.preventDefault();
    const text = String(new FormData(form.current ?? undefined).get("text") ?? "").trim();
    if (files.length === 0 && (text === "" || !accept.includes("text"))) return;
    chosen.value = { clue: "", files: [] };
    form.current?.reset();
    void send(id, text, files);
  };
  return (
    <form class="stack submission" ref={form} onSubmit={submit}>
      {media.length > 0 && (
        <label class="button wide pick">
          <Icon name="camera" /> {t("pickFile")}
          <input
            type="file"
            class="visually-hidden"
            accept={media.map((kind) => `${kind}/*`).join()}
            multiple
            disabled={isBusy}
            onChange={({ currentTarget }) => {
              const picked = [...(currentTarget.files ?? [])].slice(0, SUBMISSION_FILES_MAX);
              chosen.value = { clue: id, files: picked };
              currentTarget.value = "";
            }}
          />
        </label>
      )}
      {files.length > 0 && (
        <p class="soft">
          <bdi>{files.map(({ name }) => name).join(", ")}</bdi>
        </p>
      )}
      <label>
        {t("yourWords")}
        <textarea name="text" rows={3} maxLength={SUBMISSION_TEXT_MAX} dir="auto" disabled={isBusy} />
      </label>
      <button type="submit" class="wide" disabled={isBusy}>
        {t("sendIn")}
      </button>
      {under && refused === undefined && (
        <div role="status">
          <progress max={1} value={under.share} aria-label={t("sendingIn")} />
          <p class="soft small">{t(under.waits ? "keptForLater" : "sendingIn")}</p>
        </div>
      )}
      {refused !== undefined && (
        <p class="note bad" role="alert">
          {["unsupported_media_type", "payload_too_large"].includes(refused)
            ? t("fileRefused")
            : problemText(refused as Parameters<typeof problemText>[0])}
        </p>
      )}
    </form>
  );
}

/** What the team sent last for a clue, and what a judge says of it. */
export function SentIn({ clue: { submission } }: { clue: ClueApart }) {
  if (!submission) return null;
  const { state: judged, say, points, text, files } = submission;
  return (
    <section class="card stack">
      <p class={`note ${judged === "accepted" ? "good" : judged === "refused" ? "bad" : ""}`} role="status">
        {t(judged === "waiting" ? "outcome_submitted" : `judged_${judged}`)}
        {points !== undefined && ` ${t("points", { count: points })}`}
      </p>
      {say !== undefined && <p dir="auto">{t("judgeSays", { text: say })}</p>}
      {text !== undefined && (
        <p class="announced" dir="auto">
          {text}
        </p>
      )}
      {files.map(({ type, url }) =>
        type.startsWith("image/") ? (
          <img key={url} class="round-image" src={url} alt="" loading="lazy" decoding="async" />
        ) : (
          // biome-ignore lint/a11y/useMediaCaption: nobody wrote any.
          <video key={url} class="round-image" src={url} controls preload="metadata" />
        ),
      )}
    </section>
  );
}

export const submission: KindOnPage = { icon: "camera", Solve: SubmitBox };
