/** The device's camera as a reader of codes. The reader itself is loaded when it is first used. */
import { useEffect, useRef } from "preact/hooks";
import { t } from "../shared/i18n.ts";
import { part } from "../shared/parts.ts";

/** Time between looks at the picture, ms: a cheap phone needs the rest for itself. */
const LOOK_EVERY = 200;

interface Watcher {
  /** The first code that was seen; nothing is read after it. */
  onCode(text: string): void;
  /** There is no camera, no permission, or no reader. */
  onFailure(): void;
}

/** Reads codes as long as it is on the page. */
export function Camera({ onCode, onFailure }: Watcher) {
  const video = useRef<HTMLVideoElement>(null);
  useEffect(() => {
    let over = false;
    let stream: MediaStream | undefined;
    const run = async (): Promise<void> => {
      try {
        const [detector, opened] = await Promise.all([
          part(
            "detector",
            () => import("./detector.ts"),
            ({ makeDetector }) => makeDetector(),
          ),
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
            onCode(found.rawValue);
            return;
          }
          await new Promise((done) => setTimeout(done, LOOK_EVERY));
        }
      } catch {
        onFailure();
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
