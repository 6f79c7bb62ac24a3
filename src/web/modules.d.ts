/** Files that the build gives an address. */
declare module "*.wasm" {
  const address: string;
  export default address;
}
declare module "*.css";
/** Only what the reference page uses. */
declare module "swagger-ui-dist/swagger-ui-es-bundle.js" {
  export default function SwaggerUIBundle(options: {
    spec: object;
    domNode: HTMLElement | null;
    deepLinking: boolean;
    docExpansion: "none";
    defaultModelsExpandDepth: number;
    filter: boolean;
    validatorUrl: null;
  }): unknown;
}
