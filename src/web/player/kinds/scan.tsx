/** The kind `scan`: its code is read by the camera, or typed. */
import { signal } from "@preact/signals";
import { readingsOf, SCANNED_MAX } from "../../../contract/scanned.ts";
import { t } from "../../shared/i18n.ts";
import { Icon } from "../../shared/icons.tsx";
import { Camera } from "../camera.tsx";
import { act, isUnderWay, phase } from "../state.ts";
import type { KindOnPage } from "./kind.ts";

const scanning = signal(false);
const failed = signal(false);

/** As it was read: the engine knows what an address can carry, and which codes are addresses. */
function sendFound(text: string): void {
  scanning.value = false;
  if (readingsOf(text).length > 0) void act({ type: "scan", code: text.trim() });
}

/** The code can be typed instead. */
function giveUp(): void {
  failed.value = true;
  scanning.value = false;
}

function ScanBox() {
  const busy = isUnderWay("scan");
  const send = (event: Event): void => {
    event.preventDefault();
    const input = (event.currentTarget as HTMLFormElement).elements.namedItem("code") as HTMLInputElement;
    const code = input.value.trim();
    if (readingsOf(code).length === 0) return;
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
          <input
            name="code"
            required
            maxLength={SCANNED_MAX}
            autocomplete="off"
            spellcheck={false}
            dir="ltr"
          />
        </label>
        <button type="submit" class="quiet" disabled={busy}>
          {t("sendCode")}
        </button>
      </form>
    </section>
  );
}

/** A code tells which clue it solves. */
function UnderList({ open }: { open: boolean }) {
  return open ? <ScanBox /> : null;
}

export const scan: KindOnPage = { icon: "camera", Solve: ScanBox, UnderList };
