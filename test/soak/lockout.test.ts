import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { releaseFaults } from "../../lab/faults/inflict.ts";
import { cutNetwork } from "../../lab/faults/network.ts";
import { berthProcesses, killNow } from "../../lab/faults/processes.ts";
import { inServer, removeServer, resetServer, type Server } from "../../lab/server.ts";
import { succeeds } from "../../lab/shell.ts";
import { sshArgs } from "../../lab/ssh.ts";
import { until } from "../../src/kit/wait.ts";
import { ask, type Cli, type Ended, failureIn, openCli, testLab } from "../e2e/berth.ts";
import { servingDomain, servingServer } from "../e2e/servers.ts";
import { makeTiny, says, type Tiny } from "../e2e/tiny.ts";

// A server on which something makes our own change lock everybody out. It must let us in again by itself, within two
// minutes of its own clock, whatever becomes of the worker; told from outside, by logging in.
const lab = testLab();
const name = "lockout";
const most = 120;
let server: Server;
let cli: Cli;
let tiny: Tiny;

beforeAll(async () => {
  server = await servingServer(lab, name);
  cli = await openCli(lab);
  tiny = await makeTiny("tiny");
  await tiny.write({ handler: says("well") });
});
afterEach(async () => {
  await killNow([...berthProcesses(cli.home, "workers"), ...berthProcesses(cli.home, "commands")]);
  await releaseFaults(lab);
  await uproot();
  // After a boot the database takes a moment.
  const serves = () => ask(lab, server, { domain: servingDomain }).then(({ status }) => status === 200);
  expect(await eventually(() => serves().catch(() => false))).toBe(true);
});
afterAll(async () => {
  await cli.close();
  await tiny.remove();
  await removeServer(lab, name);
});

const shell = (script: string) => inServer(lab, name, "sh", "-c", script);
const succeedsThere = (script: string) =>
  shell(script).then(
    () => true,
    () => false,
  );
const up = () => cli.up(tiny.folder, server);
const login = () => succeeds("ssh", [...sshArgs(server), "true"], { timeoutMs: 5000 });
const eventually = async (look: () => Promise<boolean>, seconds = most) =>
  (await until(async () => ((await look()) ? true : undefined), { timeoutMs: seconds * 1000, everyMs: 100 })) === true;

const dropIn = "/etc/ssh/sshd_config.d/00-berth.conf";
const isFiltering = () => succeedsThere("nft list table inet berth");
const isHardened = () => succeedsThere(`test -e ${dropIn}`);
// A login may come through before the undo has tidied up behind itself.
const noClockLeft = () => eventually(() => succeedsThere("! ls /etc/systemd/system/ | grep -q ^berth-revert-"), 30);

/** As before the first deploy. */
const withoutFirewall = () =>
  shell(`systemctl disable -q --now berth-firewall.service 2>/dev/null; rm -rf /etc/berth /etc/systemd/system/berth-firewall.service
systemctl daemon-reload; nft delete table inet berth 2>/dev/null || :`);
const withoutHardening = () => shell(`rm -f ${dropIn}; systemctl reload ssh`);

const uproot = () =>
  shell(`[ ! -e /usr/sbin/nft.real ] || mv -f /usr/sbin/nft.real /usr/sbin/nft
rm -rf /run/planted /etc/planted.sh /etc/ssh/sshd_config.d/*planted* /etc/systemd/system/ssh.service.d
nft delete table inet planted 2>/dev/null
systemctl daemon-reload; systemctl reload ssh.service || systemctl restart ssh.service`);

/** Another nft, which runs the real one with `body` around it. */
const plantNft = (body: string) =>
  shell(`mv /usr/sbin/nft /usr/sbin/nft.real
cat >/usr/sbin/nft <<'EOS'
#!/bin/sh
${body}
EOS
chmod +x /usr/sbin/nft`);

/** Nobody new gets in any more as long as our firewall stands. */
const plantFilter = () =>
  plantNft(`/usr/sbin/nft.real "$@" || exit
if ! /usr/sbin/nft.real list table inet berth >/dev/null 2>&1; then
  /usr/sbin/nft.real delete table inet planted 2>/dev/null || :
elif [ ! -e /run/planted ]; then
  /usr/sbin/nft.real 'table inet planted { chain input { type filter hook input priority -200; tcp dport 22 ct state new drop; }; }'
  touch /run/planted
fi`);

/** Told to read its settings anew, sshd lets nobody in as long as ours lie there. */
const plantRefusal = () =>
  shell(`cat >/etc/planted.sh <<'EOS'
if [ ! -e ${dropIn} ]; then rm -f /etc/ssh/sshd_config.d/10-planted.conf
else echo 'AllowUsers nobody' >/etc/ssh/sshd_config.d/10-planted.conf; touch /run/planted; fi
EOS
${plantUnit("ExecStartPre=/bin/sh /etc/planted.sh", "ExecReload=", "ExecReload=/bin/sh -c '. /etc/planted.sh; kill -HUP $MAINPID'")}`);

/** Told to read its settings anew, sshd ends, and for systemd that is an end as wished. */
const plantDyingSshd = () => shell(plantUnit("ExecReload=", "ExecReload=/bin/kill -TERM $MAINPID"));

const plantUnit = (...lines: string[]) => `mkdir -p /etc/systemd/system/ssh.service.d
cat >/etc/systemd/system/ssh.service.d/planted.conf <<'EOS'
[Service]
${lines.join("\n")}
EOS
systemctl daemon-reload`;

