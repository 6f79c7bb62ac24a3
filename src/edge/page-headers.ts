/** What every page is sent with: nothing from elsewhere but pictures a hunt's author named and a captcha's widget, nothing inline but its own style. */

/** Where Turnstile's widget comes from. */
const TURNSTILE = "https://challenges.cloudflare.com";

/** `styles`: hashes of the inline styles that the page may have. */
const policy = (styles: readonly string[], captcha: boolean): string =>
  [
    "default-src 'self'",
    // A scanner without a native one compiles WebAssembly of its own.
    `script-src 'self' 'wasm-unsafe-eval'${captcha ? ` ${TURNSTILE}` : ""}`,
    ...(captcha ? [`frame-src ${TURNSTILE}`] : []),
    ["style-src 'self'", ...styles.map((hash) => `'sha256-${hash}'`)].join(" "),
    "img-src 'self' data: blob: https:",
    "connect-src 'self'",
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join("; ");

/** `captcha`: hunts of this deployment may ask for Turnstile, whose widget is a script and a frame. */
export const pageHeaders = (styles: readonly string[] = [], captcha = false): Record<string, string> => ({
  "Content-Security-Policy": policy(styles, captcha),
  "X-Content-Type-Options": "nosniff",
  "Referrer-Policy": "same-origin",
  "Permissions-Policy": "camera=(self), geolocation=(self), microphone=(), payment=()",
  "Cross-Origin-Opener-Policy": "same-origin",
});
