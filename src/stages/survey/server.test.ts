import { expect, test } from "vitest";
import { refuseServer } from "./refuse.ts";
import type { ServerFacts } from "./server-facts.ts";
import { readReport } from "./server-report.ts";

const applied = Buffer.from(JSON.stringify({ serial: 3, planHash: "abc", plan: { version: 1 }, at: "x" })).toString(
  "base64",
);

const output = `
== os
PRETTY_NAME="Debian GNU/Linux 13 (trixie)"
VERSION_ID="13"
VERSION_CODENAME=trixie
ID=debian

== architecture
arm64

== kernel
6.12.1

== boot
b-1

== container
none

== cpus
4

== memory
MemTotal:        2014720 kB
SwapTotal:             0 kB

== disk-root
/dev/vda1           20000  5000     14000      27% /

== disk-engine
/dev/vdb1            2000   800      1200      40% /var/lib/docker

== sshd
port 22
port 2200
passwordauthentication yes
kbdinteractiveauthentication no

== connection
192.0.2.9 50022 10.0.0.5 2200

== tcp
LISTEN 0 511 0.0.0.0:80 0.0.0.0:* users:(("nginx",pid=77,fd=6),("nginx",pid=78,fd=6))
LISTEN 0 128 [::]:22 [::]:* users:(("sshd",pid=5,fd=4))

== udp
UNCONN 0 0 127.0.0.1:323 0.0.0.0:*

== units
77 nginx.service
5 ssh.service

== engine-package
docker-ce installed
docker.io not-installed

== ufw
Status: active

== firewalld

== routes
default via 10.0.0.1 dev eth0
10.0.0.0/24 dev eth0 proto kernel
10.9.9.9 dev wg0
unreachable 10.8.0.0/16

== addresses6
2: eth0    inet6 2001:db8::5/64 scope global

== stacks
shop ${applied}
broken bm90IGpzb24=

== applied
${applied}
== end
`;

test("a server's report becomes facts", () => {
  expect(readReport(output)).toEqual({
    os: { id: "debian", version: "13", codename: "trixie", pretty: "Debian GNU/Linux 13 (trixie)" },
    architecture: "arm64",
    kernel: "6.12.1",
    bootId: "b-1",
    container: false,
    cpus: 4,
    memoryMegabytes: 1967,
    swapMegabytes: 0,
    diskFreeMegabytes: { root: 14000, engine: 1200 },
    sshPorts: [22, 2200],
    connectionPort: 2200,
    passwordLogin: true,
    listeners: [
      { protocol: "tcp", address: "0.0.0.0", port: 80, process: "nginx", pid: 77, unit: "nginx.service" },
      { protocol: "tcp", address: "[::]", port: 22, process: "sshd", pid: 5, unit: "ssh.service" },
      { protocol: "udp", address: "127.0.0.1", port: 323, process: null, pid: null, unit: null },
    ],
    ourPids: [],
    enginePackage: "docker-ce",
    firewalls: ["ufw"],
    routes: ["10.0.0.0/24", "10.9.9.9/32"],
    addresses6: ["2001:db8::5"],
    stacks: [{ stack: "shop", serial: 3, planHash: "abc" }],
    applied: { serial: 3, planHash: "abc", plan: { version: 1 } },
    appliedDamaged: false,
  });
});

test("a name that holds terminal escapes and a forged heading changes nothing else", () => {
  const lie = output
    .replace("ID=debian", 'ID=debian\nEVIL="\u001b[2J"\n== architecture\namd64')
    .replace("trixie)", "tri\u001b[31mxie)");
  const report = readReport(lie);
  expect(report.os.pretty).toBe("Debian GNU/Linux 13 (trixie)");
  expect(readReport(output.replace("== end", "== cpus\n99\n== end")).cpus).toBe(4);
});

test("a system without dpkg says its architecture in the kernel's words", () => {
  expect(readReport(output.replace("arm64", "x86_64")).architecture).toBe("amd64");
  expect(readReport(output.replace("arm64", "riscv64")).architecture).toBe("riscv64");
});

test("an empty answer throws nothing here: the schema refuses it", () => {
  expect(readReport("")).toMatchObject({ architecture: "", listeners: [], applied: null, sshPorts: [] });
});

test("a record that cannot be read is damaged, not absent", () => {
  const written = `== applied\n${applied}`;
  expect(readReport(output)).toMatchObject({ appliedDamaged: false });
  expect(readReport("")).toMatchObject({ appliedDamaged: false });
  for (const broken of ["e30=", "bm90IGpzb24=", applied.slice(0, 20)])
    expect(readReport(output.replace(written, `== applied\n${broken}`))).toMatchObject({
      applied: null,
      appliedDamaged: true,
    });
});

const facts = (change: Partial<ServerFacts>): ServerFacts =>
  ({
    os: { id: "debian", version: "13", codename: "", pretty: "Debian 13" },
    listeners: [],
    diskFreeMegabytes: { root: 9000, engine: 9000 },
    ...change,
  }) as ServerFacts;
const needs = { server: "ssh://root@192.0.2.1", diskMegabytes: 4000 };
const nginx = {
  protocol: "tcp",
  address: "0.0.0.0",
  port: 80,
  process: "nginx",
  pid: 77,
  unit: "nginx.service",
  ours: false,
} as const;

test.each<[string, Partial<ServerFacts>, string | undefined]>([
  ["a plain server", {}, undefined],
  ["a damaged record", { appliedDamaged: true }, "applied_damaged"],
  ["another system", { os: { id: "alpine", version: "3.20", codename: "", pretty: "Alpine" } }, "unsupported_os"],
  ["an old Debian", { os: { id: "debian", version: "11", codename: "", pretty: "Debian 11" } }, "unsupported_os"],
  ["a foreign web server", { listeners: [nginx] }, "port_taken"],
  ["our own proxy", { listeners: [{ ...nginx, ours: true }] }, undefined],
  ["a full Engine's disk", { diskFreeMegabytes: { root: 9000, engine: 100 } }, "disk_low"],
])("%s: %s", (_name, change, code) => {
  const refuse = () => refuseServer(facts(change), needs);
  if (code === undefined) expect(refuse).not.toThrow();
  else expect(refuse).toThrow(expect.objectContaining({ code, object: expect.stringContaining(needs.server) }));
});

test("whoever holds the port is named, with what stops it; docker-proxy's unit is the Engine's and is not stopped", () => {
  expect(() => refuseServer(facts({ listeners: [nginx] }), needs)).toThrow(
    expect.objectContaining({
      message: expect.stringContaining("nginx (pid 77, nginx.service)"),
      next: expect.stringContaining("systemctl disable --now nginx.service"),
    }),
  );
  const published = { ...nginx, process: "docker-proxy", unit: "docker.service" };
  expect(() => refuseServer(facts({ listeners: [published] }), needs)).toThrow(
    expect.objectContaining({ next: expect.not.stringContaining("systemctl") }),
  );
});
