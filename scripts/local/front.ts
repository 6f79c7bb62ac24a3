/**
 * The module that stands before the Worker's own in a local engine. It refuses
 * here what Cloudflare refuses before it asks a Worker, and workerd passes on.
 */
import { ERRORS } from "../../src/errors.ts";

const { status, title } = ERRORS.bad_request;

const PROBLEM = JSON.stringify({
  type: "urn:hunt:problem:bad_request",
  title,
  status,
  code: "bad_request",
  detail: "the Host header must be one host, and the target a path",
});

/** Hosts that are remembered as well-formed. A proxy may pass on any number of them. */
const HOSTS_MAX = 100;

/** Its text; the Worker is `./worker.js`. */
export const FRONT = `
import worker from "./worker.js";
export * from "./worker.js";

const hosts = new Set();

/* Two Host headers arrive as "a, b", and the target "*" without a slash. */
function isWellFormed(url) {
  const start = url.indexOf("//") + 2;
  const end = url.indexOf("/", start);
  if (end < 0) return false;
  const host = url.slice(start, end);
  if (hosts.has(host)) return true;
  if (!/^[\\w.:[\\]-]+$/.test(host) || !URL.canParse("http://" + host)) return false;
  if (hosts.size < ${HOSTS_MAX}) hosts.add(host);
  return true;
}

export default {
  ...worker,
  fetch(request, env, context) {
    if (isWellFormed(request.url)) return worker.fetch(request, env, context);
    return new Response(${JSON.stringify(PROBLEM)}, {
      status: ${status},
      headers: { "Content-Type": "application/problem+json" },
    });
  },
  /* workerd accepts CONNECT before it asks, so all that can be done is to end the tunnel at once. */
  connect: (socket) => socket.close(),
};
`;
