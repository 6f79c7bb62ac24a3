/** The rules on imports, type imports counted: made from the layers of scripts/docs/layers.ts. */
import { LAYERS, OUTSIDE, PURE, SHARED_WITH_PAGES, strangers } from "./scripts/docs/layers.ts";

const unknown = strangers();
if (unknown.length > 0) {
  throw new Error(
    `in no layer of scripts/docs/layers.ts: ${unknown.map((name) => `src/${name}`).join(", ")}`,
  );
}

/** Matches paths at or under these files and folders of `src`. */
const within = (paths, root = "src/") =>
  `^${root}(?:${paths.map((path) => path.replaceAll(".", "\\.")).join("|")})(?:/|$)`;

const pathsOf = (layer) => layer.rooms.map(({ path }) => path);

/** A layer imports nothing of the layers above it, and its rooms nothing of each other. */
const layers = LAYERS.flatMap((layer, index) => {
  const above = LAYERS.slice(0, index).flatMap(pathsOf);
  return pathsOf(layer).map((room) => {
    const forbidden = [...above, ...pathsOf(layer).filter((other) => other !== room)];
    return {
      name: `${room} imports only what stands below it`,
      severity: "error",
      from: { path: within([room]) },
      to: { path: within([...forbidden, "web"]) },
    };
  });
});

const pure = PURE.flatMap(({ path, may }) => [
  {
    name: `${path} imports of the engine only ${may.join(", ")}`,
    severity: "error",
    from: { path: within([path]) },
    to: { path: "^src/", pathNot: within([path, ...may]) },
  },
  {
    name: `${path} imports no platform`,
    severity: "error",
    from: { path: within([path]) },
    to: {
      dependencyTypesNot: ["local"],
      pathNot: "^src/|node_modules/(zod|yaml|micromark|micromark-extension-gfm-[a-z-]+)/",
    },
  },
]);

const outside = OUTSIDE.map((path) => ({
  name: `${path} imports of the engine only the contract, and what is shared with pages`,
  severity: "error",
  from: { path: `^${path}/` },
  to: {
    path: "^src/",
    pathNot: `^(?:(?:src/contract|${path})/|(?:${SHARED_WITH_PAGES.join("|").replaceAll(".", "\\.")})$)`,
  },
}));

export default {
  forbidden: [
    { name: "no circle", severity: "error", from: {}, to: { circular: true } },
    {
      name: "every import is found",
      severity: "error",
      from: {},
      to: { couldNotResolve: true, pathNot: "^cloudflare:" },
    },
    {
      name: "the client library imports of the engine types alone",
      severity: "error",
      from: { path: "^client/" },
      to: { path: "^src/", dependencyTypesNot: ["type-only"] },
    },
    {
      name: "the client library imports nothing else",
      severity: "error",
      from: { path: "^client/" },
      to: { pathNot: "^(?:client/src|src/contract)/" },
    },
    {
      name: "the engine imports no client; its pages do",
      severity: "error",
      from: { path: "^src/", pathNot: "^src/web/" },
      to: { path: "^client/" },
    },
    {
      name: "the engine imports no script",
      severity: "error",
      from: { path: "^src/" },
      to: { path: "^(scripts|test|ops)/" },
    },
    ...layers,
    ...pure,
    ...outside,
  ],
  options: {
    // TypeScript 7 has no compiler API: swc reads the sources, `import type` included.
    parser: "swc",
    tsPreCompilationDeps: true,
    doNotFollow: { path: "node_modules" },
    exclude: { path: "\\.css$" },
    enhancedResolveOptions: {
      extensions: [".ts", ".tsx", ".mjs", ".js", ".json", ".d.ts"],
      exportsFields: ["exports"],
      conditionNames: ["types", "import", "default", "require"],
    },
  },
};
