/** Markdown of hunts as HTML: micromark escapes all HTML and drops dangerous addresses. */
import { micromark } from "micromark";

export function Markdown({ text }: { text: string }) {
  return <div class="prose" dir="auto" dangerouslySetInnerHTML={{ __html: micromark(text) }} />;
}
