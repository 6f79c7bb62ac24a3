/** Bringing team-mates: a link, the same as a QR code, and the code to say aloud. */
import { signal } from "@preact/signals";
import { t } from "../shared/i18n.ts";
import { encoded } from "../shared/outside.ts";
import { useQrCode } from "../shared/qr-code.ts";
import { hunt, me, session } from "./state.ts";

const copied = signal(false);
const SHARES = "share" in navigator && matchMedia("(pointer: coarse)").matches;

const linkOf = (code: string): string => `${location.origin}${location.pathname}?join=${encoded(code)}`;

export function Invite() {
  // The captain may have made another one since this device joined.
  const code = me.value?.team.joinCode ?? session.value?.team.joinCode ?? "";
  const picture = useQrCode(linkOf(code));
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
