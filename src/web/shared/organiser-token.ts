/** The token of who signed in to the console, in the tab or on the device; the board releases results with it. */
import { device, tab } from "./device.ts";

const KEY = "organiser-token";

export const keptToken = (): string | undefined => tab.recall(KEY) ?? device.recall(KEY);

/** `onDevice`: kept on this device, else until the tab is closed. */
export const keepToken = (token: string, onDevice: boolean): void =>
  (onDevice ? device : tab).remember(KEY, token);

export function forgetToken(): void {
  tab.forget(KEY);
  device.forget(KEY);
}
