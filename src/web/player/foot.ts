/** How much of the screen the bar at its foot takes, so that what sticks above it knows (`--foot`). */
import { useEffect, useRef } from "preact/hooks";

export function useFoot() {
  const bar = useRef<HTMLElement>(null);
  useEffect(() => {
    const foot = bar.current?.closest<HTMLElement>(".foot") ?? bar.current;
    if (!foot) return undefined;
    const observer = new ResizeObserver(() => {
      document.documentElement.style.setProperty("--foot", `${foot.offsetHeight}px`);
    });
    observer.observe(foot);
    return () => observer.disconnect();
  }, []);
  return bar;
}
