import { expect, test } from "vitest";
import { analyzeFiles, unsound } from "../fixture.ts";
import type { Analysis } from "../schema.ts";

const found = async (files: Record<string, string>): Promise<Analysis> => {
  const analysis = await analyzeFiles(files, "shop");
  expect(unsound(analysis, files)).toEqual([]);
  return analysis;
};
const flask = "from flask import Flask\napp = Flask(__name__)\n";
const inApp = async (code: string, rest: Record<string, string> = {}) =>
  found({ "requirements.txt": "flask\ngunicorn\n", "app.py": `import os\n${flask}${code}\n`, ...rest });

test.each([
  ["x = os.environ['A_KEY']", true],
  ["x = os.environ.get('A_KEY', 'x')", false],
  ["x = os.getenv('A_KEY') or 'x'", false],
  ["x = os.getenv('A_SECRET_KEY')", true],
  ["x = os.getenv('A_NAME')", false],
  ["x = os.getenv('A_NAME')\nif not x:\n    raise RuntimeError('no')", true],
  ["try:\n    x = os.environ['A_KEY']\nexcept KeyError:\n    x = 'x'", false],
  ["if 'A_KEY' in os.environ:\n    x = os.environ['A_KEY']", false],
  ["from decouple import config\nx = config('A_KEY')", true],
  ["from decouple import config\nx = config('A_KEY', default='x', cast=int)", false],
  ["from environs import Env\nenv = Env()\nx = env.bool('A_KEY', False)", false],
  ["from pydantic_settings import BaseSettings\nclass S(BaseSettings):\n    a_key: str", true],
  ["from pydantic_settings import BaseSettings\nclass S(BaseSettings):\n    a_key: str | None = None", false],
  ["from pydantic_settings import BaseSettings\nclass S(BaseSettings):\n    key: str = Field(alias='A_KEY')", true],
  ["class S(BaseSettings):\n    model_config = SettingsConfigDict(env_prefix='A_')\n    key: str", true],
  [
    "def need(name):\n    value = os.environ.get(name)\n    if not value:\n        raise E()\n    return value\nx = need('A_KEY')",
    true,
  ],
])("%s needs a value: %s", async (code, required) => {
  const { env } = await inApp(code);
  expect(env.filter(({ name }) => name.startsWith("A_")).map((one) => one.required)).toEqual([required]);
});

test.each([["os.environ['A_KEY'] = 'x'"], ["print(os.environ.get('A_KEY'))"], ["config = {}\nx = config('A_KEY')"]])(
  "%s reads nothing",
  async (code) => expect((await inApp(code)).env).toEqual([]),
);

test.each([
  [
    "fastapi\nuvicorn",
    "main.py",
    "from fastapi import FastAPI\napp = FastAPI()",
    "uvicorn main:app --host 0.0.0.0 --port ${PORT:-8000}",
  ],
  [
    "fastapi[standard]",
    "app/main.py",
    "from fastapi import FastAPI\nfrom .x import y\napi = FastAPI()",
    "uvicorn app.main:api --host 0.0.0.0 --port ${PORT:-8000}",
  ],
  [
    "fastapi\nuvicorn",
    "src/shop/main.py",
    "from fastapi import FastAPI\napp = FastAPI()",
    "uvicorn shop.main:app --app-dir src --host 0.0.0.0 --port ${PORT:-8000}",
  ],
  [
    "fastapi\nhypercorn",
    "main.py",
    "from fastapi import FastAPI\napp = FastAPI()",
    "hypercorn main:app --bind 0.0.0.0:${PORT:-8000}",
  ],
  ["fastapi", "main.py", "from fastapi import FastAPI\napp = FastAPI()", null],
  ["flask\ngunicorn", "app.py", flask, "gunicorn app:app --bind 0.0.0.0:${PORT:-5000}"],
  [
    "flask\ngunicorn",
    "shop/__init__.py",
    "from flask import Flask\ndef create_app(config=None):\n    return Flask(__name__)",
    "gunicorn 'shop:create_app()' --bind 0.0.0.0:${PORT:-5000}",
  ],
  ["flask", "app.py", flask, "flask --app app:app run --host 0.0.0.0 --port ${PORT:-5000}"],
  [
    "django\ngunicorn",
    "shop/wsgi.py",
    "from django.core.wsgi import get_wsgi_application\napplication = get_wsgi_application()",
    "gunicorn shop.wsgi:application --bind 0.0.0.0:${PORT:-8000}",
  ],
  ["flask\nwaitress", "app.py", `${flask}app.run(port=8123)`, "waitress-serve --listen=0.0.0.0:${PORT:-8123} app:app"],
])("%s: %s is served", async (packages, file, code, start) => {
  const { services } = await found({ "requirements.txt": `${packages}\n`, [file]: `${code}\n` });
  expect(services.map((one) => one.start)).toEqual([start]);
});

test.each([
  ["@app.get('/healthz')\ndef h(): pass", "/healthz"],
  ["@app.route('/status', methods=['POST'])\ndef h(): pass", null],
  [
    "bp = Blueprint('x', __name__, url_prefix='/api')\n@bp.route('/ping')\ndef p(): pass\napp.register_blueprint(bp)",
    "/api/ping",
  ],
  ["bp = Blueprint('x', __name__)\n@bp.route('/ping')\ndef p(): pass", null],
  ["cache.get('/health')", null],
])("%s: health", async (code, path) => expect((await inApp(code)).services[0]?.health_path).toBe(path));

