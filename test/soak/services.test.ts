import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { inServer, removeServer, type Server } from "../../lab/server.ts";
import { applied, ask, type Cli, done, failureIn, openCli, testLab } from "../e2e/berth.ts";
import { servingServer } from "../e2e/servers.ts";
import { startVisitors } from "./proxy/scene.ts";
import { makeParts, type Parts } from "./services/parts.ts";

// One source of three services: a web with replicas, an API below a path, and a worker that nobody asks. One story.
const lab = testLab();
const stack = "parts";
const host = `${stack}.example.test`;
let server: Server;
let cli: Cli;
let parts: Parts;

interface Said {
  service: string;
  word: string;
  in: string;
  url: string;
}

const there = (script: string) => inServer(lab, server.name, "sh", "-c", script);
const lines = async (script: string) => (await there(script)).split("\n").filter((line) => line !== "");
const said = async (path = "/") => JSON.parse((await ask(lab, server, { path })).body) as Said;
const up = (...args: string[]) => cli.up(parts.folder, server, { domain: host, args: ["--stack", stack, ...args] });

/** All that a person could tell the running stack by: its containers with their environment and volumes, where it is asked. */
const standing = () =>
  there(`docker ps --filter label=dev.berth.stack=${stack} --format '{{.ID}} {{.Names}}' | sort
for c in $(docker ps -q --filter label=dev.berth.stack=${stack} | sort); do
  docker inspect --format '{{.Id}} {{.Config.Env}} {{.HostConfig.Mounts}} {{.HostConfig.RestartPolicy.Name}}' $c; done
cd /var/lib/berth/proxy/etc/up && grep . ${stack}_*; cat /var/lib/berth/proxy/routes/${stack}.json`);
const containersOf = (service: string) =>
  lines(
    `docker ps --filter label=dev.berth.stack=${stack} --filter label=dev.berth.service=${service} --no-trunc --format '{{.ID}}' | sort`,
  );

async function whileVisited<T>(act: () => Promise<T>): Promise<T> {
  const visitors = startVisitors(lab, server, [host]);
  await sleep(2000);
  try {
    return await act();
  } finally {
    await sleep(2000);
    const { sent, failed, missed } = await visitors.stop();
    process.stdout.write(`${sent} requests, ${failed.length} failed, ${missed} not sent in time\n`);
    expect(failed).toEqual([]);
    expect(sent).toBeGreaterThan(100);
  }
}

beforeAll(async () => {
  server = await servingServer(lab, stack);
  cli = await openCli(lab);
  parts = await makeParts(stack);
  await parts.write({ word: "one" });
  await there(
    "docker tag caddy:2 foreign/image:1 2>/dev/null || docker tag $(docker images -q | head -n 1) foreign/image:1; docker volume create foreign; docker create --name foreign foreign/image:1",
  );
});
afterAll(async () => {
  await cli?.close();
  await parts?.remove();
  await removeServer(lab, stack);
});

test("a web with two replicas, an API below its path, and a worker", async () => {
  const routes = ["/=web", "/api=api", "/old=api,strip"].flatMap((route) => ["--route", route]);
  done(await up(...routes, "--replicas", "web=2"));
  const answers = await Promise.all(Array.from({ length: 24 }, () => said()));
  expect(new Set(answers.map((answer) => answer.in)).size).toBe(2);
  expect(answers.every(({ service }) => service === "web")).toBe(true);
  expect(await said("/api/items?n=1")).toMatchObject({ service: "api", url: "/api/items?n=1" });
  expect((await said("/api")).service).toBe("api");
  expect((await said("/apis")).service).toBe("web");
  expect((await said("/API")).service).toBe("web");
  expect((await said("/old")).url).toBe("/");
  expect(await said("/old/items?n=1")).toMatchObject({ service: "api", url: "/items?n=1" });
  expect((await containersOf("worker")).length).toBe(1);
  expect(await there(`cat /var/lib/berth/stacks/${stack}/compose.yaml`)).toContain("scale: 2");
});

test("again unchanged: no step is applied", async () => {
  expect(applied(done(await up()))).toEqual([]);
});

test("a worker that crashes in the new release: all of the old one serves on, and why is in the answer", async () => {
  const before = await standing();
  // Only where the others can be found, so that it is well while its image is tried.
  const crash = `import { lookup } from "node:dns/promises";
setTimeout(async () => {
  if (!(await lookup("api").catch(() => undefined))) return;
  console.error("no such queue: votes");
  process.exit(7);
}, 2000);`;
  await parts.write({ word: "two", worker: crash });
  const failed = await whileVisited(() => up());
  const failure = failureIn(failed);
  expect(failure["code"]).toBe("app_crashed");
  expect(failure["message"]).toContain("exit code 7");
  expect(failure["cause"]).toContain("no such queue: votes");
  expect(await standing()).toBe(before);
  expect((await said()).word).toBe("one");
  expect((await said("/api")).word).toBe("one");
});

