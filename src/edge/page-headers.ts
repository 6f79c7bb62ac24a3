/** What every page is sent with: nothing inline, nothing from elsewhere but pictures a hunt's author named. */

const POLICY = [
  "default-src 'self'",
  // A scanner without a native one compiles WebAssembly of its own.
  "script-src 'self' 'wasm-unsafe-eval'",
  "style-src 'self'",
  "img-src 'self' data: blob: https:",
  "connect-src 'self'",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join("; ");

export const PAGE_HEADERS = {
  "Content-Security-Policy": POLICY,
  "X-Content-Type-Options": "nosniff",
  "Referrer-Policy": "same-origin",
  "Permissions-Policy": "camera=(self), geolocation=(self), microphone=(), payment=()",
  "Cross-Origin-Opener-Policy": "same-origin",
} as const;
