import { expect, test } from "vitest";
import { commandWords } from "./command.ts";

test.each([
  ["node server.js", ["node", "server.js"]],
  [
    "uvicorn app.main:app --host 0.0.0.0 --port ${PORT:-8000}",
    ["sh", "-c", "exec uvicorn app.main:app --host 0.0.0.0 --port ${PORT:-8000}"],
  ],
  ["MODE=x node a.js", ["sh", "-c", "exec env MODE=x node a.js"]],
  ["flask db upgrade && gunicorn app", ["sh", "-c", "flask db upgrade && gunicorn app"]],
])("%s", (command, words) => {
  expect(commandWords(command)).toEqual(words);
});
