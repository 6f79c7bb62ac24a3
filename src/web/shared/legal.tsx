/** Links to who is behind a hunt and what becomes of data, on every page of the hunt. */
import type { Hunt } from "../../contract/hunt.ts";

interface LegalOf {
  hunt: Hunt | undefined;
  /** What the links say. */
  texts: { imprint: string; privacy: string };
  /** Where the page shows a page of the hunt's own. */
  pageAt(id: string): string;
}

export function Legal({ hunt, texts, pageAt }: LegalOf) {
  const { imprint, privacy } = hunt?.legal ?? {};
  if (imprint === undefined && privacy === undefined) return null;
  const link = (address: string, text: string) => {
    const isOwn = address.startsWith("page:");
    return (
      <a
        href={isOwn ? pageAt(address.slice("page:".length)) : address}
        {...(isOwn ? {} : { target: "_blank", rel: "noopener noreferrer" })}
      >
        {text}
      </a>
    );
  };
  return (
    <footer class="legal">
      {imprint !== undefined && link(imprint, texts.imprint)}
      {privacy !== undefined && link(privacy, texts.privacy)}
    </footer>
  );
}
