/** Lists of choices that are picked together: as a set, or in the order they are ticked. */
import { dottedOf, type Path } from "../document/path.ts";
import { Findings, RemoveButton } from "./fields.tsx";
import { useModel } from "./model.ts";

interface Offered {
  id: string;
  label: string;
}

/** What a list of a definition holds; what is written otherwise is none. */
export const idsOf = (entry: unknown): string[] => (Array.isArray(entry) ? entry.map(String) : []);

/** Each list a row of ticks. `numbered`: what a list is called, by its number. */
export function PickLists({
  path,
  offered,
  inOrder,
  numbered,
  add,
}: {
  path: Path;
  offered: readonly Offered[];
  inOrder: boolean;
  numbered(number: number): string;
  add: string;
}) {
  const model = useModel();
  const lists = model.list(path);
  const pick = (index: number, id: string, isPicked: boolean): void => {
    const others = idsOf(lists[index]).filter((each) => each !== id);
    const next = isPicked ? [...others, id] : others;
    const ids = inOrder ? next : offered.map((each) => each.id).filter((each) => next.includes(each));
    model.set([...path, index], ids);
  };
  return (
    <div class="stack tight" data-path={dottedOf(path)}>
      {lists.map((entry, index) => {
        const picked = idsOf(entry);
        return (
          <fieldset key={index} class="ticks">
            <legend>{numbered(index + 1)}</legend>
            {offered.map(({ id, label }) => (
              <label key={id} class="check">
                <input
                  type="checkbox"
                  checked={picked.includes(id)}
                  onChange={({ currentTarget: { checked } }) => pick(index, id, checked)}
                />
                <bdi>{label === "" ? id : label}</bdi>
                {inOrder && picked.includes(id) && <b class="number">{picked.indexOf(id) + 1}.</b>}
              </label>
            ))}
            <RemoveButton
              what={numbered(index + 1)}
              onClick={() => model.edit("", (edit) => edit.remove([...path, index]))}
            />
            <Findings path={[...path, index]} />
          </fieldset>
        );
      })}
      <Findings path={path} exact />
      <button
        type="button"
        class="quiet"
        onClick={() => model.edit("", (edit) => edit.insert(path, lists.length, []))}
      >
        {add}
      </button>
    </div>
  );
}
