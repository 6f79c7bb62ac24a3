/**
 * What tells who somebody is stands in no fact of the log: it is kept beside it,
 * and the fact has a salted commitment in its place (`personal`). So it can be
 * deleted, and the log with all its copies and proofs stays as it was.
 */
import { base64url, sha256 } from "../hmac.ts";
import {
  type Fact,
  FORGOTTEN_NAME,
  type GivenConsent,
  type GivenField,
  type NewFact,
  type Position,
} from "../protocol.ts";

/** Of one fact. In this order, because the commitment is over its JSON text. */
export interface Personal {
  player: string;
  name?: string;
  externalId?: string;
  /** Of a solo player's team, which is named after the player. */
  teamName?: string;
  /** Lists, because no key of them may be one that a hunt's author chose (src/proof/line.ts). */
  fields?: GivenField[];
  consents?: GivenConsent[];
  position?: Position;
  /** From the place that it was held against: three of them would tell where that is, which the player may not know. */
  distance?: number;
  /** What was written for judging. */
  text?: string;
  /** 128 random bits, so that a commitment tells nothing of a name that somebody guesses. */
  salt: string;
}

/** What is personal of facts of a log, by seq. */
export type Persons = Record<number, Personal>;

/** A fact as the log has it, and beside it what is personal of it, unless that was forgotten. */
export type Exported = Fact & { person?: Personal };

/** Facts that an export cannot have: their segment is not as it was written. `seq`: of the last of them. */
export interface ExportedGap {
  type: "gap";
  first: number;
  seq: number;
}

const SALT_BYTES = 16;
const HASH_BYTES = 32;

/** Base64url of the SHA-256 of the JSON text. */
export const commitmentTo = (personal: Personal): string =>
  base64url(sha256(JSON.stringify(personal)), HASH_BYTES);

export function newSalt(): string {
  return base64url(crypto.getRandomValues(new Uint8Array(SALT_BYTES)), SALT_BYTES);
}

/** The fact as the log keeps it, and what is kept beside it; undefined: it has nothing personal. */
export function partsOf<Of extends Fact | NewFact>(
  fact: Of,
  salt: () => string = newSalt,
): { logged: Of & { personal: string }; personal: Personal } | undefined {
  if (fact.type === "join") {
    const { name, externalId, created, fields, consents, ...rest } = fact;
    // Teams of several have a code; a name that is a person's has none.
    const solo = created !== undefined && created.joinCode === undefined;
    const personal: Personal = {
      player: fact.player,
      name,
      ...(externalId === undefined ? {} : { externalId }),
      ...(solo ? { teamName: created.name } : {}),
      ...(fields === undefined ? {} : { fields }),
      ...(consents === undefined ? {} : { consents }),
      salt: salt(),
    };
    const { name: _, ...nameless } = created ?? { name: "" };
    const logged = {
      ...rest,
      ...(created === undefined ? {} : { created: solo ? nameless : created }),
      personal: commitmentTo(personal),
    };
    return { logged: logged as unknown as Of & { personal: string }, personal };
  }
  if (fact.type === "arrive") {
    const { name, externalId, fields, consents, position, ...rest } = fact;
    const personal: Personal = {
      player: fact.player,
      name,
      ...(externalId === undefined ? {} : { externalId }),
      ...(fields === undefined ? {} : { fields }),
      ...(consents === undefined ? {} : { consents }),
      ...(position === undefined ? {} : { position }),
      salt: salt(),
    };
    const logged = { ...rest, personal: commitmentTo(personal) };
    return { logged: logged as unknown as Of & { personal: string }, personal };
  }
  if (fact.type === "rename" && fact.player !== undefined) {
    const { name, ...rest } = fact;
    const personal: Personal = { player: fact.player, teamName: name, salt: salt() };
    const logged = { ...rest, personal: commitmentTo(personal) };
    return { logged: logged as unknown as Of & { personal: string }, personal };
  }
  if (fact.type === "submit" && fact.text !== undefined) {
    const { text, ...rest } = fact;
    const personal: Personal = { player: fact.player, text, salt: salt() };
    const logged = { ...rest, personal: commitmentTo(personal) };
    return { logged: logged as unknown as Of & { personal: string }, personal };
  }
  if (!("position" in fact) || fact.position === undefined) return undefined;
  const { position, distance, ...rest } = fact;
  const personal: Personal = {
    player: fact.player,
    position,
    ...(distance === undefined ? {} : { distance }),
    salt: salt(),
  };
  return {
    logged: { ...rest, personal: commitmentTo(personal) } as unknown as Of & { personal: string },
    personal,
  };
}

/** The fact with what is kept beside it; undefined: that was forgotten, and neutral words stand for it. */
export function whole(logged: Fact, personal: Personal | undefined): Fact {
  if (logged.type === "join") {
    const { created } = logged;
    return {
      ...logged,
      name: personal?.name ?? FORGOTTEN_NAME,
      ...(personal?.externalId === undefined ? {} : { externalId: personal.externalId }),
      ...(personal?.fields === undefined ? {} : { fields: personal.fields }),
      ...(personal?.consents === undefined ? {} : { consents: personal.consents }),
      ...(created === undefined
        ? {}
        : { created: { ...created, name: created.name ?? personal?.teamName ?? FORGOTTEN_NAME } }),
    };
  }
  if (logged.type === "arrive") {
    return {
      ...logged,
      name: personal?.name ?? FORGOTTEN_NAME,
      ...(personal?.externalId === undefined ? {} : { externalId: personal.externalId }),
      ...(personal?.fields === undefined ? {} : { fields: personal.fields }),
      ...(personal?.consents === undefined ? {} : { consents: personal.consents }),
      ...(personal?.position === undefined ? {} : { position: personal.position }),
    };
  }
  if (logged.type === "rename" && logged.player !== undefined) {
    return { ...logged, name: personal?.teamName ?? FORGOTTEN_NAME };
  }
  if (logged.type === "submit" && personal?.text !== undefined) return { ...logged, text: personal.text };
  if (personal?.position === undefined) return logged;
  const { position, distance } = personal;
  return { ...logged, position, ...(distance === undefined ? {} : { distance }) } as Fact;
}
