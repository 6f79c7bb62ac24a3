/** Scanning a code with the camera, or typing it. The reader is loaded when it is first used. */
import { signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { decoded } from "../shared/api.ts";
import { t } from "../shared/i18n.ts";
import { Icon } from "../shared/icons.tsx";
import { aboutOf, act, pending, phase, verdicts } from "./state.ts";
import { Verdict } from "./verdict.tsx";

const scanning = signal(false);
const failed = signal(false);

/** Time between looks at the picture, ms: a cheap phone needs the rest for itself. */
const LOOK_EVERY = 200;

/** A printed code may be an address that carries it: `…/play/hunt#code=…`, or `?code=…` */
function codeOf(text: string): string {
  const carried = /^https?:.*[?#&]code=([^&#\s]+)/i.exec(text)?.[1];
  return carried === undefined ? text : decoded(carried);
}

function Camera() {
  const video = useRef<HTMLVideoElement>(null);
  useEffect(() => {
    let over = false;
    let stream: MediaStream | undefined;
    const run = async (): Promise<void> => {
      try {
        const { makeDetector } = await import("./detector.ts");
        const [detector, opened] = await Promise.all([
          makeDetector(),
          navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } }),
        ]);
        stream = opened;
        if (!video.current || over) {
          // Closed while the permission was asked for.
          for (const track of opened.getTracks()) track.stop();
          return;
        }
        video.current.srcObject = stream;
        await video.current.play();
        while (!over && video.current) {
          const [found] = await detector.detect(video.current);
          if (found) {
            scanning.value = false;
            await act({ type: "scan", code: codeOf(found.rawValue) });
            return;
          }
          await new Promise((done) => setTimeout(done, LOOK_EVERY));
        }
      } catch {
        // No camera, no permission, or no reader: the code can be typed.
        failed.value = true;
        scanning.value = false;
      }
    };
    void run();
    return () => {
      over = true;
      for (const track of stream?.getTracks() ?? []) track.stop();
    };
  }, []);
  return (
    <div class="camera">
      <video ref={video} muted playsInline aria-label={t("scanning")} />
      <p>{t("scanning")}</p>
    </div>
  );
}

export function ScanBox() {
  const verdict = verdicts.value.scan;
  const busy = pending.value.some((event) => aboutOf(event) === "scan");
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
      {scanning.value && <Camera />}
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
