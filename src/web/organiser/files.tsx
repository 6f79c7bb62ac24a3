/**
 * The hunt's files: what there is and where it is used, and sending more. `picked` makes it a picker, for an editor that
 * wants one.
 */
import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import {
  ASSET_BYTES,
  ASSET_ENDINGS,
  ASSET_SCHEME,
  assetTypeOf,
  endingOf,
} from "../../contract/asset-types.ts";
import type { AssetRow, Assets } from "../../contract/assets.ts";
import { Problem } from "../shared/api.ts";
import { fileSize, list, t } from "../shared/i18n.ts";
import { askFor } from "./dialog.tsx";
import { issueLine, problemText } from "./engine.ts";
import { putFile } from "./put-file.ts";
import { type Making, made, nameOf, QUALITIES, WIDTHS } from "./re-encode.ts";
import { ask, attempt, huntPath, may } from "./state.ts";
import { ToldAt } from "./told.tsx";

const files = signal<Assets | undefined>(undefined);
const failure = signal("");
const making = signal<Making>({ width: 1_280, quality: 75 });

interface Sending {
  /** As it is called on the device. */
  given: string;
  /** 0 to 1. */
  share: number;
  /** Sent: the text that shows it, and its name. */
  sent?: { name: string; reference: string };
  why?: string;
  lines?: readonly string[];
}
const sending = signal<readonly Sending[]>([]);

/** The text that shows a file of this name where Markdown stands. */
export const referenceTo = (name: string, alt: string): string => {
  const kind = assetTypeOf(name)?.kind;
  const words = alt.replaceAll(/[[\]\\]/g, "\\$&");
  const isShown = kind === "image" || kind === "audio" || kind === "video";
  return `${isShown ? "!" : ""}[${words || name}](${ASSET_SCHEME}${name})`;
};

async function look(hunt: string): Promise<void> {
  try {
    files.value = await ask<Assets>(huntPath(hunt, "/assets"));
    failure.value = "";
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    failure.value = problemText(error);
  }
}

const note = (given: string, { share = 0, ...more }: Partial<Sending>): void => {
  sending.value = [...sending.value.filter((each) => each.given !== given), { given, share, ...more }];
};

const copy = (name: string, reference: string): Promise<boolean> =>
  attempt("files", t("fileCopied", { name }), () => navigator.clipboard.writeText(reference));

/** Sends one file; its name and what it shows, or undefined: it was not sent. */
async function sendOne(hunt: string, file: File): Promise<{ name: string; alt: string } | undefined> {
  const small = await made(file, making.value).catch(() => undefined);
  const body = small ?? file;
  const ending = small ? "webp" : endingOf(file.name.toLowerCase());
  const isPicture = assetTypeOf(`a.${ending}`)?.kind === "image";
  const answers = await askFor(
    t("fileSend"),
    t("fileAbout", { name: file.name, size: fileSize(body.size), before: fileSize(file.size) }),
    [
      { name: "name", label: t("fileName"), kind: "id", value: nameOf(file.name, ending) },
      ...(isPicture ? [{ name: "alt", label: t("fileAlt"), required: false }] : []),
    ],
  );
  if (!answers) return undefined;
  const { name = "", alt = "" } = answers;
  try {
    note(file.name, { share: 0 });
    await putFile(hunt, name, body, (share) => note(file.name, { share }));
    note(file.name, { share: 1, sent: { name, reference: referenceTo(name, alt) } });
    return { name, alt };
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    note(file.name, { why: problemText(error), lines: error.issues.map(issueLine) });
    return undefined;
  }
}

async function send(hunt: string, chosen: readonly File[], picked: Picked | undefined): Promise<void> {
  for (const file of chosen) {
    if (file.size > ASSET_BYTES) {
      note(file.name, { why: t("fileTooLarge", { size: fileSize(ASSET_BYTES) }) });
      continue;
    }
    const sent = await sendOne(hunt, file);
    if (sent) picked?.(sent.name, referenceTo(sent.name, sent.alt));
  }
  await look(hunt);
}

/** Called with the file that was chosen or sent, and the text that shows it. */
type Picked = (name: string, reference: string) => void;

export function Files({ hunt, picked }: { hunt: string; picked?: Picked }) {
  useEffect(() => {
    files.value = undefined;
    sending.value = [];
    void look(hunt);
  }, [hunt]);
  const rows = files.value?.assets;
  const isEditor = may("PUT /v1/hunts/{hunt}/assets/{name}", hunt);
  return (
    <section class="stack" aria-label={t("files")}>
      {isEditor && <Upload hunt={hunt} picked={picked} />}
      <ToldAt place="files" />
      {failure.value !== "" && <p class="note bad">{failure.value}</p>}
      {rows?.length === 0 && <p class="soft">{t("filesNone")}</p>}
      {rows && rows.length > 0 && (
        <p class="soft number">
          {t("filesTotal", { count: rows.length, size: fileSize(files.value?.bytes ?? 0) })}
        </p>
      )}
      <ul class="files">
        {rows?.map((row) => (
          <OneFile key={row.name} hunt={hunt} row={row} isEditor={isEditor} picked={picked} />
        ))}
      </ul>
    </section>
  );
}

