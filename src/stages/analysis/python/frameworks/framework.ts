import type { Service } from "../../schema.ts";

/** A web framework of Python's world. */
export interface Framework {
  name: string;
  /** Packages that bring it, as they are required. */
  packages: string[];
  /** What its application is an instance of, and which module that is imported from. */
  app: { module: RegExp; called: RegExp };
  /** How a server talks to the application; null where it brings its own server. */
  interface: "asgi" | "wsgi" | null;
  kind: Service["kind"];
  defaultPort: number;
  /** Starts the application where it brings its own server: `file` is the program's, `app` is `module:name`. */
  start?(app: { file: string; object: string; port: number }): string;
}
