import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { removeServer, type Server } from "../../lab/server.ts";
import { applied, ask, type Cli, done, type Ended, failureIn, openCli, pointDomain, testLab } from "../e2e/berth.ts";
import { servingDomain, servingServer } from "../e2e/servers.ts";
import { inTerminal } from "../e2e/terminal.ts";
import { makeTiny, type Tiny } from "../e2e/tiny.ts";
import { type World, worldOf } from "../e2e/world.ts";

// What people do after the deploy: three stacks on one server, two of them come and go, and the guestbook notices nothing.
const lab = testLab();
const published = 13_000;
let server: Server;
let cli: Cli;
let before: World;
let shop: Tiny;
let blog: Tiny;
let shopHash: string;
const visits: string[] = [];
let visiting: Promise<void>;
let closed = false;

const keeps = `const { mkdirSync, writeFileSync } = await import("node:fs");
mkdirSync("data", { recursive: true });
server.on("request", (request) => writeFileSync("data/last.txt", request.url));
server.listen(port);`;

beforeAll(async () => {
  server = await servingServer(lab, "acts");
  cli = await openCli(lab);
  for (const stack of ["shop", "blog"]) await pointDomain(lab, server, `${stack}.example.test`);
  [shop, blog] = [await makeTiny("shop"), await makeTiny("blog")];
  await shop.write({ handler: 'response.end("shop");', listen: keeps });
  await blog.write({ handler: 'response.end("blog");' });
  before = await worldOf(lab, server);
  visiting = visit();
});
afterAll(async () => {
  closed = true;
  await visiting;
  await Promise.all([cli.close(), shop.remove(), blog.remove()]);
  await removeServer(lab, server.name);
});

/** Asks the guestbook five times a second, each time on a new connection. */
async function visit(): Promise<void> {
  while (!closed) {
    const answer = await ask(lab, server, { domain: servingDomain }).catch((error: Error) => error.message);
    visits.push(typeof answer === "string" ? answer : String(answer.status));
    await sleep(200);
  }
}

/** Whether a port answers from outside. */
const answers = (port: number) =>
  new Promise<boolean>((resolve) => {
    const socket = connect({ host: server.address, port, timeout: 3000 });
    const end = (is: boolean) => {
      socket.destroy();
      resolve(is);
    };
    socket
      .on("connect", () => end(true))
      .on("timeout", () => end(false))
      .on("error", () => end(false));
  });

const pageOf = (stack: string, path = "/") =>
  ask(lab, server, { domain: `${stack}.example.test`, path }).then(({ body }) => body);
const upAs = (tiny: Tiny, stack: string, ...args: string[]) =>
  cli.up(tiny.folder, server, { domain: `${stack}.example.test`, args });

/** The hash with which a person who has no terminal approves what was shown. */
const hashIn = ({ code, events }: Ended, key = "act"): string => {
  expect(code).toBe(3);
  return String(events.at(-1)?.[key]);
};

test("a port that one stack publishes stays open when another is deployed after it", async () => {
  const deployed = done(
    await upAs(shop, "shop", "--publish", `shop:3000:${published}`, "--env", "WORD=a 'quoted' $word"),
  );
  shopHash = deployed.hash;
  expect(await pageOf("shop", "/asked")).toBe("shop");
  expect(await answers(published)).toBe(true);
  done(await upAs(blog, "blog"));
  expect(await pageOf("blog")).toBe("blog");
  expect(await answers(published)).toBe(true);
});

test("a command runs beside a service with what that has, once for each approval, and its code is the exit code", async () => {
  const script = 'echo "$WORD"; cat data/last.txt; echo; id -un; exit 3';
  const words = ["run", "shop/shop", "--json"];
  const hash = hashIn(await cli.run([...words, "--", "sh", "-c", script]));
  const ran = await cli.run([...words, "--approve", hash, "--", "sh", "-c", script]);
  expect(ran.code).toBe(3);
  expect(ran.events.at(-1)).toMatchObject({ state: "done", exitCode: 3 });
  const printed = ran.events.filter(({ event }) => event === "output").map(({ text }) => text);
  expect(printed.join("")).toBe("a 'quoted' $word\n/asked\nnode\n");
  // What was approved is used up: the same again is asked about again.
  hashIn(await cli.run([...words, "--", "sh", "-c", script]));
  const other = await cli.run([...words, "--approve", hash, "--", "sh", "-c", "true"]);
  expect(failureIn(other)).toMatchObject({ code: "approval_required" });
});