function Upload({ hunt, picked }: { hunt: string; picked: Picked | undefined }) {
  const take = (chosen: FileList | null | undefined): void => {
    void send(hunt, [...(chosen ?? [])], picked);
  };
  return (
    <fieldset
      class="card stack drop"
      aria-label={t("files")}
      onDragOver={(event) => event.preventDefault()}
      onDrop={(event) => {
        event.preventDefault();
        take(event.dataTransfer?.files);
      }}
    >
      <label>
        {t("filesAdd")}
        <input
          type="file"
          multiple
          accept={ASSET_ENDINGS.map((ending) => `.${ending}`).join(",")}
          onChange={(event) => {
            take(event.currentTarget.files);
            event.currentTarget.value = "";
          }}
        />
      </label>
      <div class="row">
        <label>
          {t("pictureWidth")}
          <select
            value={making.value.width}
            onChange={(event) => {
              making.value = { ...making.value, width: Number(event.currentTarget.value) };
            }}
          >
            {WIDTHS.map((width) => (
              <option key={width} value={width}>
                {width === 0 ? t("pictureAsIs") : t("picturePixels", { width })}
              </option>
            ))}
          </select>
        </label>
        <label>
          {t("pictureQuality")}
          <select
            value={making.value.quality}
            disabled={making.value.width === 0}
            onChange={(event) => {
              making.value = { ...making.value, quality: Number(event.currentTarget.value) };
            }}
          >
            {QUALITIES.map((quality) => (
              <option key={quality} value={quality}>
                {t(quality === 60 ? "qualityLow" : quality === 75 ? "qualityMiddle" : "qualityHigh")}
              </option>
            ))}
          </select>
        </label>
      </div>
      <p class="small soft">{t("filesHint")}</p>
      <div role="status">
        {sending.value.map(({ given, share, sent, why, lines = [] }) =>
          sent ? (
            <p key={given} class="row">
              <code dir="ltr">{sent.reference}</code>
              <button type="button" class="quiet" onClick={() => void copy(sent.name, sent.reference)}>
                {t("fileCopy")}
              </button>
            </p>
          ) : (
            <p key={given} class={why === undefined ? "" : "note bad"}>
              <bdi>{given}</bdi> {why ?? <progress max={1} value={share} aria-label={given} />}
              {lines.map((line) => (
                <span key={line}> {line}</span>
              ))}
            </p>
          ),
        )}
      </div>
    </fieldset>
  );
}

interface OneFileOf {
  hunt: string;
  row: AssetRow;
  isEditor: boolean;
  picked: Picked | undefined;
}

function OneFile({ hunt, row: { name, size, usedIn, url }, isEditor, picked }: OneFileOf) {
  const kind = assetTypeOf(name)?.kind;
  const remove = async (): Promise<void> => {
    const isSure = await askFor(t("fileRemove"), t("fileRemoveText", { name }));
    if (!isSure) return;
    await attempt("files", t("fileRemoved", { name }), () =>
      ask(`${huntPath(hunt, "/assets")}/${name}`, { method: "DELETE" }),
    );
    await look(hunt);
  };
  return (
    <li class="card row">
      {kind === "image" && <img class="thumbnail" src={url} alt="" loading="lazy" decoding="async" />}
      <div class="grow">
        <a href={url} target="_blank" rel="noopener">
          <bdi dir="ltr">{name}</bdi>
        </a>
        <p class="small soft">
          {fileSize(size)}
          {" · "}
          {usedIn.length === 0
            ? t("fileUnused")
            : t("fileUsed", { places: list(usedIn.map(({ clue, path }) => clue ?? path)) })}
        </p>
      </div>
      <div class="row">
        {picked ? (
          <button type="button" class="quiet" onClick={() => picked(name, referenceTo(name, ""))}>
            {t("filePick")}
          </button>
        ) : (
          <button type="button" class="quiet" onClick={() => void copy(name, referenceTo(name, ""))}>
            {t("fileCopy")}
          </button>
        )}
        {isEditor && usedIn.length === 0 && (
          <button type="button" class="quiet" onClick={() => void remove()}>
            {t("fileRemove")}
          </button>
        )}
      </div>
    </li>
  );
}
