/** The kind `scan`: its code is read by the camera, or typed. */
import { signal } from "@preact/signals";
import { t } from "../../shared/i18n.ts";
import { Icon } from "../../shared/icons.tsx";
import { decoded } from "../../shared/outside.ts";
import { Camera } from "../camera.tsx";
import { act, isUnderWay, phase, verdicts } from "../state.ts";
import { Verdict } from "../verdict.tsx";
import type { KindOnPage } from "./kind.ts";

const scanning = signal(false);
const failed = signal(false);

/** A printed code may be an address that carries it: `…/play/hunt#code=…`, or `?code=…` */
function codeOf(text: string): string {
  const carried = /^https?:.*[?#&]code=([^&#\s]+)/i.exec(text)?.[1];
  return carried === undefined ? text : decoded(carried);
}

function sendFound(text: string): void {
  scanning.value = false;
  void act({ type: "scan", code: codeOf(text) });
}

/** The code can be typed instead. */
function giveUp(): void {
  failed.value = true;
  scanning.value = false;
}

function ScanBox() {
  const verdict = verdicts.value.scan;
  const busy = isUnderWay("scan");
  const send = (event: Event): void => {
    event.preventDefault();
    const input = (event.currentTarget as HTMLFormElement).elements.namedItem("code") as HTMLInputElement;
    const code = codeOf(input.value.trim());
    if (code === "") return;
    input.value = "";
    void act({ type: "scan", code });
  };
  if (phase.value !== "live") return null;
  return (
    <section class="card stack scan">
      {scanning.value && <Camera onCode={sendFound} onFailure={giveUp} />}
      <button
        type="button"
        class="wide"
        onClick={() => {
          failed.value = false;
          scanning.value = !scanning.value;
        }}
      >
        <Icon name="camera" /> {scanning.value ? t("stopScan") : t("scan")}
      </button>
      {failed.value && <p class="note">{t("noCamera")}</p>}
      <form class="answer" onSubmit={send}>
        <label>
          {t("codeText")}
          <input name="code" required maxLength={2_048} autocomplete="off" spellcheck={false} dir="ltr" />
        </label>
        <button type="submit" class="quiet" disabled={busy}>
          {t("sendCode")}
        </button>
      </form>
      <div role="status">{verdict && <Verdict result={verdict} />}</div>
    </section>
  );
}

/** A code tells which clue it solves. The last result stays when no clue is left to scan. */
function UnderList({ open }: { open: boolean }) {
  const verdict = verdicts.value.scan;
  return open ? <ScanBox /> : <div role="status">{verdict && <Verdict result={verdict} />}</div>;
}

export const scan: KindOnPage = { icon: "camera", Solve: ScanBox, UnderList };
