import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { pushFolder, startGit } from "../../lab/git.ts";
import { inServer, removeServer, type Server } from "../../lab/server.ts";
import { run } from "../../lab/shell.ts";
import { type Cli, failureIn, openCli, testLab, type UpOptions } from "./berth.ts";
import { freshServer } from "./servers.ts";
import { makeTiny, says, type Tiny } from "./tiny.ts";

// What is refused before anything begins, on one fresh server: each test leaves it as it was, and so does each command.
const lab = testLab();
const name = "refusing";
const containing = (text: string) => expect.stringContaining(text);
let server: Server;
let cli: Cli;
let tiny: Tiny;

const there = (...command: string[]) => inServer(lab, server.name, ...command);
const shell = (script: string) => there("sh", "-ec", script);

/** What `up` answers on a server that is the usual one but for what is given. */
async function refused(source: string, changed: Partial<Server> = {}, options: UpOptions = {}) {
  const ended = await cli.up(source, { ...server, ...changed }, options);
  expect(ended.code).toBe(1);
  return failureIn(ended);
}

beforeAll(async () => {
  server = await freshServer(lab, name);
  cli = await openCli(lab);
  tiny = await makeTiny("tiny");
  await tiny.write({ handler: says("one") });
});
afterAll(async () => {
  await removeServer(lab, name);
  await cli.close();
  await tiny.remove();
});
afterEach(async () => {
  expect(await shell("command -v docker || echo none; ls -d /var/lib/berth 2>/dev/null || echo none")).toBe(
    "none\nnone",
  );
});

describe("the source", () => {
  test("no such folder", async () => {
    const folder = join(tiny.folder, "nowhere");
    expect(await refused(folder)).toMatchObject({
      code: "source_not_found",
      object: folder,
      cause: `${folder} does not exist, or may not be read.`,
      next: containing("Give the folder that holds the application"),
    });
  });

  test("no such branch: the closest one is named", async () => {
    await pushFolder(lab, tiny.folder, "refused");
    const { https, token, ca } = await startGit(lab);
    const options = { env: { BERTH_GIT_TOKEN: token, BERTH_GIT_CA: ca } };
    expect(await refused(`${https}/refused.git#mian`, {}, options)).toMatchObject({
      code: "branch_not_found",
      object: "mian",
      cause: "The closest of its 1 branches and tags: main.",
      next: "Give one that exists, such as #main.",
    });
  });
});

describe("the way in", () => {
  test("nobody listens there", async () => {
    expect(await refused(tiny.folder, { address: `${server.address}:2222` })).toMatchObject({
      code: "host_unreachable",
      object: `${server.address}:2222`,
      cause: "Nothing listens on that port (connection refused).",
      next: containing(`ssh -p 2222 ${server.address}`),
    });
  });

  test("no machine has the address", async () => {
    const address = server.address.replace(/\d+$/, "254");
    expect(await refused(tiny.folder, { address })).toMatchObject({
      code: "host_unreachable",
      object: `${address}:22`,
      cause: "No way leads there (host unreachable).",
      next: containing(`ssh -p 22 ${address}`),
    });
  });

  test("a key that the server does not know", async () => {
    const folder = await mkdtemp(join(tmpdir(), "berth-key-"));
    const key = join(folder, "key");
    await run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", key]);
    expect(await refused(tiny.folder, { key })).toMatchObject({
      code: "login_refused",
      object: `root@${server.address}:22`,
      cause: containing(`tried ${key} (SHA256:`),
      next: containing(`ssh-copy-id -p 22 root@${server.address}`),
    });
    await rm(folder, { recursive: true });
  });

  test("a user who is not root and may not become root", async () => {
    await shell("useradd --create-home plain && cp -r /root/.ssh /home/plain/ && chown -R plain: /home/plain/.ssh");
    expect(await refused(tiny.folder, { user: "plain" })).toMatchObject({
      code: "not_root",
      object: `plain@${server.address}:22`,
      cause: containing("sudo"),
      next: containing("visudo -f /etc/sudoers.d/plain: plain ALL=(ALL) NOPASSWD: ALL"),
    });
    await there("userdel", "--remove", "plain");
  });
});

