/** The renderer, half a megabyte: loaded by this page alone. */
import bundle from "swagger-ui-dist/swagger-ui-es-bundle.js";

export const SwaggerUIBundle = bundle;
