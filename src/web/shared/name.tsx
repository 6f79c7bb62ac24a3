/** A name in a table: cut with an ellipsis where it has no room, whole when it is touched. */
import { useState } from "preact/hooks";

export function Name({ text }: { text: string }) {
  const [isWhole, setWhole] = useState(false);
  return (
    <button
      type="button"
      class={`name${isWhole ? " name-whole" : ""}`}
      dir="auto"
      title={text}
      aria-expanded={isWhole}
      onClick={() => setWhole(!isWhole)}
    >
      {text}
    </button>
  );
}
