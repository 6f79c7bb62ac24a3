/** What every page is sent with: nothing from elsewhere but pictures a hunt's author named and a captcha's widget, nothing inline but its own style. */

/** Where Turnstile's widget comes from. */
const TURNSTILE = "https://challenges.cloudflare.com";

/** No site shows a page in a frame. */
const CLOSED = "frame-ancestors 'none'";

/** The headers of a page of a hunt that these origins may show in a frame. */
export const framedBy = (
  headers: Readonly<Record<string, string>>,
  origins: readonly string[],
): Record<string, string> => ({
  ...headers,
  "Content-Security-Policy": (headers["Content-Security-Policy"] ?? "").replace(
    CLOSED,
    `frame-ancestors ${origins.join(" ")}`,
  ),
});

/** The headers of a page with one more inline style, by its hash. */
export const styledBy = (
  headers: Readonly<Record<string, string>>,
  hash: string,
): Record<string, string> => ({
  ...headers,
  "Content-Security-Policy": (headers["Content-Security-Policy"] ?? "").replace(
    "style-src 'self'",
    `style-src 'self' 'sha256-${hash}'`,
  ),
});

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
    CLOSED,
  ].join("; ");

/** `captcha`: hunts of this deployment may ask for Turnstile, whose widget is a script and a frame. */
export const pageHeaders = (styles: readonly string[] = [], captcha = false): Record<string, string> => ({
  "Content-Security-Policy": policy(styles, captcha),
  "X-Content-Type-Options": "nosniff",
  "Referrer-Policy": "same-origin",
  "Permissions-Policy": "camera=(self), geolocation=(self), microphone=(), payment=()",
  "Cross-Origin-Opener-Policy": "same-origin",
});
