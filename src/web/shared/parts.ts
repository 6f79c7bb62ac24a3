/**
 * Parts of the page that are loaded when they are first used. A release takes the
 * files of the one before away: a page that is older takes the part under a name
 * that every release has (scripts/local/web.ts). Parts share nothing with the
 * page, so that those of another release do as well.
 */
export async function part<Module, Made>(
  name: "detector" | "map" | "gfm" | "sender",
  load: () => Promise<Module>,
  use: (module: Module) => Made | Promise<Made>,
): Promise<Made> {
  try {
    return await use(await load());
  } catch {
    const address = `/parts/${name}.js`;
    return await use((await import(address)) as Module);
  }
}
