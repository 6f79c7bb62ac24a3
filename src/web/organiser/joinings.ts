/** Who joined, and what they gave and agreed to, as a table for spreadsheets: made of the lines of an export. PURE. */
import { csvOf } from "../../contract/csv.ts";
import type { ExportLine } from "../../contract/export.ts";
import { objectIn } from "../shared/outside.ts";

type JoinLine = Extract<ExportLine, { type: "join" }>;

const HEAD = [
  "joinedAt",
  "player",
  "name",
  "externalId",
  "team",
  "teamName",
  "bracket",
  "locale",
  "source",
  "country",
  "check",
  "oldEnough",
] as const;

const TAKEN = /"type":"(?:join|make|arrive)"/;

/** Gathers joinings, line by line. The team of each is the one that the player is in now, or was in last. */
export class Joinings {
  readonly #rows: JoinLine[] = [];
  readonly #fields = new Set<string>();
  readonly #consents = new Set<string>();
  readonly #teams = new Map<string, { name?: string | undefined; bracket?: string | undefined }>();
  /** Of players who went to another team: where their last move led. */
  readonly #moved = new Map<string, { gen: number; team: string }>();

  /** Takes a line of the export; others than of joinings, moves and teams made beforehand are passed over, unread. */
  take(text: string): void {
    if (!TAKEN.test(text)) return;
    // The engine's own line; a broken one is passed over as well.
    const line = objectIn(text) as ExportLine | undefined;
    if (line?.type === "make") this.#teams.set(line.team, { name: line.name, bracket: line.bracket });
    if (line?.type === "arrive" && line.gen > (this.#moved.get(line.player)?.gen ?? 0)) {
      this.#moved.set(line.player, { gen: line.gen, team: line.team });
    }
    if (line?.type !== "join") return;
    this.#rows.push(line);
    const { created, person, team } = line;
    if (created) this.#teams.set(team, { name: created.name ?? person?.teamName, bracket: created.bracket });
    for (const { id } of person?.fields ?? []) this.#fields.add(id);
    for (const { id } of person?.consents ?? []) this.#consents.add(id);
  }

  /** The table: a column a field, and two a consent, the time and the hash of the text. */
  csv(): string {
    const fields = [...this.#fields];
    const consents = [...this.#consents];
    const head = [
      ...HEAD,
      ...fields.map((id) => `field ${id}`),
      ...consents.flatMap((id) => [`consent ${id}`, `text of ${id}`]),
    ];
    const rows = this.#rows.map((line) => {
      const { at, player, person, locale, source, country, check, oldEnough } = line;
      const team = this.#moved.get(player)?.team ?? line.team;
      const { name, bracket } = this.#teams.get(team) ?? {};
      const given = new Map(person?.fields?.map(({ id, value }) => [id, value]));
      const agreed = new Map(person?.consents?.map((consent) => [consent.id, consent]));
      return [
        ...[at, player, person?.name, person?.externalId, team, name, bracket, locale, source],
        ...[country, check, oldEnough],
        ...fields.map((id) => given.get(id)),
        ...consents.flatMap((id) => {
          const consent = agreed.get(id);
          return [consent && new Date(consent.at).toISOString(), consent?.text];
        }),
      ];
    });
    return csvOf([head, ...rows]);
  }
}
