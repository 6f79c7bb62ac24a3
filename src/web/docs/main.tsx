/** The reference of the API, drawn from the engine's own document. In English, as the document is. */
import "swagger-ui-dist/swagger-ui.css";
import "./docs.css";
import { render } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { call, Problem } from "../shared/api.ts";

function Reference() {
  const place = useRef<HTMLDivElement>(null);
  const [problem, setProblem] = useState("");
  useEffect(() => {
    const draw = async (): Promise<void> => {
      try {
        const document = await call<object>("/openapi.json");
        const { SwaggerUIBundle } = await import("./renderer.ts");
        SwaggerUIBundle({
          // What is tried goes to the engine that showed the page, whatever name it gives itself.
          spec: { ...document, servers: [{ url: location.origin }] },
          domNode: place.current,
          deepLinking: true,
          docExpansion: "none",
          defaultModelsExpandDepth: 0,
          filter: true,
          validatorUrl: null,
        });
      } catch (error) {
        setProblem(error instanceof Problem ? error.message : "The page could not be loaded whole.");
      }
    };
    void draw();
  }, []);
  return (
    <>
      <nav class="docs-head" aria-label="Documentation">
        <strong>API</strong>
        <a href="/docs/guides/">Guides</a>
        <a href="/openapi.json">openapi.json</a>
        <a href="/llms.txt">llms.txt</a>
      </nav>
      <main>
        {problem !== "" && <p role="alert">{problem}</p>}
        <div ref={place} />
      </main>
    </>
  );
}

const root = document.getElementById("app");
if (root) render(<Reference />, root);
