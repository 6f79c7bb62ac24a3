/** Who organises: roles, the list of organisers, signing in, and revoking. */
import { z } from "zod";
import { id, isBroken, reason, SLUG, slug, text, time, told } from "./basics.ts";
import { ALL_HUNTS, ORGANISER_ROLES } from "./role-table.ts";

/** Hunts that a token or a line of the list names at most: more belong to who has all. */
export const HUNTS_NAMED_MAX = 50;

/** Organisers in the list at most. */
export const ORGANISERS_MAX = 1_000;

/** Longest name of a person in a token: that of an e-mail address (RFC 5321 §4.5.3.1). */
export const SUBJECT_MAX = 254;

/** Longest ID token, characters: some carry the groups of their person. */
export const ID_TOKEN_MAX = 16_384;

const role = z.enum(ORGANISER_ROLES).meta({
  description:
    "viewer: every GET but codes, answers and personal data; judge: viewer, help and judging; operator: judge, and the running hunt; editor: viewer, and the definition; owner: all",
  examples: ["operator"],
});

const huntNamed = z
  .string()
  .refine((value) => value === ALL_HUNTS || SLUG.test(value), { message: "must be a hunt's id, or *" })
  .meta({ description: "A hunt's id; `*`: every hunt", examples: ["harbour-nights"] });

const isSet = (values: readonly string[]): boolean => new Set(values).size === values.length;

export const rolesGiven = z
  .array(role)
  .min(1)
  .refine(isSet, { message: "must name each role once" })
  .meta({ description: "What the person may do; several add up", examples: [["operator", "editor"]] });

export const huntsGiven = z
  .array(huntNamed)
  .min(1)
  .max(HUNTS_NAMED_MAX)
  .refine(isSet, { message: "must name each hunt once" })
  .meta({
    description: `The hunts it may do it in, ${HUNTS_NAMED_MAX} at most; \`*\`: in every one`,
    examples: [["harbour-nights"]],
  });

export const organiserMe = z
  .strictObject({
    name: told("Who it is: the subject of the token, as the audit has it", "ada@example.org"),
    roles: z.array(role).meta({ description: "What the token may do", examples: [["operator"]] }),
    hunts: z
      .array(z.union([z.literal(ALL_HUNTS), slug]))
      .meta({ description: "In which hunts; `*`: in every one", examples: [["*"]] }),
    expiresAt: time.describe("When the token expires"),
    serverTime: time.describe("Now, by the engine"),
    token: id
      .meta({
        description: "The token's id, by which it can be revoked; older tokens have none",
        examples: ["6c7d5a0e-3d3f-4b7e-9d7b-6f0f1e2d3c4b"],
      })
      .exactOptional(),
  })
  .meta({
    id: "OrganiserMe",
    description: "Who asks, and what it may do",
    examples: [
      {
        name: "ada@example.org",
        roles: ["operator"],
        hunts: ["harbour-nights"],
        expiresAt: "2026-06-06T18:30:00.000Z",
        serverTime: "2026-06-06T12:00:00.000Z",
      },
    ],
  });
export type OrganiserMe = z.infer<typeof organiserMe>;

const email = z
  .string()
  .trim()
  .toLowerCase()
  .max(SUBJECT_MAX)
  .regex(/^[^\s@]+@[^\s@]+$/, "must be an e-mail address")
  .refine((value) => !isBroken(value), { message: "must be well-formed text without control characters" })
  .meta({
    description: "The verified e-mail address that the person signs in with; without case",
    examples: ["ada@example.org"],
  });

const listed = z.strictObject({ email, roles: rolesGiven, hunts: huntsGiven }).meta({
  id: "Organiser",
  description: "Somebody who may sign in",
  examples: [{ email: "ada@example.org", roles: ["operator"], hunts: ["harbour-nights"] }],
});
export type Organiser = z.infer<typeof listed>;

export const organiserList = z
  .strictObject({
    organisers: z
      .array(listed)
      .max(ORGANISERS_MAX)
      .refine((list) => isSet(list.map((one) => one.email)), { message: "must name each address once" })
      .meta({ description: `Who may sign in, ${ORGANISERS_MAX} at most`, examples: [[]] }),
  })
  .meta({ id: "Organisers", description: "Who may sign in", examples: [{ organisers: [] }] });
export type Organisers = z.infer<typeof organiserList>;

export const organisersHeaders = z.object({
  "if-match": z
    .string()
    .meta({ description: "The ETag of the list that this one replaces; required", examples: ['"3"'] })
    .exactOptional(),
});

