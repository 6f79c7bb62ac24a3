import { describe, expect, test } from "vitest";
import { overPublicNet } from "../../src/public-net.ts";
import { allowedIn, isAllowedIn, refuseEndpoint } from "../../src/push/endpoint.ts";

describe("[PUSH-4] which addresses of push services are called", () => {
  test.each([
    "https://fcm.googleapis.com/fcm/send/abc",
    "https://updates.push.services.mozilla.com/wpush/v2/x",
    "https://web.push.apple.com/QGq",
    "https://wns2-par02p.notify.windows.com/w/?token=x",
    "https://web.push.apple.com:443/x",
  ])("%s", (endpoint) => {
    expect(refuseEndpoint(endpoint, [])).toBe(undefined);
  });

  test.each([
    "",
    "no address",
    "http://push.example.net/x",
    "ftp://push.example.net/x",
    "https://push.example.net:8443/x",
    "https://a:b@push.example.net/x",
    "https://127.0.0.1/x",
    "https://127.1/x",
    "https://2130706433/x",
    "https://0x7f.1/x",
    "https://0177.0.0.1/x",
    "https://10.0.0.8/x",
    "https://169.254.169.254/latest",
    "https://93.184.216.34/x",
    "https://[::1]/x",
    "https://[::ffff:127.0.0.1]/x",
    "https://[fd00::1]/x",
    "https://１２７.0.0.1/x",
    "https://localhost/x",
    "https://localhost./x",
    "https://a.localhost/x",
    "https://printer.local/x",
    "https://metadata.google.internal/x",
    "https://intranet/x",
    "https://router.home.arpa/x",
    "https://hidden.onion/x",
  ])("not %s", (endpoint) => {
    expect(refuseEndpoint(endpoint, [])).not.toBe(undefined);
  });

  test("hosts that the operator allows, with their port and no other", () => {
    const allowed = allowedIn("127.0.0.1:8819,push.test");
    expect(refuseEndpoint("http://127.0.0.1:8819/x", allowed)).toBe(undefined);
    expect(refuseEndpoint("https://push.test/x", allowed)).toBe(undefined);
    expect(refuseEndpoint("http://127.0.0.1:8818/x", allowed)).not.toBe(undefined);
    expect(refuseEndpoint("http://127.0.0.1/x", allowed)).not.toBe(undefined);
    expect(refuseEndpoint("file://push.test/x", allowed)).not.toBe(undefined);
    expect(allowedIn("")).toEqual([]);
  });
});

test("[PUSH-4] calls go over the network binding, but to hosts that are allowed", async () => {
  const allowed = allowedIn("127.0.0.1:8819");
  const net = { fetch: async () => new Response("net") };
  const outside = async () => new Response("outside");
  const by = async (address: string, binding: typeof net | undefined): Promise<string> => {
    const call = overPublicNet(binding as unknown as Fetcher, isAllowedIn(address, allowed), outside);
    return (await call(address, {})).text();
  };
  expect(await by("https://push.example.net/x", net)).toBe("net");
  expect(await by("http://127.0.0.1:8819/x", net)).toBe("outside");
  expect(await by("https://push.example.net/x", undefined)).toBe("outside");
});