describe("the server", () => {
  test("neither Debian nor Ubuntu", async () => {
    await shell(`rm /etc/os-release && printf 'ID=fedora\\nVERSION_ID=43\\nPRETTY_NAME="Fedora Linux 43"\\n' >/etc/os-release
mv /usr/bin/dpkg /usr/bin/dpkg-query /root/`);
    const failure = await refused(tiny.folder);
    await shell("mv /root/dpkg /root/dpkg-query /usr/bin/ && ln -sf ../usr/lib/os-release /etc/os-release");
    expect(failure).toMatchObject({
      code: "unsupported_os",
      message: "Berth does not provision Fedora Linux 43.",
      object: `root@${server.address}:22`,
      cause: containing("ID=fedora VERSION_ID=43; Debian 12 and 13"),
      next: containing("--server"),
    });
  });

  test("port 80 is taken: by whom, and how to stop it, which then helps", async () => {
    await there("systemd-run", "--unit=squatter", "python3", "-m", "http.server", "--bind", "0.0.0.0", "80");
    const pid = await there("systemctl", "show", "--value", "--property=MainPID", "squatter.service");
    await shell("timeout 20 sh -c 'until ss -Htln sport = :80 | grep -q LISTEN; do sleep 0.1; done'");
    const failure = await refused(tiny.folder);
    expect(failure).toMatchObject({
      code: "port_taken",
      message: `Port 80 on the server is taken by python3 (pid ${pid}, squatter.service).`,
      object: `root@${server.address}:22, port 80`,
      cause: containing("0.0.0.0:80"),
      next: containing("systemctl disable --now squatter.service"),
    });
    await shell(/\((systemctl [^)]+)\)/.exec(String(failure["next"]))?.[1] ?? "false");
    expect((await cli.plan(tiny.folder, server)).code).toBe(0);
  });

  test("too little disk where the Engine will keep its images", async () => {
    await there("mount", "-t", "tmpfs", "-o", "size=900m", "tmpfs", "/var/lib/docker");
    const failure = await refused(tiny.folder);
    await there("umount", "/var/lib/docker");
    expect(failure).toMatchObject({
      code: "disk_low",
      message: "The server has 900 MB of disk free and needs 2000 MB.",
      object: `root@${server.address}:22`,
      next: containing("df -h"),
    });
  });
});

describe("the word of a person", () => {
  const up = (...args: string[]) =>
    cli.run(["up", tiny.folder, "--server", `ssh://root@${server.address}`, "--identity", server.key, ...args]);
  const domain = ["--domain", `${name}.example.test`];

  test("the hash of another plan", async () => {
    const { hash } = await cli.plan(tiny.folder, server);
    const other = hash.replaceAll(/./g, (digit) => (digit === "0" ? "1" : "0"));
    const ended = await up(...domain, "--approve", other, "--json");
    expect(ended.code).toBe(3);
    expect(failureIn(ended)).toMatchObject({
      code: "approval_required",
      object: hash,
      cause: `--approve names ${other}, and what would be applied now is ${hash}.`,
      next: containing(`--approve ${hash}`),
    });
  });

  test("no terminal and no flag: a request, and both ways to answer it", async () => {
    const { hash } = await cli.plan(tiny.folder, server);
    const ended = await up(...domain, "--json");
    expect(ended.code).toBe(3);
    const answer = ended.events.at(-1);
    expect(answer).toMatchObject({ state: "approval_required", request: expect.stringMatching(/^request_/) });
    expect(failureIn(ended)).toMatchObject({
      code: "approval_required",
      object: `tiny, plan ${hash.slice(0, 12)}`,
      cause: "There is no terminal here to ask on.",
      next: expect.stringMatching(new RegExp(`berth approve ${answer?.["request"]} .*--approve ${hash}`)),
    });
    expect(ended.stderr).toContain(`berth approve ${answer?.["request"]}`);
  });

  test("questions that only a person can answer, each with the way to answer it", async () => {
    const asking = await makeTiny("asking");
    await asking.write({
      handler: `response.end(process.env.GREETING.toUpperCase() + process.env.PAYMENT_API_KEY.length);`,
    });
    const ended = await cli.run([
      ...["up", asking.folder, "--server", `ssh://root@${server.address}`, "--identity", server.key, "--json"],
    ]);
    await asking.remove();
    expect(ended.code).toBe(4);
    const failure = failureIn(ended);
    expect(failure).toMatchObject({ code: "questions_open", object: "asking", next: containing("Answer each") });
    expect(failure["cause"]).toContain("--domain HOST");
    expect(failure["cause"]).toContain("GREETING (server.js:5): a value that only you know (--env GREETING=VALUE)");
    expect(failure["cause"]).toContain("berth secrets set PAYMENT_API_KEY --stack asking");
  });

  test.each([
    {
      wrong: [...domain, "--memory", "much"],
      code: "usage",
      object: "berth up",
      cause: "'--memory <[SERVICE=]MEGABYTES>' argument 'much' is invalid",
      next: "berth up --help",
    },
    {
      wrong: [...domain, "--colour", "red"],
      code: "usage",
      object: "berth up",
      cause: "unknown option '--colour'",
      next: "berth up --help",
    },
    {
      wrong: ["--domain", "not a host"],
      code: "bad_wish",
      object: "domain",
      cause: "a host name, e.g. app.example.com",
      next: "berth plan --help",
    },
    {
      wrong: [...domain, "--server", "root@one@two"],
      code: "bad_address",
      object: "root@one@two",
      cause: "",
      next: "ssh://",
    },
  ])("a flag that cannot be understood: $wrong", async ({ wrong, code, object, cause, next }) => {
    const ended = await up(...wrong, "--json");
    expect(ended.code).toBe(2);
    expect(failureIn(ended)).toMatchObject({ code, object, cause: containing(cause), next: containing(next) });
  });
});

test("a server that nobody named cannot be forgotten", async () => {
  const ended = await cli.run(["servers", "remove", "nobody"]);
  expect(ended.code).toBe(1);
  expect(ended.stderr).toContain("nobody (no_such_server)");
});
