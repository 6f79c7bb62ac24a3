/** How what was done last went, told at the place where it was done. */
import { useEffect, useState } from "preact/hooks";
import { countdown } from "../shared/i18n.ts";
import { told } from "./state.ts";

export function ToldAt({ place }: { place: string }) {
  const own = told.value.get(place);
  return (
    <div role="status" aria-live="polite" class="told" data-place={place}>
      {own && (
        <div class={`note ${own.state === "busy" ? "" : own.state}`}>
          {own.text} {own.since !== undefined && own.state === "busy" && <Since at={own.since} />}
          {own.lines && own.lines.length > 0 && (
            <ul>
              {own.lines.map((line) => (
                <li key={line} dir="auto">
                  {line}
                </li>
              ))}
            </ul>
          )}
        </div>
      )}
    </div>
  );
}

/** How long it has taken so far. Not read aloud each second. */
export function Since({ at }: { at: number }) {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1_000);
    return () => clearInterval(timer);
  }, []);
  return (
    <span class="number" aria-hidden="true">
      {countdown(Math.floor((now - at) / 1_000) * 1_000)}
    </span>
  );
}
