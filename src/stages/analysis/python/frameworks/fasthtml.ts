import type { Framework } from "./framework.ts";

/** `app, rt = fast_app()`; its package brings uvicorn. */
export const fasthtml: Framework = {
  name: "fasthtml",
  packages: ["python-fasthtml"],
  app: { module: /^fasthtml\b/, called: /^(?:FastHTML|fast_app|FastHTMLWithLiveReload)$/ },
  interface: "asgi",
  kind: "web",
  defaultPort: 5001,
};