/** Seconds of the server's own clock from the arming of its revert until somebody could log in again. */
async function secondsUntilLogin(armed: number): Promise<number> {
  expect(await eventually(login, 2 * most)).toBe(true);
  return Number(await shell("date +%s")) - armed;
}

/** Begins an up, and when nobody can log in any more strikes; answers when the server had armed itself. */
async function strikeWhenLockedOut(revert: string, strike: () => Promise<unknown>): Promise<number> {
  let over = false;
  const ended = up().finally(() => {
    over = true;
  });
  const armed = `/etc/systemd/system/berth-revert-${revert}.timer`;
  expect(await eventually(async () => over || (await succeedsThere(`test -e ${armed} && test -e /run/planted`)))).toBe(
    true,
  );
  const at = Number(await shell(`stat -c %Y ${armed}`));
  expect(await login()).toBe(false);
  const workers = berthProcesses(cli.home, "workers");
  expect(workers).toHaveLength(1);
  await killNow(workers);
  await strike();
  await killNow(berthProcesses(cli.home, "commands"));
  await ended;
  return at;
}

const nothing = async () => undefined;
const strikes: [string, () => Promise<unknown>][] = [
  ["the worker is killed", nothing],
  ["the worker is killed and the network is cut", () => cutNetwork(lab, name, { seconds: 45 })],
  ["the worker is killed and the power fails", () => resetServer(lab, name)],
];

describe("the firewall", () => {
  test("locks out: taken back, and said", async () => {
    await withoutFirewall();
    await plantFilter();
    expectFailure(await up(), "firewall_locks_out", /it was taken back/);
    expect(await isFiltering()).toBe(false);
    expect(await login()).toBe(true);
    expect(await noClockLeft()).toBe(true);
  });

  test.each(strikes)("locks out, and %s: the server lets us in again", async (_what, strike) => {
    await withoutFirewall();
    await plantFilter();
    const at = await strikeWhenLockedOut("firewall", strike);
    const seconds = await secondsUntilLogin(at);
    process.stdout.write(`in again after ${seconds} s\n`);
    expect(seconds).toBeLessThanOrEqual(most);
    expect(await isFiltering()).toBe(false);
    expect(await noClockLeft()).toBe(true);
  });

  test("is not taken by nft: nothing is changed, and said", async () => {
    await withoutFirewall();
    await plantNft(`[ "$1" != --check ] || { echo "Error: planted" >&2; exit 1; }; exec /usr/sbin/nft.real "$@"`);
    const ended = await up();
    expectFailure(ended, "firewall_not_taken", /nothing was changed/);
    expect(await login()).toBe(true);
    expect(await isFiltering()).toBe(false);
  });
});

describe("sshd", () => {
  test.each([
    ["other users", "AllowUsers nobody", "allowusers nobody"],
    ["another port", "Port 2222", "listenaddress 0.0.0.0:2222"],
    ["another address", "ListenAddress 203.0.113.9", "listenaddress 203.0.113.9:22"],
    ["no keys", "PubkeyAuthentication no", "pubkeyauthentication no"],
  ])("would take %s when it is told: so it is not told", async (_what, setting, cause) => {
    await withoutHardening();
    await shell(`echo '${setting}' >/etc/ssh/sshd_config.d/50-planted.conf`);
    const ended = await up();
    expectFailure(ended, "ssh_pending_locks_out", /would lock root out, so nothing was changed/);
    expect(failureIn(ended)["cause"]).toContain(cause);
    expect(await login()).toBe(true);
    expect(await isHardened()).toBe(false);
  });

  test("lets nobody in: taken back, and said", async () => {
    await withoutHardening();
    await plantRefusal();
    expectFailure(await up(), "ssh_locks_out", /they were taken back/);
    expect(await eventually(login, 10)).toBe(true);
    expect(await isHardened()).toBe(false);
    expect(await noClockLeft()).toBe(true);
  });

  test.each(strikes)("lets nobody in, and %s: the server lets us in again", async (_what, strike) => {
    await withoutHardening();
    await plantRefusal();
    const at = await strikeWhenLockedOut("ssh", strike);
    const seconds = await secondsUntilLogin(at);
    process.stdout.write(`in again after ${seconds} s\n`);
    expect(seconds).toBeLessThanOrEqual(most);
    expect(await isHardened()).toBe(false);
    expect(await noClockLeft()).toBe(true);
  });

  test("does not come back: it is started anew, and said", async () => {
    await withoutHardening();
    await plantDyingSshd();
    expectFailure(await up(), "ssh_locks_out", /they were taken back/);
    expect(await login()).toBe(true);
    expect(await isHardened()).toBe(false);
  });
});

function expectFailure(ended: Ended, code: string, message: RegExp): void {
  expect(ended.code).toBe(1);
  expect(failureIn(ended)).toMatchObject({
    code,
    message: expect.stringMatching(message),
    object: `root@${server.address}:22`,
  });
}

test("what was left unproved never becomes what is gone back to; with nothing planted the same command ends well", async () => {
  await withoutHardening();
  await plantRefusal();
  await strikeWhenLockedOut("ssh", nothing);
  // The same again within the minute, over an sshd that has not read what lies there.
  await uproot();
  expect(await isHardened()).toBe(true);
  await plantRefusal();
  expectFailure(await up(), "ssh_locks_out", /taken back/);
  expect(await eventually(login, 10)).toBe(true);
  expect(await isHardened()).toBe(false);
  await uproot();
  expect((await up()).code).toBe(0);
  expect(await isHardened()).toBe(true);
  expect(await isFiltering()).toBe(true);
});
