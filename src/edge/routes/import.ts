/** The import: NDJSON in, each line checked, then replayed in its team's shard at its own time. */
import type { z } from "zod";
import { configOf } from "../../config.ts";
import { accepted, RequestError } from "../../errors.ts";
import { hash53 } from "../../hash.ts";
import { foldName } from "../../hunt/admit.ts";
import { commandOf } from "../../intake/digest.ts";
import { calling, controlStub, registryStub, shardStub } from "../../objects/call.ts";
import type { Actor, PublicEntry } from "../../objects/control.ts";
import type { Env } from "../../objects/env.ts";
import { REGIONS, shardName } from "../../objects/ids.ts";
import type { PlayerEvent, ReplayLine } from "../../protocol.ts";
import { currentKey, keyById } from "../../secrets.ts";
import { cutOff } from "../body.ts";
import { importLine } from "../schemas.ts";

/** Lines read before their teams are looked up, side by side. */
const LINES_PER_BLOCK = 1_000;

/** Team names looked up at the same time. */
const LOOKUPS = 32;

/** Characters of a refused import that are read before the refusal is told. */
const DRAIN_MAX = 64_000_000;

/** Longest line, characters. */
const LINE_MAX = 8_192;

/** Lines a shard gets at once. */
const LINES_PER_CALL = 500;

/** Rejected lines told at most; the rest is only counted. */
const REJECTED_MAX = 10_000;

type Checked = z.output<typeof importLine>;

interface Rejected {
  line: number;
  code: string;
  message: string;
}

export interface ImportAnswer {
  lines: number;
  accepted: number;
  rejected: Rejected[];
}

/**
 * Replays the request's lines. Lines of one team keep their order; those of
 * different shards run side by side, one call per shard at a time.
 */
export async function importLines(
  env: Env,
  entry: PublicEntry,
  request: Request,
  by: Actor,
): Promise<ImportAnswer> {
  const answer: ImportAnswer = { lines: 0, accepted: 0, rejected: [] };
  const session = new ImportSession(env, entry, answer);
  let open = false;
  let block: { line: number; text: string; checked: Checked }[] = [];
  const lines = linesOf(request);
  // Not `for await`: an early end would cancel the body, see `drain`.
  for (let next = await lines.next(); !next.done; next = await lines.next()) {
    const { line, text } = next.value;
    answer.lines += 1;
    const checked = checkLine(text);
    if ("message" in checked) {
      session.reject({ line, ...checked });
      continue;
    }
    if (!open) {
      const begun = await controlStub(env, entry.hunt.hunt).beginImport(Date.parse(checked.at), by);
      if ("refused" in begun) await drain(lines);
      accepted(begun);
      open = true;
    }
    block.push({ line, text, checked });
    if (block.length < LINES_PER_BLOCK) continue;
    await session.addAll(block);
    block = [];
  }
  await session.addAll(block);
  await session.finish();
  answer.rejected.sort((a, b) => a.line - b.line);
  return answer;
}

class ImportSession {
  readonly #env: Env;
  readonly #entry: PublicEntry;
  readonly #answer: ImportAnswer;
  /** Folded team name → where its team lives. */
  readonly #teams = new Map<string, { shard: string; key: string }>();
  readonly #buffers = new Map<string, ReplayLine[]>();
  readonly #running = new Map<string, Promise<void>>();

  constructor(env: Env, entry: PublicEntry, answer: ImportAnswer) {
    this.#env = env;
    this.#entry = entry;
    this.#answer = answer;
  }

