/** Small things kept on the device or in the tab; where the browser keeps nothing, they last as long as the page. */

interface Keeper {
  recall(key: string): string | undefined;
  remember(key: string, value: string): void;
  forget(key: string): void;
  forgetAll(): void;
  keys(): string[];
}

/** Even asking for a blocked storage throws. */
function keeper(storage: () => Storage): Keeper {
  const unkept = new Map<string, string>();
  return {
    recall(key) {
      try {
        return storage().getItem(key) ?? unkept.get(key);
      } catch {
        return unkept.get(key);
      }
    },
    remember(key, value) {
      unkept.set(key, value);
      try {
        storage().setItem(key, value);
      } catch {
        // Blocked or full: see above.
      }
    },
    forget(key) {
      unkept.delete(key);
      try {
        storage().removeItem(key);
      } catch {
        // Nothing is kept there.
      }
    },
    forgetAll() {
      unkept.clear();
      try {
        storage().clear();
      } catch {
        // Nothing is kept there.
      }
    },
    keys() {
      try {
        return [...new Set([...Object.keys(storage()), ...unkept.keys()])];
      } catch {
        return [...unkept.keys()];
      }
    },
  };
}

export const device = keeper(() => localStorage);
/** Until the tab is closed. */
export const tab = keeper(() => sessionStorage);
