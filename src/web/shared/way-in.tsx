/** A field for a hunt's id, or any link that holds it: the way into a hunt. */
import { decoded, encoded } from "./outside.ts";

function open(event: Event): void {
  event.preventDefault();
  const input = (event.currentTarget as HTMLFormElement).elements.namedItem("hunt") as HTMLInputElement;
  const text = input.value.trim();
  const link = /^https?:\/\/[^/]+\/play\/([^/?#%]+)((?:[?#]|%23).*)?$/i.exec(text);
  const hunt = link?.[1] ?? text.toLowerCase();
  if (hunt !== "") location.assign(`/play/${encoded(decoded(hunt))}${link?.[2] ?? ""}`);
}

export function WayIn({ label, button }: { label: string; button: string }) {
  return (
    <form class="way-in" onSubmit={open}>
      <label>
        {label}
        <input
          name="hunt"
          required
          autocomplete="off"
          spellcheck={false}
          dir="ltr"
          placeholder="harbour-nights"
        />
      </label>
      <button type="submit">{button}</button>
    </form>
  );
}
