/** A QR code, loaded when it is first shown. Its text must stand beside it. */
import { useEffect, useRef } from "preact/hooks";

/** The element that the code is drawn into. It goes when there is none: no network, or a text too long for a picture. */
export function useQrCode(text: string) {
  const picture = useRef<HTMLDivElement>(null);
  useEffect(() => {
    void import("uqr")
      .then(({ renderSVG }) => {
        if (picture.current) picture.current.innerHTML = renderSVG(text, { border: 2 });
      })
      .catch(() => picture.current?.remove());
  }, [text]);
  return picture;
}