  reject(rejected: Rejected): void {
    if (this.#answer.rejected.length < REJECTED_MAX) this.#answer.rejected.push(rejected);
  }

  async addAll(block: readonly { line: number; text: string; checked: Checked }[]): Promise<void> {
    const unknown = new Set(block.map(({ checked }) => foldName(checked.team)));
    const names = [...unknown].filter((folded) => !this.#teams.has(folded));
    for (let from = 0; from < names.length; from += LOOKUPS) {
      await Promise.all(names.slice(from, from + LOOKUPS).map((folded) => this.#lookUp(folded)));
    }
    for (const { line, text, checked } of block) await this.#add(line, text, checked);
  }

  async #add(line: number, text: string, checked: Checked): Promise<void> {
    const place = this.#teams.get(foldName(checked.team));
    if (!place) throw new Error("a team is used before it was looked up");
    // The same line imported again has the same id, so it is not played twice.
    const id = checked.id ?? `i-${hash53(text).toString(36)}-${hash53(`${text}\n`).toString(36)}`;
    const head = {
      line,
      at: Date.parse(checked.at),
      key: place.key,
      team: checked.team,
      ...(checked.player === undefined ? {} : { player: checked.player }),
    };
    const buffer = this.#buffers.get(place.shard) ?? [];
    buffer.push({ ...head, ...this.#lineOf(checked, id) });
    this.#buffers.set(place.shard, buffer);
    if (buffer.length >= LINES_PER_CALL) await this.#flush(place.shard);
  }

  async finish(): Promise<void> {
    await Promise.all([...this.#buffers.keys()].map((shard) => this.#flush(shard)));
    await Promise.all(this.#running.values());
  }

  #lineOf(checked: Checked, id: string) {
    switch (checked.type) {
      case "join":
        return {
          type: "join" as const,
          id,
          ...(checked.bracket === undefined ? {} : { bracket: checked.bracket }),
        };
      case "award":
        return {
          type: "action" as const,
          id,
          action: { type: "award" as const, points: checked.points, reason: checked.reason },
        };
      case "unlock":
        return {
          type: "action" as const,
          id,
          action: { type: "unlock" as const, clue: checked.clue, reason: checked.reason },
        };
      default: {
        const { at: _at, team: _team, player: _player, ...event } = checked;
        const { hunt } = this.#entry;
        const command = commandOf({ ...event, id } as PlayerEvent, hunt.hunt, this.#pepper(), hunt.modes);
        return { type: "command" as const, command };
      }
    }
  }

  #pepper() {
    const secret = this.#env.ANSWER_PEPPERS;
    return keyById("ANSWER_PEPPERS", secret, this.#entry.pepper) ?? currentKey("ANSWER_PEPPERS", secret);
  }

  /** Where the team of this name lives: its first line decides, by a hash of the name. */
  async #lookUp(folded: string): Promise<void> {
    const { hunt, shardsPerRegion } = this.#entry;
    const given = configOf(this.#env).DEFAULT_REGION;
    const region = REGIONS.find((candidate) => candidate === given) ?? "weur";
    const shard = shardName(region, hash53(folded) % shardsPerRegion);
    // Solo names need not be unique among players, but they are within imports.
    const name = hunt.teams.mode === "solo" ? `import/${folded}` : `name/${folded}`;
    const holder = await calling(async () =>
      registryStub(this.#env, hunt.hunt, name).reserve(name, {
        shard,
        key: `import/${folded}`,
        at: Date.now(),
      }),
    );
    this.#teams.set(folded, { shard: holder.shard, key: holder.key });
  }

  /** Sends a shard's lines after the ones before them are answered. */
  async #flush(shard: string): Promise<void> {
    await this.#running.get(shard);
    const lines = this.#buffers.get(shard) ?? [];
    this.#buffers.set(shard, []);
    if (lines.length === 0) return;
    const sending = this.#send(shard, lines);
    this.#running.set(shard, sending);
    // A failure is thrown where the next flush or the end awaits it.
    sending.catch(() => undefined);
  }

  async #send(shard: string, lines: ReplayLine[]): Promise<void> {
    const results = accepted(
      await calling(async () => shardStub(this.#env, this.#entry.hunt.hunt, shard).replay(lines)),
    );
    for (const result of results) {
      if ("code" in result) this.reject(result);
      else this.#answer.accepted += 1;
    }
  }
}

/**
 * Reads on to a bound, because a client that is still sending when the answer
 * comes sees a broken connection instead of it.
 */
async function drain(lines: AsyncGenerator<{ text: string }>): Promise<void> {
  let characters = 0;
  for await (const { text } of lines) {
    characters += text.length;
    if (characters > DRAIN_MAX) return;
  }
}

function checkLine(text: string): Checked | { code: string; message: string } {
  if (text.length > LINE_MAX)
    return { code: "payload_too_large", message: `a line may have ${LINE_MAX} characters` };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { code: "bad_request", message: "the line is not valid JSON" };
  }
  const parsed = importLine.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  return { code: "invalid", message: `${issue?.path.map(String).join(".") ?? ""}: ${issue?.message ?? ""}` };
}

/** The lines of the body that are not blank, each with its number in the body, from 1. */
async function* linesOf(request: Request): AsyncGenerator<{ line: number; text: string }> {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false });
  let rest = "";
  let line = 0;
  try {
    for await (const chunk of (request.body ?? []) as AsyncIterable<Uint8Array>) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
      rest = lines.pop() ?? "";
      for (const text of lines) {
        line += 1;
        if (text.trim() !== "") yield { line, text };
      }
      if (rest.length > LINE_MAX * 4) throw new RequestError("payload_too_large", "a line is too long");
    }
    rest += decoder.decode();
  } catch (error) {
    if (error instanceof RequestError) throw error;
    if (error instanceof TypeError) throw new RequestError("bad_request", "the body is not valid UTF-8");
    throw cutOff();
  }
  if (rest.trim() !== "") yield { line: line + 1, text: rest };
}
