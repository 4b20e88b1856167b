import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { attemptDocker, docker } from "../../lab/engine.ts";
import { openLab } from "../../lab/names.ts";
import { until } from "../../src/kit/wait.ts";
import { type Behaviour, type Configuration, holdsContract } from "./base-contract.ts";

// What deployments rely on in the images whose names the lab's stand-ins bear. The official images pass it, too.
const lab = openLab(process.env.BERTH_LAB);

const configurations: Configuration[] = [
  { image: "debian:13-slim", command: ["bash"] },
  { image: "debian:12-slim", command: ["bash"] },
  { image: "node:24-slim", command: ["node"], entrypoint: ["docker-entrypoint.sh"] },
  { image: "node:24", command: ["node"], entrypoint: ["docker-entrypoint.sh"] },
  { image: "node:22-slim", command: ["node"], entrypoint: ["docker-entrypoint.sh"] },
  { image: "node:22", command: ["node"], entrypoint: ["docker-entrypoint.sh"] },
  {
    image: "caddy:2",
    env: { XDG_CONFIG_HOME: "/config", XDG_DATA_HOME: "/data" },
    ports: ["80/tcp", "443/tcp", "443/udp", "2019/tcp"],
    directory: "/srv",
    command: ["caddy", "run", "--config", "/etc/caddy/Caddyfile", "--adapter", "caddyfile"],
  },
  {
    image: "postgres:17",
    env: { PGDATA: "/var/lib/postgresql/data", PG_MAJOR: "17", LANG: "en_US.utf8" },
    volumes: ["/var/lib/postgresql/data"],
    ports: ["5432/tcp"],
    command: ["postgres"],
    entrypoint: ["docker-entrypoint.sh"],
  },
];

const behaviours: Behaviour[] = [
  ["debian 13", ["debian:13-slim", "cat", "/etc/debian_version"], /^13\./],
  ["debian 12", ["debian:12-slim", "cat", "/etc/debian_version"], /^12\./],
  ["node: an option is node's", ["node:24-slim", "-p", "1+1"], /^2$/],
  ["node: a command is itself", ["node:24-slim", "npm", "--version"], /^1\d\.\d+/],
  ["node: a script is node's", ["node:24-slim", "/missing.js"], /Cannot find module '\/missing.js'/, 1],
  ["node 24", ["node:24", "node", "--version"], /^v24\./],
  ["node 22", ["node:22-slim", "node", "--version"], /^v22\./],
  ["node: the user node", ["--user", "node", "node:22-slim", "id"], /^uid=1000\(node\) gid=1000\(node\)/],
  [
    "node: corepack and yarn",
    ["node:24-slim", "sh", "-c", "corepack --version && yarn --version"],
    /^\d+\.\d+\.\d+\n1\./,
  ],
  ["caddy: a release with stream_close_delay", ["caddy:2", "caddy", "version"], /^v?2\.([89]|\d\d)\./],
  ["caddy: its page", ["caddy:2", "cat", "/etc/caddy/Caddyfile"], /\/usr\/share\/caddy/],
  [
    "caddy: another user binds port 80",
    [
      "--user",
      "1234",
      "--entrypoint",
      "sh",
      "caddy:2",
      "-c",
      "export HOME=/tmp XDG_CONFIG_HOME=/tmp XDG_DATA_HOME=/tmp; timeout 2 caddy respond --listen :80 hi; [ $? = 124 ] && echo bound",
    ],
    /bound/,
  ],
  ["postgres: no password, no start", ["postgres:17"], /POSTGRES_PASSWORD/, 1],
  ["postgres: a command is itself", ["postgres:17", "psql", "--version"], /^psql \(PostgreSQL\) 17\./],
  ["postgres: the user postgres", ["postgres:17", "id", "postgres"], /^uid=999\(postgres\) gid=999\(postgres\)/],
  ["postgres: an option is the server's", ["postgres:17", "--version"], /^postgres \(PostgreSQL\) 17\./],
];

holdsContract(lab, configurations, behaviours);

describe("a PostgreSQL server", () => {
  const container = `${lab.name}-contract-postgres`;
  let scripts = "";

  beforeAll(async () => {
    scripts = await mkdtemp(join(tmpdir(), `${lab.name}-`));
    await writeFile(join(scripts, "1.sql"), "CREATE TABLE t AS SELECT 42 AS answer;");
    await writeFile(join(scripts, "2.sh"), 'psql -U "$POSTGRES_USER" -d "$POSTGRES_DB" -c "INSERT INTO t VALUES (43)"');
    await writeFile(join(scripts, "password"), "it's");
    await docker(lab, ["run", "--rm", "--volume", `${scripts}:/s`, "debian:13-slim", "chmod", "-R", "a+rX", "/s"]);
    const env = [
      "POSTGRES_USER=app",
      "POSTGRES_DB=shop",
      "POSTGRES_PASSWORD_FILE=/docker-entrypoint-initdb.d/password",
    ];
    const mount = ["--volume", `${scripts}:/docker-entrypoint-initdb.d:ro`];
    await docker(lab, [
      "run",
      "-d",
      "--name",
      container,
      ...env.flatMap((one) => ["--env", one]),
      ...mount,
      "postgres:17",
    ]);
  });
  afterAll(async () => {
    await docker(lab, ["rm", "--force", "--volumes", container]);
    await rm(scripts, { recursive: true });
  });

  const query = async (password: string, sql: string) => {
    const address = await docker(lab, ["inspect", "--format", "{{.NetworkSettings.IPAddress}}", container]);
    const args = ["psql", "-h", address, "-U", "app", "-d", "shop", "-Atc", sql];
    return attemptDocker(lab, ["run", "--rm", "--env", `PGPASSWORD=${password}`, "postgres:17", ...args]);
  };
  const answers = (sql: string) =>
    until(async () => await query("it's", sql).then(({ code, stdout }) => (code === 0 ? stdout.trim() : undefined)), {
      timeoutMs: 60_000,
    });

  test("has the user, the password from a file, the database, and ran the scripts", async () => {
    expect(await answers("SELECT sum(answer) FROM t")).toBe("85");
  });

  test("refuses a wrong password", async () => {
    expect((await query("wrong", "SELECT 1")).stderr).toContain("password authentication failed");
  });

  test("keeps its data over a restart, as user 999", async () => {
    await docker(lab, ["restart", container]);
    expect(await answers("SELECT sum(answer) FROM t")).toBe("85");
    const owner = ["exec", container, "stat", "-c", "%u", "/var/lib/postgresql/data/PG_VERSION"];
    expect(await docker(lab, owner)).toBe("999");
  });
});
