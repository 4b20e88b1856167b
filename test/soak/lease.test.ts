import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { inServer, removeServer, type Server } from "../../lab/server.ts";
import { connectSsh } from "../../src/host/connect.ts";
import type { Host } from "../../src/host/host.ts";
import type { SshOptions } from "../../src/host/ssh.ts";
import { resolveTarget, type Target } from "../../src/host/target.ts";
import { until } from "../../src/kit/wait.ts";
import { testLab } from "../e2e/berth.ts";
import { servingServer } from "../e2e/servers.ts";
import { lockLine, startHolder } from "./lease/holder.ts";

// One holder at a time, on one real server, by root and by a user with sudo: who was taken over changes nothing more there.
const lab = testLab();
const rounds = 10;
const opened = new Set<Host>();
let server: Server;
let options: SshOptions;

const there = (script: string) => inServer(lab, server.name, "sh", "-ec", script);
const holder = (run: string, ttlSeconds = 60) => ({ owner: `${run}@test`, run, ttlSeconds });

const targetOf = async (user: string): Promise<Target> => {
  const target = await resolveTarget(`ssh://${user}@${server.address}`, { env: {}, identityFile: server.key });
  return { ...target, identitiesOnly: true };
};

async function connect(user: string): Promise<Host> {
  const host = await connectSsh(await targetOf(user), options);
  opened.add(host);
  return host;
}

/** The lock, as soon as its holder's time is up. */
async function takeOver(user: string, name: string) {
  const host = await connect(user);
  const lock = await until(() => host.lock(name, holder("taker")).catch(() => undefined), { timeoutMs: 60_000 });
  await there(`cp -p /var/lib/berth/locks/${name} /var/tmp/mark`);
  if (!lock) throw new Error(`${name} was not taken over`);
  return { host, lock };
}

beforeAll(async () => {
  server = await servingServer(lab, "lease");
  options = { knownHosts: await readFile(server.knownHosts, "utf8") };
  await there(`useradd --create-home --shell /bin/bash deploy
    echo 'deploy ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/deploy
    install -D -m 600 -o deploy -g deploy /root/.ssh/authorized_keys /home/deploy/.ssh/authorized_keys
    chown deploy:deploy /home/deploy/.ssh`);
}, 1_200_000);
afterAll(async () => {
  await Promise.all([...opened].map((host) => host.close()));
  await removeServer(lab, server.name);
});

describe.each(["root", "deploy"])("as %s", (user) => {
  test.each(["frozen", "cut off and frozen"])(
    `a holder that is %s reaches nothing once another has its lock, ${rounds} times`,
    async (how) => {
      for (let round = 1; round <= rounds; round++) {
        const first = await startHolder(lab, server.name, "frozen", await targetOf(user), options);
        try {
          if (how !== "frozen") await first.cut().then(() => sleep(200));
          first.freeze();
          await sleep(500);
          const left = await lockLine(lab, server.name, "frozen");
          const { host, lock } = await takeOver(user, "frozen");
          const taken = await lockLine(lab, server.name, "frozen");
          expect(lock.number, `round ${round}`).toBe(first.number + 1);
          // It has it for 60 s from when it got it: not before the other's time was up.
          expect(taken.expiry - 60, `round ${round}`).toBeGreaterThanOrEqual(left.expiry);
          await first.mend();
          first.wake();
          expect(await first.stopped(), `round ${round}`).toBe(true);
          await sleep(300);
          expect(await first.changedSince("/var/tmp/mark"), `round ${round}`).toBe("");
          await lock.release();
          await host.close();
        } finally {
          await first.mend();
          first.end();
        }
      }
    },
  );

  test("where nobody ended its connection it does reach it, so that the rounds before could fail", async () => {
    const first = await startHolder(lab, server.name, "unended", await targetOf(user), options);
    try {
      first.freeze();
      await sleep(500);
      const file = "/var/lib/berth/locks/unended";
      await there(
        `awk '{ $1 += 1; $2 = $3 = "taker"; $4 += 60; print }' ${file} >${file}.new; mv ${file}.new ${file}; cp -p ${file} /var/tmp/mark`,
      );
      first.wake();
      const reached = async () => {
        const changed = await first.changedSince("/var/tmp/mark");
        return changed.includes("/exec") && changed.includes("/volumes") ? true : undefined;
      };
      expect(await until(reached, { timeoutMs: 30_000 })).toBe(true);
    } finally {
      first.end();
    }
  });
});

/** Somebody's own exec whose caller is killed and whose container is removed: the Engine keeps its end of it for good. */
const leak = () =>
  there(`docker run --detach --rm --name leaky --entrypoint sleep "$(docker inspect --format '{{.Image}}' berth-proxy)" 600 >/dev/null
    mkfifo /var/tmp/leaky; sleep 600 >/var/tmp/leaky & keeper=$!
    docker exec --interactive leaky cat </var/tmp/leaky >/dev/null 2>&1 & caller=$!
    sleep 3; kill -9 $caller; docker rm --force leaky >/dev/null; kill $keeper; rm /var/tmp/leaky; sleep 1
    ss -Hx state connected | awk '$5 ~ /docker.sock$/ && $8 == 0' | wc -l`);

test("a call of others that the Engine keeps for good stops no takeover while the holder's connection stands", async () => {
  const [first, second] = [await connect("root"), await connect("root")];
  const lock = await first.lock("leak", holder("one"));
  expect(Number(await leak())).toBeGreaterThan(0);
  const again = await second.lock("leak", holder("one"));
  expect(again.number).toBe(lock.number + 1);
  await again.release();
});

test("where that connection is gone it stops one until it can be no call of the holder, and says how long", async () => {
  const [first, second] = [await connect("root"), await connect("root")];
  const lock = await first.lock("leak", holder("one"));
  expect(Number(await leak())).toBeGreaterThan(0);
  await first.close();
  const refused = await second.lock("leak", holder("one")).then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(refused).toMatchObject({ code: "takeover_blocked", cause: expect.stringMatching(/repeat in \d+ s/) });
  const [, seconds] = /repeat in (\d+) s/.exec((refused as { cause: string }).cause) ?? [];
  expect(Number(seconds)).toBeLessThanOrEqual(120);
  await sleep(Number(seconds) * 1000);
  const again = await second.lock("leak", holder("one"));
  expect(again.number).toBe(lock.number + 1);
  await again.release();
});
