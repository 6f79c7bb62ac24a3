/** The forms of a kind of clue: one file a kind, of the name it has in src/hunt/kinds. */
import type { ComponentType } from "preact";
import type { Path } from "../../document/path.ts";

export interface KindForm {
  /** The keys of a clue that belong to this kind. */
  keys: readonly string[];
  /** What a clue that becomes one of this kind begins with. */
  fresh(): Record<string, unknown>;
  Form: ComponentType<{ path: Path }>;
  /** What a player sees to solve it with. */
  Preview: ComponentType<{ path: Path }>;
}
