import { expect, test } from "vitest";
import { inputFor, serviceWith } from "./fixture.ts";
import { python, withoutRunner } from "./python.ts";
import { pythonImage } from "./python-version.ts";

const api = serviceWith({
  name: "api",
  path: "api",
  kind: "api",
  language: "python",
  runtime: { name: "python", version: "3.13" },
  package_manager: "uv",
  install: "uv sync --frozen --no-dev",
  start: "uv run uvicorn app.main:app --host 0.0.0.0 --port ${PORT:-8000}",
  port: 8000,
  evidence: { package_manager: [{ file: "api/uv.lock", line: 1, rule: "lock file" }] },
});
const worker = serviceWith({
  ...api,
  name: "worker",
  path: "worker",
  kind: "worker",
  package_manager: "pip",
  install: "pip install -r requirements.txt",
  start: "python main.py",
  port: null,
  evidence: {},
});
const lines = (service: typeof api) => python.dockerfile(inputFor(service)).split("\n");
const installs = (service: typeof api) =>
  lines(service).filter((line) => /^COPY(?! --from)|^RUN.*(?:pip|uv|tool)/.test(line));

test("a service of uv, which sees its own folder alone", () => {
  expect([python.fits(api), python.folder(api)]).toEqual([true, "api"]);
  expect(python.dockerfile(inputFor(api, { writable: ["/app/uploads"] }))).toMatchInlineSnapshot(`
    "FROM berth-ca:cccccccccccc AS ca

    FROM python:3.13-slim@sha256:1 AS packages
    WORKDIR /app
    RUN python -m venv /venv
    ENV PATH=/venv/bin:$PATH
    ARG PIP_CERT=/mnt/ca.pem
    ARG SSL_CERT_FILE=/mnt/ca.pem
    ARG UV_PROJECT_ENVIRONMENT=/venv UV_PYTHON_DOWNLOADS=never UV_LINK_MODE=copy UV_COMPILE_BYTECODE=1
    RUN --mount=type=cache,target=/root/.cache/pip --mount=type=bind,from=ca,target=/mnt pip install --disable-pip-version-check uv
    COPY pyproject.toml uv.lock ./
    RUN --mount=type=cache,target=/root/.cache/uv --mount=type=bind,from=ca,target=/mnt uv sync --frozen --no-dev --no-install-project
    # A project that is a package itself is entered as the folder /app, and what it declares to run gets its programs.
    COPY . .
    RUN --mount=type=cache,target=/root/.cache/uv --mount=type=bind,from=ca,target=/mnt uv sync --frozen --no-dev

    FROM python:3.13-slim@sha256:1
    # What is printed is to be read at once, not when a buffer is full.
    ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1
    WORKDIR /app
    RUN useradd --uid 1000 --create-home app
    # Packages before code: a changed line sends the code alone. All of it is root's, so the application cannot change it.
    COPY --from=packages /venv /venv
    COPY . .
    # A new volume takes what lies in the folder that it is mounted on, and its owner; the source may bring the folder.
    RUN mkdir -p /app/uploads && chown -R app:app /app/uploads
    USER app
    EXPOSE 8000
    CMD ["sh","-c","exec uvicorn app.main:app --host 0.0.0.0 --port \${PORT:-8000}"]
    "
  `);
});

test("a worker of pip, which listens nowhere", () => {
  expect(python.dockerfile(inputFor(worker, { ca: null }))).toMatchInlineSnapshot(`
    "FROM python:3.13-slim@sha256:1 AS packages
    WORKDIR /app
    RUN python -m venv /venv
    ENV PATH=/venv/bin:$PATH
    COPY *requirements*.txt constraints*.txt ./
    RUN --mount=type=cache,target=/root/.cache/pip pip install --disable-pip-version-check --requirement requirements.txt

    FROM python:3.13-slim@sha256:1
    # What is printed is to be read at once, not when a buffer is full.
    ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1
    WORKDIR /app
    RUN useradd --uid 1000 --create-home app
    # Packages before code: a changed line sends the code alone. All of it is root's, so the application cannot change it.
    COPY --from=packages /venv /venv
    COPY . .
    USER app
    CMD ["python","main.py"]
    "
  `);
});

test("a workspace's lock file lies outside of the folder, so that the whole source is seen", () => {
  const member = serviceWith({ ...api, evidence: { install: [{ file: "uv.lock", line: 1, rule: "lock file" }] } });
  expect(python.folder(member)).toBe(".");
  expect(lines(member)).toContain("COPY api/pyproject.toml api/uv.lock ./");
  expect(lines(member)).toContain("COPY api/ .");
});

test.each([
  ["poetry", "poetry export --only main"],
  ["pdm", "pdm export --prod"],
  ["pipenv", "pipenv requirements --hash"],
])("what %s locked is installed by pip, without the tool in what is built", (manager, command) => {
  const [, tool = "", exported = "", installed = ""] = installs(serviceWith({ ...api, package_manager: manager }));
  expect(tool).toContain("python -m venv /tool");
  expect(exported).toContain(`/tool/bin/${command}`);
  expect(installed).toContain("pip install --disable-pip-version-check --requirement /requirements.txt");
});

test.each([
  ["pip install -r requirements/production.txt", ["COPY requirements/ requirements/", "requirements/production.txt"]],
  ["pip install .", ["COPY . .", "--editable ."]],
  [
    "pip install --no-cache-dir --requirement=requirements-prod.txt",
    ["COPY *requirements*.txt", "requirements-prod.txt"],
  ],
])("%s", (install, [copied = "", named = ""]) => {
  const [copy, run] = installs(serviceWith({ ...worker, install }));
  expect(copy).toContain(copied);
  expect(run).toContain(named);
});

test("what collects files runs before the image that serves them, and with the values that it reads", () => {
  const built = serviceWith({ ...worker, build: "poetry run python manage.py collectstatic --noinput" });
  const all = python.dockerfile(inputFor(built, { args: { SITE: "x" } })).split("\n");
  expect(all).toContain("ARG SITE");
  expect(all).toContain("RUN --mount=type=bind,from=ca,target=/mnt python manage.py collectstatic --noinput");
  expect(all).toContain("COPY --from=build /app ./");
});

test.each([
  ["uv run --frozen uvicorn app:app", "uvicorn app:app"],
  ["poetry run alembic upgrade head && pipenv run gunicorn app", "alembic upgrade head && gunicorn app"],
  ["python -m uv_run", "python -m uv_run"],
])("%s", (command, without) => {
  expect(withoutRunner(command)).toBe(without);
});

test.each([
  [null, 13],
  ["3.12.4", 12],
  ["==3.11.*", 11],
  [">=3.10", 13],
  [">=3.9,<3.12", 11],
  ["^3.11", 13],
  [">=3.14", 14],
  [">=3.8,<3.12.1", 12],
  ["python-3.12.1", 12],
])("Python %s", (stated, minor) => {
  expect(pythonImage(stated)).toBe(`python:3.${minor}-slim`);
});
