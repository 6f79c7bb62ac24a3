/** What is not on the screen asks for nothing. */
import { useEffect, useState } from "preact/hooks";

/** Whether an element is on the screen. */
export function useSeen(element: { current: Element | null }): boolean {
  const [isSeen, setSeen] = useState(false);
  useEffect(() => {
    if (!element.current) return;
    const observer = new IntersectionObserver((entries) => setSeen(entries.at(-1)?.isIntersecting ?? false));
    observer.observe(element.current);
    return () => observer.disconnect();
  }, []);
  return isSeen;
}
