/** A list whose entries can be put in another order: by a handle that is dragged, or by the arrow keys on it. */
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { t } from "../../shared/i18n.ts";
import { dottedOf, type Path } from "../document/path.ts";
import { useModel } from "./model.ts";

export interface Entry {
  /** What it is called when it is moved. */
  name: string;
  content: ComponentChildren;
}

export function Ordered({
  path,
  entries,
  onMove,
}: {
  path: Path;
  entries: readonly Entry[];
  onMove?(from: number, to: number): void;
}) {
  const model = useModel();
  const list = useRef<HTMLOListElement>(null);
  const [dragged, setDragged] = useState<{ from: number; to: number } | undefined>(undefined);
  const [said, say] = useState("");
  const focus = useRef<number | undefined>(undefined);
  useEffect(() => {
    if (focus.current === undefined) return;
    list.current?.querySelectorAll<HTMLElement>(":scope > li > .handle")[focus.current]?.focus();
    focus.current = undefined;
  });
  const move = (from: number, to: number): void => {
    if (to < 0 || to >= entries.length || to === from) return;
    say(t("movedTo", { what: entries[from]?.name ?? "", place: to + 1, of: entries.length }));
    focus.current = to;
    model.edit("", (edit) => edit.move(path, from, to));
    onMove?.(from, to);
  };
  /** The entry under the pointer. */
  const under = (y: number): number => {
    const rows = [...(list.current?.children ?? [])].map((row) => row.getBoundingClientRect());
    const found = rows.findIndex(({ bottom }) => y < bottom);
    return found === -1 ? rows.length - 1 : found;
  };
  return (
    <>
      <ol class="ordered" ref={list} data-path={dottedOf(path)}>
        {entries.map(({ name, content }, index) => (
          <li
            key={index}
            class={dragged?.from === index ? "dragged" : dragged?.to === index ? "target" : undefined}
          >
            <button
              type="button"
              class="quiet square handle"
              aria-label={t("moveOne", { what: name })}
              title={t("moveHint")}
              onKeyDown={(event) => {
                const step = event.key === "ArrowUp" ? -1 : event.key === "ArrowDown" ? 1 : 0;
                if (step === 0) return;
                event.preventDefault();
                move(index, index + step);
              }}
              onPointerDown={(event) => {
                event.currentTarget.setPointerCapture(event.pointerId);
                setDragged({ from: index, to: index });
              }}
              onPointerMove={({ clientY }) => {
                if (dragged) setDragged({ ...dragged, to: under(clientY) });
              }}
              onPointerUp={() => {
                if (dragged) move(dragged.from, dragged.to);
                setDragged(undefined);
              }}
              onPointerCancel={() => setDragged(undefined)}
            >
              <span aria-hidden="true">⠿</span>
            </button>
            <div class="entry">{content}</div>
          </li>
        ))}
      </ol>
      <p role="status" class="visually-hidden">
        {said}
      </p>
    </>
  );
}
