/** The kind `submission`: a photo, a film, a sound or words are sent, and people judge them. */
import { signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { ClueApart } from "../../../contract/me.ts";
import { MEDIA_KINDS, SUBMISSION_FILES_MAX, SUBMISSION_TEXT_MAX } from "../../../contract/media.ts";
import { t } from "../../shared/i18n.ts";
import { Icon } from "../../shared/icons.tsx";
import { refusedSendings, send, sendings } from "../sending.ts";
import { isUnderWay } from "../state.ts";
import { problemText } from "../verdict.tsx";
import type { KindOnPage } from "./kind.ts";

const chosen = signal<{ clue: string; files: readonly File[] }>({ clue: "", files: [] });

function SubmitBox({ clue }: { clue: ClueApart }) {
  const { id, accept = [] } = clue;
  const form = useRef<HTMLFormElement>(null);
  const media = MEDIA_KINDS.filter((kind) => accept.includes(kind));
  const files = chosen.value.clue === id ? chosen.value.files : [];
  const under = sendings.value[id];
  const refused = refusedSendings.value[id];
  const isBusy = under !== undefined || isUnderWay(`clue/${id}`);
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
            accept={media.map((kind) => `${kind}/*`).join(",")}
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
        <ul class="picked">
          {files.map((file, index) => (
            <li key={`${file.name}${file.size}`}>
              <Picked file={file} />
              <button
                type="button"
                class="quiet"
                aria-label={t("removeFile", { name: file.name })}
                onClick={() => {
                  chosen.value = { clue: id, files: files.filter((_, each) => each !== index) };
                }}
              >
                ×
              </button>
            </li>
          ))}
        </ul>
      )}
      <label>
        {t(accept.includes("text") ? "yourWords" : "caption")}
        <textarea name="text" rows={3} maxLength={SUBMISSION_TEXT_MAX} dir="auto" disabled={isBusy} />
      </label>
      <button type="submit" class="wide" disabled={isBusy}>
        {t("sendIn")}
      </button>
      {under && (
        <div role="status">
          <progress max={1} value={under.share} aria-label={t("sendingIn")} />
          <p class="soft small">{t(under.waits ? "keptForLater" : "sendingIn")}</p>
        </div>
      )}
      {refused !== undefined && (
        <p class="note bad" role="alert">
          {refusedText(refused)}
        </p>
      )}
    </form>
  );
}

/** Of files other words than of anything else. */
function refusedText(code: string): string {
  if (code === "unsupported_media_type") return t("fileOfOtherKind");
  if (code === "payload_too_large") return t("fileTooLarge");
  return problemText(code as Parameters<typeof problemText>[0]);
}

/** A small picture of what is sent, or its name. */
function Picked({ file }: { file: File }) {
  const image = useRef<HTMLImageElement>(null);
  const isPicture = file.type.startsWith("image/");
  useEffect(() => {
    if (!isPicture) return undefined;
    const address = URL.createObjectURL(file);
    if (image.current) image.current.src = address;
    return () => URL.revokeObjectURL(address);
  }, [file, isPicture]);
  return isPicture ? <img ref={image} alt={file.name} /> : <bdi>{file.name}</bdi>;
}

/** What the team sent last for a clue, and what a judge says of it. */
export function SentIn({ clue: { submission, state } }: { clue: ClueApart }) {
  if (!submission) return null;
  const { state: judged, say, points, text, files } = submission;
  return (
    <section class="card stack sent-in" aria-label={t("sentIn")}>
      <p class={`note ${judged === "accepted" ? "good" : judged === "refused" ? "bad" : ""}`} role="status">
        {t(`judged_${judged}`)}
        {points !== undefined && ` ${t("points", { count: points })}`}
      </p>
      {say !== undefined && <p dir="auto">{t("judgeSays", { text: say })}</p>}
      {judged === "refused" && state === "open" && <p class="soft">{t("sendAnother")}</p>}
      {text !== undefined && (
        <p class="announced" dir="auto">
          {text}
        </p>
      )}
      {files.map(({ type, url }) => (
        <SentFile key={url} type={type} url={url} />
      ))}
    </section>
  );
}

function SentFile({ type, url }: { type: string; url: string }) {
  if (type.startsWith("image/")) return <img class="sent-file" src={url} alt="" loading="lazy" decoding="async" />;
  // biome-ignore lint/a11y/useMediaCaption: nobody wrote any.
  if (type.startsWith("video/")) return <video class="sent-file" src={url} controls preload="metadata" />;
  // biome-ignore lint/a11y/useMediaCaption: nobody wrote any.
  return <audio src={url} controls preload="metadata" />;
}

export const submission: KindOnPage = { icon: "camera", Solve: SubmitBox };