/** Where and how the console sends somebody who signs in; the code that comes back goes to `POST /v1/session`. */
export const signInWay = z
  .strictObject({
    issuer: told("The issuer, as its tokens and its responses name it", "https://login.example"),
    clientId: told("The console's client id there", "the-console"),
    authorizationEndpoint: told("Where the browser goes", "https://login.example/authorize"),
    responseMode: z.enum(["fragment", "query"]).meta({
      description: "How it comes back: behind the hash, which no server is told, where the issuer can",
      examples: ["fragment"],
    }),
  })
  .meta({
    id: "SignInWay",
    description: "How organisers sign in by OpenID Connect",
    examples: [
      {
        issuer: "https://login.example",
        clientId: "the-console",
        authorizationEndpoint: "https://login.example/authorize",
        responseMode: "fragment",
      },
    ],
  });
export type SignInWay = z.infer<typeof signInWay>;

const random = (of: string) =>
  z
    .string()
    // What RFC 7636 §4.1 takes as a verifier.
    .regex(/^[A-Za-z0-9._~-]{43,128}$/, "must be 43 to 128 letters, digits, -, ., _ or ~")
    .meta({ description: of, examples: ["dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"] });

const authorizationCode = z
  .strictObject({
    code: z
      .string()
      .min(1)
      .max(4_096)
      .meta({ description: "The code that the issuer sent back", examples: ["SplxlOBeZQQYbYS6WxSbIA"] }),
    codeVerifier: random("What the challenge was made from (RFC 7636)"),
    nonce: random("What the ID token must repeat"),
    redirectUri: z
      .url({ protocol: /^https?$/ })
      .max(500)
      .meta({
        description: "Where the issuer sent the browser back to",
        examples: ["https://hunt.example/organise"],
      }),
  })
  .meta({
    id: "AuthorizationCode",
    description: "A code of OIDC_ISSUER, which the engine changes for an ID token",
    examples: [
      {
        code: "SplxlOBeZQQYbYS6WxSbIA",
        codeVerifier: "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
        nonce: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
        redirectUri: "https://hunt.example/organise",
      },
    ],
  });
export type AuthorizationCode = z.infer<typeof authorizationCode>;

export const sessionBody = z
  .strictObject({
    idToken: z
      .string()
      .max(ID_TOKEN_MAX)
      .meta({
        description: "An ID token of OIDC_ISSUER for OIDC_AUDIENCE; not needed behind Cloudflare Access",
        examples: ["eyJhbGciOiJSUzI1NiJ9.e30.c2ln"],
      })
      .exactOptional(),
    authorization: authorizationCode.exactOptional(),
  })
  .meta({
    id: "SignIn",
    description: "Proof of who signs in",
    examples: [{ idToken: "eyJhbGciOiJSUzI1NiJ9.e30.c2ln" }],
  });

export const sessionHeaders = z.object({
  "cf-access-jwt-assertion": z
    .string()
    .max(ID_TOKEN_MAX)
    .meta({
      description: "What Cloudflare Access says of who passed it (ACCESS_TEAM_URL, ACCESS_AUD)",
      examples: ["eyJhbGciOiJSUzI1NiJ9.e30.c2ln"],
    })
    .exactOptional(),
});

export const session = z
  .strictObject({
    token: told("The organiser's token", "eyJhbGciOiJIUzI1NiJ9.e30.c2ln"),
    expiresAt: time.describe("When it expires: eight hours on"),
  })
  .meta({
    id: "Session",
    description: "Signed in",
    examples: [{ token: "eyJhbGciOiJIUzI1NiJ9.e30.c2ln", expiresAt: "2026-06-06T18:30:00.000Z" }],
  });
export type Session = z.infer<typeof session>;

export const revokeBody = z
  .strictObject({
    token: id
      .meta({ description: "A token's id (`jti`)", examples: ["6c7d5a0e-3d3f-4b7e-9d7b-6f0f1e2d3c4b"] })
      .exactOptional(),
    sub: text(SUBJECT_MAX)
      .min(1)
      .meta({
        description: "A person: every token of theirs that was made up to now",
        examples: ["ada@example.org"],
      })
      .exactOptional(),
    reason,
  })
  .refine(({ token, sub }) => token !== undefined || sub !== undefined, {
    message: "must name a token, a person, or both",
  })
  .meta({
    id: "RevokeToken",
    description: "Tokens to void",
    examples: [{ sub: "ada@example.org", reason: "the phone was stolen" }],
  });
export type RevokeBody = z.infer<typeof revokeBody>;

export const revokedTokens = z
  .strictObject({
    token: id.describe("The token that is void").exactOptional(),
    sub: told("Whose tokens are void", "ada@example.org").exactOptional(),
    at: time.describe("Tokens of the person made later are good"),
  })
  .meta({
    id: "RevokedTokens",
    description: "Void everywhere within a minute",
    examples: [{ sub: "ada@example.org", at: "2026-06-06T18:30:00.000Z" }],
  });
export type RevokedTokens = z.infer<typeof revokedTokens>;
