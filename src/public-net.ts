/** Calls of what others named: webhooks, push services. */

/** How such an address is called. */
export type Fetching = (url: string, init: RequestInit) => Promise<Response>;

/**
 * Over a network binding, which looks at the address that it connects to, whatever the name resolved to before: it
 * connects to none that is private. `isAllowed`: the engine's operator permits the host whatever its address is.
 * Without a binding by `outside`: on Cloudflare no Worker reaches a private address.
 */
export function overPublicNet(
  net: Pick<Fetcher, "fetch"> | undefined,
  isAllowed: boolean,
  outside: Fetching = (url, init) => fetch(url, init),
): Fetching {
  return isAllowed || !net ? outside : (url, init) => net.fetch(url, init as RequestInit & { cf?: never });
}
