import { posix } from "node:path";
import { type Fact, inferred } from "../facts.ts";
import type { View } from "../read.ts";
import type { Project } from "./manifests.ts";

const { join } = posix;

/** What changes the database for a new version: by the tool that the project requires and whose files it has. */
export function releaseOf(view: View, { path, requirements }: Project): Fact<string> | undefined {
  const required = (name: string) => requirements.get(name)?.evidence;
  const within = (file: string) => (path === "." ? file : join(path, file));
  const manage = view.files.find(
    (one) =>
      /(?:^|\/)manage\.py$/.test(one.path) &&
      (path === "." || one.path.startsWith(`${path}/`)) &&
      one.path.split("/").length <= 3,
  )?.path;
  if (manage !== undefined && required("django"))
    return inferred(`python ${path === "." ? manage : manage.slice(path.length + 1)} migrate --noinput`, {
      file: manage,
      line: 1,
      rule: "manage.py of Django",
    });
  const flask = required("flask-migrate");
  if (flask && view.has(within("migrations/env.py"))) return inferred("flask db upgrade", flask);
  const ini = ["alembic.ini", "migrations/alembic.ini", "db/alembic.ini", "app/alembic.ini"].find((file) =>
    view.has(within(file)),
  );
  // Where alembic is configured by pyproject.toml, it finds that itself.
  if (ini !== undefined && (required("alembic") || required("sqlalchemy")))
    return inferred(`alembic ${ini === "alembic.ini" ? "" : `--config ${ini} `}upgrade head`, {
      file: within(ini),
      line: 1,
      rule: "configuration of Alembic",
    });
  const aerich = required("aerich");
  return aerich && view.has(within("migrations/models")) ? inferred("aerich upgrade", aerich) : undefined;
}
