/** Bringing team-mates: a link, the same as a QR code, and the code to say aloud. */
import { signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { t } from "../shared/i18n.ts";
import { encoded } from "../shared/outside.ts";
import { hunt, session } from "./state.ts";

const copied = signal(false);
const SHARES = "share" in navigator && matchMedia("(pointer: coarse)").matches;

const linkOf = (code: string): string => `${location.origin}${location.pathname}?join=${encoded(code)}`;

export function Invite() {
  const picture = useRef<HTMLDivElement>(null);
  const code = session.value?.team.joinCode ?? "";
  useEffect(() => {
    void import("uqr")
      .then(({ renderSVG }) => {
        if (picture.current) picture.current.innerHTML = renderSVG(linkOf(code), { border: 2 });
      })
      // Offline, and never loaded before, or too long for a picture: the code below says the same.
      .catch(() => picture.current?.remove());
  }, [code]);
  const copy = async (): Promise<void> => {
    // The system's own sheet where there is one: that is how links are passed on from a phone.
    if (SHARES) {
      await navigator.share({ url: linkOf(code), title: hunt.value?.title ?? "" }).catch(() => undefined);
      return;
    }
    await navigator.clipboard.writeText(linkOf(code));
    copied.value = true;
  };
  return (
    <section class="card stack invite">
      <h2>{t("inviteTitle")}</h2>
      <p class="soft">{t("inviteText")}</p>
      <div class="qr" ref={picture} role="img" aria-label={linkOf(code)} />
      <p class="code" dir="ltr">
        {code}
      </p>
      <button type="button" class="quiet" onClick={() => void copy()}>
        {copied.value ? t("copied") : t(SHARES ? "shareLink" : "copyLink")}
      </button>
    </section>
  );
}
