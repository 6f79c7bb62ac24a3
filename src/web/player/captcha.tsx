/** Cloudflare Turnstile's widget: its script is loaded where a hunt asks for it, and nowhere else. */
import { signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { locale, t } from "../shared/i18n.ts";

interface Turnstile {
  render(element: HTMLElement, options: Record<string, unknown>): string;
  reset(widget?: string): void;
  remove(widget: string): void;
}

const SCRIPT = "https://challenges.cloudflare.com/turnstile/v0/api.js?render=explicit";

/** Its response, which serves once; empty: there is none yet. */
export const captchaResponse = signal("");
/** The widget cannot be had: the engine decides then. */
export const captchaIsAway = signal(false);

let loading: Promise<Turnstile> | undefined;

function load(): Promise<Turnstile> {
  loading ??= new Promise<Turnstile>((done, fail) => {
    const script = document.createElement("script");
    script.src = SCRIPT;
    script.async = true;
    script.onload = () => {
      const { turnstile } = window as { turnstile?: Turnstile };
      if (turnstile) done(turnstile);
      else fail(new Error("no widget"));
    };
    script.onerror = () => fail(new Error("not loaded"));
    document.head.append(script);
  }).catch((error: unknown) => {
    loading = undefined;
    throw error;
  });
  return loading;
}

let shown: { turnstile: Turnstile; widget: string } | undefined;

/** The response was used: another one is made. */
export function anotherCaptcha(): void {
  captchaResponse.value = "";
  shown?.turnstile.reset(shown.widget);
}

export function Captcha({ siteKey }: { siteKey: string }) {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    let isGone = false;
    captchaIsAway.value = false;
    load()
      .then((turnstile) => {
        if (isGone || !place.current) return;
        const widget = turnstile.render(place.current, {
          sitekey: siteKey,
          language: locale.value,
          callback: (response: string) => {
            captchaResponse.value = response;
          },
          "expired-callback": () => {
            captchaResponse.value = "";
          },
          "error-callback": () => {
            captchaIsAway.value = true;
          },
        });
        shown = { turnstile, widget };
      })
      .catch(() => {
        captchaIsAway.value = true;
      });
    return () => {
      isGone = true;
      shown?.turnstile.remove(shown.widget);
      shown = undefined;
    };
  }, [siteKey]);
  return (
    <>
      <div ref={place} class="captcha" />
      {captchaIsAway.value && <p class="note">{t("captchaAway")}</p>}
    </>
  );
}
