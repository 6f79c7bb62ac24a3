/** Commands about a hunt as a whole: publish, phase, hunts, shards. */
import type { Published } from "../../src/contract/definition.ts";
import type { Hunts } from "../../src/contract/hunt.ts";
import type { GrowBody, Grown, PhaseBody, PhaseNow } from "../../src/contract/running.ts";
import { type Command, wholeNumber } from "./command.ts";
import { EXIT, wrongUsage } from "./failure.ts";
import { tellEffects } from "./regrade.ts";
import { faultsOf, huntOf, readSource } from "./source.ts";
import { plural } from "./text.ts";

const PHASES = ["live", "paused", "ended", "final"] as const;

const VERSION_MAX = 999_999_999;
const SHARDS_MAX = 1_000;

export const publish: Command = {
  name: "publish",
  summary: "Publish a definition, or a new version of it",
  usage: "<file>",
  options: {
    hunt: {
      type: "string",
      value: "id",
      about: "the hunt's id (default: the definition's, else the file's name)",
    },
    "dry-run": { type: "boolean", about: "let the engine check it and change nothing" },
    effects: { type: "boolean", about: "with --dry-run: also say whom it would move" },
    "end-now": { type: "boolean", about: "a closes that is past shall end the running hunt" },
    "if-match": { type: "string", value: "version", about: "only if this is the published version now" },
  },
  example: "publish hunts/harbour-nights.yaml --if-match 3",
  async run(call) {
    const { out } = call;
    const source = await readSource(call);
    const given = call.text("hunt");
    const version = call.count("if-match", 0, VERSION_MAX);
    const dryRun = call.flag("dry-run");
    if (given === undefined && source.parsed.issues) {
      // The hunt it would go to is not known; its faults are.
      const issues = faultsOf(source, given) ?? [];
      if (out.json) await out.value({ file: source.name, issues, warnings: [] });
      out.error(`${source.name} is no valid definition: ${plural(issues.length, "issue")}`);
      out.errorIssues(issues);
      return EXIT.refused;
    }
    const hunt = huntOf(source, given);
    const response = await call.engine.json<Published>("PUT", `/v1/hunts/${hunt}`, {
      query: {
        dryRun: dryRun ? "true" : undefined,
        effects: call.flag("effects") ? "true" : undefined,
        endNow: call.flag("end-now") ? "true" : undefined,
      },
      raw: { type: `application/${source.format}`, data: source.text },
      ...(version === undefined ? {} : { headers: { "if-match": `"${version}"` } }),
    });
    out.noteIssues(out.json ? [] : response.warnings);
    const warnings = response.warnings.length > 0 ? `, ${plural(response.warnings.length, "warning")}` : "";
    const done = dryRun
      ? `${hunt} could be published${warnings}`
      : `${hunt} is published, version ${response.version}${warnings}`;
    await out.confirm(response, done);
    if (response.effects && !out.json) await tellEffects(out, response.effects);
    return EXIT.ok;
  },
};

export const phase: Command = {
  name: "phase",
  summary: "Start, pause, resume or end a hunt: live, paused, ended; final: nothing is corrected any more",
  usage: "<hunt> <phase>",
  options: {
    reopen: { type: "boolean", about: "with live: a hunt that has ended goes on" },
    reason: { type: "string", value: "text", about: "why it is reopened (default: from the command line)" },
  },
  example: "phase harbour-nights live",
  async run(call) {
    const hunt = call.argument("hunt");
    const given = call.argument("phase");
    const to = PHASES.find((known) => known === given);
    if (!to) throw wrongUsage(`<phase> is live, paused, ended or final, not "${given}"`);
    const response = await call.engine.json<PhaseNow>("POST", `/v1/hunts/${encodeURIComponent(hunt)}/phase`, {
      body: {
        phase: to,
        ...(call.flag("reopen")
          ? { reopen: true as const, reason: call.text("reason") ?? "from the command line" }
          : {}),
      } satisfies PhaseBody,
    });
    await call.out.confirm(response, `${hunt} is ${response.phase}`);
    return EXIT.ok;
  },
};

export const hunts: Command = {
  name: "hunts",
  summary: "List the hunts",
  usage: "",
  options: {},
  example: "hunts",
  async run({ engine, out }) {
    const response = await engine.json<Hunts>("GET", "/v1/hunts");
    const { unavailable } = response;
    if (unavailable) out.note(`nothing can be said now of ${unavailable.join(", ")}`);
    await out.result(response, (told) =>
      out.table(
        [
          { title: "hunt" },
          { title: "phase" },
          { title: "version", align: "right" },
          { title: "teams", align: "right" },
          { title: "title" },
        ],
        told.hunts.map((row) => [row.hunt, row.phase, row.version, row.teams, row.title]),
      ),
    );
    return EXIT.ok;
  },
};

export const shards: Command = {
  name: "shards",
  summary: "Grow a hunt to <n> shards a region; new teams land on the new ones",
  usage: "<hunt> <n>",
  options: {},
  example: "shards harbour-nights 8",
  async run(call) {
    const hunt = call.argument("hunt");
    const wanted = wholeNumber("<n>", call.argument("n"), 1, SHARDS_MAX);
    const path = `/v1/hunts/${encodeURIComponent(hunt)}/shards`;
    const response = await call.engine.json<Grown>("POST", path, {
      body: { shardsPerRegion: wanted } satisfies GrowBody,
    });
    await call.out.confirm(response, `${hunt} has ${plural(response.shardsPerRegion, "shard")} a region`);
    return EXIT.ok;
  },
};