test("a command without a terminal prints as it is, and a service that is not there is named", async () => {
  const words = ["run", "shop/shop"];
  const argv = ["--", "node", "-e", "console.log(process.version)"];
  const hash = hashIn(await cli.run([...words, "--json", ...argv]));
  const ran = done(await cli.run([...words, "--approve", hash, ...argv]));
  expect(ran.stdout).toMatch(/^v\d+\.\d+\.\d+\n$/);
  expect(failureIn(await cli.run(["run", "shop/web", "--json", "--", "true"]))).toMatchObject({
    code: "no_such_service",
  });
});

test("scaled: other limits, and nothing but that service's containers is new", async () => {
  const words = ["scale", "blog", "--memory", "blog=200", "--cpus", "blog=0.5", "blog=2", "--json"];
  const hash = hashIn(await cli.run(words), "plan");
  const scaled = done(await cli.run([...words, "--approve", hash]));
  expect(applied(scaled)).toContain("stack/start/blog");
  expect(applied(scaled).filter((step) => /^(?:build|transfer)\./.test(step))).toEqual([]);
  const shown = await worldOf(lab, server);
  const containers = (shown.containers as { name: string; memory: number }[]).filter(({ name }) =>
    name.includes("blog"),
  );
  expect(containers.map(({ memory }) => memory / 1024 / 1024)).toEqual([200, 200]);
  expect(await pageOf("blog")).toBe("blog");
});

test("redeployed: the source as it is now, by what this computer remembers", async () => {
  await blog.write({ handler: 'response.end("blog again");' });
  const hash = hashIn(await cli.run(["redeploy", "blog", "--json"]), "plan");
  done(await cli.run(["redeploy", "blog", "--approve", hash, "--json"]));
  expect(await pageOf("blog")).toBe("blog again");
});

test("destroyed by the hash of what was shown alone; killed twice on the way, it goes on where it was", async () => {
  const asked = await cli.run(["destroy", "blog", "--json"]);
  const hash = hashIn(asked);
  expect(asked.stderr).toContain("Stays:");
  const wrong = await cli.run(["destroy", "blog", "--json", "--approve", "0".repeat(64)]);
  expect(failureIn(wrong)).toMatchObject({ code: "approval_required" });
  hashIn(await cli.run(["destroy", "blog", "--json"], { input: "blog\n" }));
  expect(await pageOf("blog")).toBe("blog again");

  const first = await killedAt(["destroy", "blog", "--json", "--approve", hash], "destroy/containers");
  const run = String(first.events.at(-1)?.["run"]);
  expect(first.events.at(-1)).toMatchObject({ state: "interrupted" });
  const second = await killedAt(["resume", run, "--json"], "destroy/files");
  expect(second.events.at(-1)).toMatchObject({ run, state: "interrupted" });
  const last = done(await cli.run(["destroy", "blog", "--json"]));
  expect(last.events.at(-1)).toMatchObject({ run, state: "done" });
  expect((await cli.run(["destroy", "blog", "--json"])).events.at(-1)).toMatchObject({ state: "gone" });
  expect(await pageOf("shop")).toBe("shop");
  expect(await answers(published)).toBe(true);
});

test("the last one goes under its typed name, its port with it, and the server is as it was before both came", async () => {
  const mistyped = await inTerminal({ cli, server }, ["destroy", "shop"], "blog", "Type shop");
  expect(mistyped).toMatchObject({ code: 3, shown: expect.stringContaining("nothing was changed") });
  expect(mistyped.shown).toMatch(/volume shop-\S+: .*\(\d/);
  expect(await pageOf("shop")).toBe("shop");
  const { code, shown } = await inTerminal({ cli, server }, ["destroy", "shop"], "shop", "Type shop");
  expect(code, shown).toBe(0);
  expect(await answers(published)).toBe(false);
  const after = await worldOf(lab, server);
  // A lock's file stays for its number, which only grows.
  const files = after.files.filter(({ path }) => !/\/locks\/stack-(?:shop|blog)/.test(path));
  expect({ ...after, files }).toEqual(before);
});

test("what was approved for the stack before does not count for the next of its name", async () => {
  const again = await cli.run(["rollback", "shop", "--to", shopHash, "--json"]);
  expect(hashIn(again, "plan")).toBe(shopHash);
});

test("the guestbook's visitors noticed nothing of it all", async () => {
  closed = true;
  await visiting;
  expect(visits.length).toBeGreaterThan(100);
  expect(visits.filter((seen) => seen !== "200")).toEqual([]);
});

/** Runs a command until a step has begun, and kills its worker in the middle of that. */
async function killedAt(args: string[], step: string): Promise<Ended> {
  let pid: number | undefined;
  return cli.run(args, {
    onStdout: (line) => {
      const event = JSON.parse(line) as { event: string; pid?: number; step?: string };
      if (event.event === "taken") pid = event.pid;
      if (event.event === "started" && event.step === step && pid !== undefined) process.kill(pid, "SIGKILL");
    },
  });
}
