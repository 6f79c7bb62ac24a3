/**
 * What is kept beside the facts of the log, put together with them where they
 * commit to it. It stands in the row of its segment, by seq, each sealed under
 * the key of its person: without the key the person is forgotten, and the row
 * stays as it was.
 */
import { base64url, sha256 } from "../hmac.ts";
import type { PersonKeys } from "../people/keys.ts";
import { commitmentTo, type Personal, type Persons, whole } from "../people/personal.ts";
import { seal, unseal } from "../people/seal.ts";
import type { Fact } from "../protocol.ts";
import type { StoredSegment } from "./segment-rows.ts";

/** Where the key stands, what was sealed, and a check of where, because a deleted key opens nothing that could tell. */
export type Sealed = [slot: number, text: string, check: string];

/** What stands beside a segment's facts, by seq. Earlier engines had it in clear. */
export type Beside = Record<string, Sealed | Personal>;

const CHECK_BYTES = 3;

/** Where the keys stand that a text says it is sealed under, beside facts that nobody can read now. */
export function slotsIn(persons: string): number[] {
  return [...persons.matchAll(/"\d+":\[(\d+),/g)].map(([, slot]) => Number(slot));
}

const checkOf = (seq: number, slot: number): string => base64url(sha256(`${seq}\n${slot}`), CHECK_BYTES);

export function sealed(keys: PersonKeys, seq: number, slot: number, personal: Personal): Sealed | undefined {
  const key = keys.at(slot);
  if (typeof key !== "object") return undefined;
  return [slot, seal(key, JSON.stringify(personal)), checkOf(seq, slot)];
}

/** What stands beside the fact in the place of what was forgotten: the key at `slot` is deleted. */
export const forgottenBeside = (seq: number, slot: number): Sealed => [slot, "", checkOf(seq, slot)];

export class LogPersons {
  readonly #keys: PersonKeys;
  /** First facts of the segments whose persons do not fit: told once. */
  readonly #lost = new Set<number>();

  constructor(keys: PersonKeys) {
    this.#keys = keys;
  }

  /** First facts of segments beside which names and positions are not as they were written. */
  get lost(): readonly number[] {
    return [...this.#lost].sort((a, b) => a - b);
  }

  /** The facts of a segment, with what is kept beside it; a neutral name and no position where that does not fit. */
  factsOf(segment: StoredSegment): Fact[] {
    const logged = JSON.parse(`[${segment.body}]`) as Fact[];
    // Nothing of it is personal.
    if (segment.persons === null && !segment.body.includes('"personal":')) return logged;
    const { persons, slots } = this.#read(segment, logged);
    return logged.map((fact) => {
      if (fact.personal === undefined) return fact;
      const full = whole(fact, persons[fact.seq]);
      const slot = slots[fact.seq];
      return slot === undefined ? full : { ...full, slot };
    });
  }

  /** Those that the facts of the segment commit to, but for who was forgotten. */
  of(segment: StoredSegment): Persons {
    return this.#read(segment).persons;
  }

  /** Where the keys stand of those beside the segment, as far as that is not broken. */
  slotsOf(segment: StoredSegment): number[] {
    return Object.values(this.#read(segment).slots);
  }

  #read(
    segment: StoredSegment,
    logged?: readonly Fact[],
  ): { persons: Persons; slots: Record<number, number> } {
    const persons: Persons = {};
    const slots: Record<number, number> = {};
    if (segment.persons === null && !segment.body.includes('"personal":')) return { persons, slots };
    let isLost = false;
    try {
      const facts = logged ?? (JSON.parse(`[${segment.body}]`) as Fact[]);
      const beside = (JSON.parse(segment.persons ?? "{}") ?? {}) as Beside;
      for (const { seq, personal } of facts) {
        if (personal === undefined) continue;
        const entry = beside[seq];
        isLost ||= !entry;
        if (!entry) continue;
        // Where the key stands is right, whether it opens anything or not.
        if (Array.isArray(entry) && entry[2] === checkOf(seq, entry[0])) slots[seq] = entry[0];
        const person = Array.isArray(entry) ? this.#open(seq, entry) : entry;
        if (person === undefined) continue;
        if (person !== "forgotten") {
          if (commitmentTo(person) !== personal) continue;
          persons[seq] = person;
        }
        if (Array.isArray(entry)) slots[seq] = entry[0];
        delete beside[seq];
      }
      if (!isLost && Object.keys(beside).length === 0) return { persons, slots };
    } catch {
      // No JSON any more: nobody can say whose it was.
    }
    this.#tellLost(segment);
    return { persons, slots };
  }

  /** Undefined: it is not as it was written. */
  #open(seq: number, [slot, text, check]: Sealed): Personal | "forgotten" | undefined {
    const key = this.#keys.at(slot);
    if (key === "deleted") return check === checkOf(seq, slot) ? "forgotten" : undefined;
    const opened = key && unseal(key, text);
    return opened === undefined ? undefined : (JSON.parse(opened) as Personal);
  }

  #tellLost({ first, last }: StoredSegment): void {
    if (this.#lost.has(first)) return;
    this.#lost.add(first);
    console.error({ message: "names or positions beside the log are not as they were written", first, last });
  }
}