test("a release of all three, and what ran before is gone", async () => {
  await parts.write({ word: "three" });
  done(await whileVisited(() => up()));
  expect((await said()).word).toBe("three");
  expect((await said("/api")).word).toBe("three");
  expect((await lines(`docker ps -a --filter label=dev.berth.stack=${stack} --format '{{.Names}}'`)).length).toBe(4);
});

test("scaled to three and to one: nobody is lost, and what need not change runs on", async () => {
  const two = await containersOf("web");
  const more = done(await whileVisited(() => up("--replicas", "web=3")));
  const three = await containersOf("web");
  expect(three).toEqual(expect.arrayContaining(two));
  expect(three).toHaveLength(3);
  expect(applied(more)).not.toContain("stack/start/api");
  done(await whileVisited(() => up("--replicas", "web=1")));
  const [one, ...none] = await containersOf("web");
  expect(none).toEqual([]);
  expect(two).toContain(one);
  expect(applied(done(await up()))).toEqual([]);
});

test("what somebody has changed on the server is repaired, each by its own step", async () => {
  const name = async (service: string) =>
    (
      await there(
        `docker ps -a --filter label=dev.berth.stack=${stack} --filter label=dev.berth.service=${service} --format '{{.Names}}'`,
      )
    ).trim();
  await there(`docker stop ${await name("api")}`);
  expect(applied(done(await up()))).toEqual(["stack/start/api"]);

  // Made anew under its name, with its labels and address, and one variable more.
  const worker = await name("worker");
  await there(`docker inspect ${worker} >/tmp/inspect.json && docker rm -f ${worker} && python3 - <<'END' >/tmp/body.json
import json
seen = json.load(open("/tmp/inspect.json"))[0]
net = {name: {"IPAMConfig": one["IPAMConfig"]} for name, one in seen["NetworkSettings"]["Networks"].items()}
seen["Config"]["Env"].append("EDITED=1")
print(json.dumps({**seen["Config"], "HostConfig": seen["HostConfig"], "NetworkingConfig": {"EndpointsConfig": net}}))
END
curl -sSf --unix-socket /run/docker.sock -H 'Content-Type: application/json' -d @/tmp/body.json "http://x/containers/create?name=${worker}"
docker start ${worker}`);
  expect(applied(done(await up()))).toEqual(["stack/start/worker", "stack/retire", "stack/record"]);
  expect(await there(`docker inspect --format '{{.Config.Env}}' ${worker}`)).not.toContain("EDITED");

  const proxy = await there("docker inspect --format '{{.Id}}' berth-proxy");
  await there(`sed -i 's/"web"/"api"/' /var/lib/berth/proxy/routes/${stack}.json`);
  expect(applied(done(await up()))).toEqual(["stack/routes/add"]);
  expect(await there("docker inspect --format '{{.Id}}' berth-proxy")).toBe(proxy);
  await there(`echo broken >/var/lib/berth/proxy/routes/${stack}.json`);
  expect(applied(done(await up()))).toEqual(["stack/routes/add"]);
  expect((await said()).service).toBe("web");

  await there(`echo 192.0.2.1:1 >/var/lib/berth/proxy/etc/up/${stack}_api`);
  expect(applied(done(await up()))).toEqual(["stack/switch"]);
  expect((await said("/api")).service).toBe("api");
});

test("a port that is published by wish answers past the proxy over IPv4 and IPv6, and closes again", async () => {
  const [address, address6] = [`http://${server.address}:14000/`, `http://[${server.address6}]:14000/`];
  const answered = (url: string) =>
    fetch(url, { signal: AbortSignal.timeout(5000) }).then(
      async (answer) => ((await answer.json()) as Said).service,
      () => "nobody",
    );
  expect(await answered(address)).toBe("nobody");
  done(await up("--publish", "api:4000:14000"));
  expect([await answered(address), await answered(address6)]).toEqual(["api", "api"]);
  done(await up("--publish", "none"));
  expect([await answered(address), await answered(address6)]).toEqual(["nobody", "nobody"]);
});

test("the newest five releases stay, with what they need; what is not the stack's stays as it was", async () => {
  for (const edition of ["1", "2", "3", "4", "5"]) done(await up("--env", `EDITION=${edition}`));
  expect(await lines(`ls /var/lib/berth/stacks/${stack}/releases`)).toHaveLength(5);
  const images = await lines(`docker images --filter label=dev.berth.stack=${stack} --format '{{.Repository}}'`);
  expect(images.sort()).toEqual([`berth/${stack}-api`, `berth/${stack}-web`, `berth/${stack}-worker`]);
  expect(await there("docker images -q foreign/image && docker volume ls -q")).toMatch(/\w{12}[\s\S]*^foreign$/m);
  expect((await there("docker ps -a --filter name=^foreign$ --format '{{.State}}'")).trim()).toBe("created");
  expect(applied(done(await up()))).toEqual([]);
});