test("a router of another file, under the prefixes of both, and a setting as prefix", async () => {
  const { services } = await found({
    "requirements.txt": "fastapi\nuvicorn\n",
    "app/main.py":
      "from fastapi import FastAPI\nfrom app.config import settings\nfrom app.routes import users\napp = FastAPI()\napp.include_router(users.router, prefix=settings.API)\n",
    "app/config.py":
      "from pydantic_settings import BaseSettings\nclass S(BaseSettings):\n    API: str = '/api/v1'\nsettings = S()\n",
    "app/routes/users.py":
      "from fastapi import APIRouter\nrouter = APIRouter(prefix='/utils')\n@router.get('/health')\ndef h(): pass\n",
  });
  expect(services[0]).toMatchObject({ health_path: "/api/v1/utils/health", confidence: { health_path: "inferred" } });
});

test.each([
  ["db = sqlite3.connect(os.getenv('DB_FILE', 'data/shop.db'))", "data/shop.db", "DB_FILE"],
  ["URL = os.getenv('DATABASE_URL', 'sqlite:///./data/shop.db')", "data/shop.db", null],
  ["UPLOAD_FOLDER = os.environ.get('UPLOAD_FOLDER', 'uploads')", "uploads", "UPLOAD_FOLDER"],
  ["MEDIA_ROOT = Path(__file__).resolve().parent / 'media'", "media", null],
  ["with open('data/' 'x', 'r') as f: pass\nPath('store/x.json').write_text('x')", "store", null],
])("%s keeps %s", async (code, path, variable) =>
  expect((await inApp(code)).services[0]?.writable.map((one) => [one.path, one.from_env])).toEqual([[path, variable]]),
);

test.each([
  ['requires-python = ">=3.10,<3.13"', "3.12"],
  ['requires-python = ">=3.9"', "3.13"],
  ['requires-python = "==3.11.*"', "3.11"],
  ['requires-python = "~=3.12.0"', "3.12"],
  ['requires-python = ">=3.14"', "3.14"],
  ["", "3.13"],
])("%s runs on %s", async (line, version) => {
  const { services } = await found({
    "pyproject.toml": `[project]\nname = "shop"\ndependencies = [\n  "Flask>=3",\n]\n${line}\n`,
    "app.py": flask,
  });
  expect(services[0]).toMatchObject({ runtime: { name: "python", version }, install: "pip install ." });
});

test("what an endless loop waits for is a worker; a library, a tool and tests are no programs", async () => {
  const kinds = async (files: Record<string, string>) =>
    (await found(files)).services.map(({ kind, start }) => [kind, start]);
  const loop = "import time\nwhile True:\n    time.sleep(1)\n";
  expect(
    await kinds({ "requirements.txt": "redis\n", "jobs.py": `${loop}\nif __name__ == "__main__":\n    main()\n` }),
  ).toEqual([["worker", "python jobs.py"]]);
  expect(
    await kinds({ "pyproject.toml": '[project]\nname = "x"\n', "x/__main__.py": `from .run import go\n${loop}` }),
  ).toEqual([["worker", "python -m x"]]);
  expect(
    await kinds({
      "pyproject.toml": '[project]\nname = "x"\n[project.scripts]\nx = "x:main"\n',
      "x.py": 'import argparse\nif __name__ == "__main__":\n    main()\n',
    }),
  ).toEqual([]);
  expect(await kinds({ "pyproject.toml": '[project]\nname = "x"\n', "x/core.py": "URL = 'x'\n" })).toEqual([]);
  expect(await kinds({ "pyproject.toml": "[tool.ruff]\nline-length = 100\n", "tests/main.py": loop })).toEqual([]);
});

test("Django with Celery: what it serves, migrates, and the worker beside it", async () => {
  const { services, datastores } = await found({
    "requirements.txt": "Django==5.2\npsycopg[binary]\ngunicorn\ncelery[redis]>=5\n",
    "manage.py": "import os\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'shop.settings')\n",
    "shop/wsgi.py": "from django.core.wsgi import get_wsgi_application\napplication = get_wsgi_application()\n",
    "shop/celery.py": "from celery import Celery\napp = Celery('shop')\n",
    "shop/urls.py": "urlpatterns = [path('api/', include('core.urls'))]\n",
    "core/urls.py": "urlpatterns = [path('health/', view)]\n",
  });
  expect(services).toMatchObject([
    { name: "shop", kind: "web", release: "python manage.py migrate --noinput", health_path: "/api/health/" },
    { name: "worker", kind: "worker", start: "celery --app shop.celery:app worker", release: null, port: null },
  ]);
  expect(datastores.map(({ name, required }) => [name, required])).toEqual([
    ["postgres", true],
    ["redis", true],
  ]);
});

test.each([
  "[[[",
  "[project]\nname = 1\ndependencies = 3\n",
  `a = ${"[".repeat(5000)}`,
  "[tool.poetry.dependencies]\npython = 3\nx = { extras = 1 }\n",
])("a broken manifest ends with an analysis: %s", async (toml) => {
  const files = {
    "pyproject.toml": toml,
    Pipfile: toml,
    "setup.cfg": `install_requires =\n  ${toml}`,
    "app.py": flask,
  };
  expect((await found(files)).services.length).toBeLessThan(2);
});
