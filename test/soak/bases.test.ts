import { afterAll, describe, expect, test } from "vitest";
import { attemptDocker, docker } from "../../lab/engine.ts";
import { until } from "../../src/kit/wait.ts";
import { holdsContract } from "../e2e/base-contract.ts";
import { testLab } from "../e2e/berth.ts";

// Base images that only the long tests start from.
const lab = testLab();

holdsContract(
  lab,
  [
    { image: "python:3.13-slim", command: ["python3"] },
    {
      image: "redis:8",
      ...{ volumes: ["/data"], ports: ["6379/tcp"], directory: "/data" },
      ...{ command: ["redis-server"], entrypoint: ["docker-entrypoint.sh"] },
    },
  ],
  [
    ["python: 3.13", ["python:3.13-slim", "python", "--version"], /^Python 3\.13\./],
    [
      "python: its programs lie in /usr/local, and pip installs there",
      ["python:3.13-slim", "sh", "-c", "command -v python python3 pip && pip --version"],
      /^\/usr\/local\/bin\/python\n\/usr\/local\/bin\/python3\n\/usr\/local\/bin\/pip\npip \d/,
    ],
    [
      "python: an environment of its own has pip",
      ["python:3.13-slim", "sh", "-c", "python -m venv /venv && /venv/bin/pip --version"],
      /^pip \d.* from \/venv\/lib\/python3\.13\//,
    ],
    ["redis: a command is itself", ["redis:8", "redis-cli", "--version"], /^redis-cli 8\./],
    ["redis: an option is the server's", ["redis:8", "--version"], /^Redis server v=8\./],
    ["redis: the user redis", ["redis:8", "id", "redis"], /^uid=999\(redis\)/],
  ],
);

describe("a Redis server", () => {
  const container = `${lab.name}-contract-redis`;
  afterAll(() => docker(lab, ["rm", "--force", "--volumes", container]));
  const cli = (...args: string[]) => attemptDocker(lab, ["exec", container, "redis-cli", ...args]);
  const answers = (...args: string[]) =>
    until(async () => await cli(...args).then(({ code, stdout }) => (code === 0 ? stdout.trim() : undefined)), {
      timeoutMs: 60_000,
    });

  test("reads its settings from standard input, as the user redis, and keeps what was written over a restart", async () => {
    const settings = "exec docker-entrypoint.sh redis-server - <<END\nappendonly yes\nEND";
    await docker(lab, ["run", "-d", "--name", container, "redis:8", "sh", "-c", settings]);
    expect(await answers("set", "k", "v")).toBe("OK");
    await docker(lab, ["restart", container]);
    expect(await answers("get", "k")).toBe("v");
    expect(await docker(lab, ["exec", container, "stat", "-c", "%u", "/data/appendonlydir"])).toBe("999");
  });
});
