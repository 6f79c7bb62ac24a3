/** The definition of a hunt as the engine has it: reading it, having one checked, publishing one. */
import type { Published } from "../../contract/definition.ts";
import type { Hunt } from "../../contract/hunt.ts";
import type { Issue } from "../../contract/problem.ts";
import { fetched, Problem } from "../shared/api.ts";
import { ask, huntPath, token } from "./state.ts";

const TEMPLATE = `format: 1
title: A new hunt
description: What it is about.
teams: { mode: teams, maxSize: 6 }
rounds:
  - { id: round, title: The First Round }
clues:
  - id: clue
    round: round
    title: The Beginning
    body: What is a sentence **made of**?
    kind: answer
    points: 100
    answers: [word]
`;

/** The version that an ETag names. */
export const numberOf = (etag: string): number => Number(etag.replaceAll('"', ""));

export async function readDefinition(hunt: string): Promise<{ text: string; version?: string }> {
  const response = await fetched(huntPath(hunt, "/definition"), token.value);
  // Whoever publishes it first is not overwritten.
  if (response.status === 404) return { text: TEMPLATE, version: '"0"' };
  if (!response.ok) throw new Problem(response.status, "", response.statusText);
  const etag = response.headers.get("etag");
  return { text: await response.text(), ...(etag === null ? {} : { version: etag }) };
}

/** The hunt as it is now; undefined: it was never published. */
export async function readHunt(hunt: string): Promise<Hunt | undefined> {
  try {
    return await ask<Hunt>(huntPath(hunt));
  } catch (error) {
    if (error instanceof Problem && error.status === 404) return undefined;
    throw error;
  }
}

interface Put {
  dryRun?: boolean;
  endNow?: boolean;
  effects?: boolean;
  ifMatch?: string | undefined;
}

export function put(
  hunt: string,
  body: string,
  { dryRun, endNow, effects, ifMatch }: Put,
): Promise<Published> {
  const query = Object.entries({ dryRun, endNow, effects }).flatMap(([key, on]) =>
    on ? [`${key}=true`] : [],
  );
  return ask<Published>(huntPath(hunt, query.length === 0 ? "" : `?${query.join("&")}`), {
    method: "PUT",
    body,
    type: body.trimStart().startsWith("{") ? "application/json" : "application/yaml",
    ...(ifMatch === undefined ? {} : { headers: { "if-match": ifMatch } }),
  });
}

/** The end that a definition gives is past. Publishing it all the same ends the hunt, after a question. */
const ENDS = "closes-in-past";

export const onlyEnds = (found: readonly Issue[]): boolean =>
  found.length > 0 && found.every(({ code }) => code === ENDS);
