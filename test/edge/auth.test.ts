import { expect, test } from "vitest";
import { createSecrets, mintOrganiserToken } from "../../scripts/local/secrets.ts";
import { requireOrganiser } from "../../src/edge/auth.ts";

test("[SEC-85] a ring that cannot be used is an error that names the secret, not a refused token", async () => {
  const secrets = createSecrets();
  const now = Date.now();
  const sent = `Bearer ${await mintOrganiserToken(secrets, now)}`;
  const short = { ...secrets, ORGANISER_TOKEN_KEYS: `${secrets.ORGANISER_TOKEN_KEYS},k1:c2hvcnQ` };
  await expect(requireOrganiser(short, sent, now)).rejects.toThrow(
    /ORGANISER_TOKEN_KEYS has a key of 5 bytes/,
  );
  await expect(requireOrganiser(secrets, sent, now)).resolves.toMatchObject({ subject: "local" });
});
