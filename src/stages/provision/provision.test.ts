import { expect, test } from "vitest";
import { ufwAllows } from "./firewall-foreign.ts";
import { provisionCalls, provisionSteps, releaseCalls } from "./index.ts";
import { packageFailure } from "./packages.ts";

const plan = {
  stack: "shop",
  ...{ routes: [], services: [], tls: { directory: "https://acme.test/dir", email: null, trust: null } },
  server: { user: "root" },
  proxy: { kind: "caddy", image: `caddy:2@sha256:${"0".repeat(64)}` },
  provision: {
    packages: ["docker.io", "nftables"],
    swapMegabytes: 0,
    sshPorts: [22],
    openPorts: [{ port: 443, protocol: "tcp", why: "HTTPS" }],
  },
} as const;

const calls = (provision: object = {}) =>
  provisionCalls({ ...plan, provision: { ...plan.provision, ...provision } } as unknown as Parameters<
    typeof provisionCalls
  >[0]);

test("every line names a step that reads its own input, and has an id of its own", () => {
  const lines = calls({ swapMegabytes: 2048 });
  for (const { kind, input } of lines) {
    const found = provisionSteps.find(({ step }) => step.kind === kind);
    expect(found?.step.input.parse(input)).toEqual(input);
  }
  expect(new Set(lines.map(({ id }) => id)).size).toBe(lines.length);
});

test("what a package would start with is configured before it is installed, and ports close before the proxy opens some", () => {
  const ids = calls().map(({ id }) => id);
  const at = (id: string) => ids.indexOf(`server/${id}`);
  expect(at("monitoring-address")).toBeLessThan(at("packages"));
  expect(at("engine-settings")).toBeLessThan(at("packages"));
  expect(at("firewall")).toBeLessThan(at("proxy"));
  expect(at("proxy-configuration")).toBeLessThan(at("proxy"));
  expect(at("swap")).toBe(-1);
});

test.each([
  ["E: Packages need to be removed but remove is disabled.", "packages_conflict"],
  ["E: Unable to locate package docker-cli", "package_unknown"],
  ["dpkg: error: cannot copy: No space left on device", "disk_full"],
  ["E: Unable to acquire the dpkg frontend lock (/var/lib/dpkg/lock-frontend)", "packages_locked"],
  ["E: Failed to fetch http://mirror.example/x  Could not connect", "packages_unreachable"],
  ["Segmentation fault", "packages_failed"],
])("%s is %s", (output, code) => {
  expect(packageFailure(output)).toBe(code);
});

const ufw = `Status: active

To                         Action      From
--                         ------      ----
22/tcp                     ALLOW       Anywhere
80/tcp                     ALLOW       Anywhere
443                        ALLOW       192.0.2.0/24
22/tcp (v6)                ALLOW       Anywhere (v6)
`;

test("ufw's list: open to anybody, by IPv6 too where ufw knows it, or not open", () => {
  expect(ufwAllows(ufw, "22/tcp")).toBe(true);
  expect(ufwAllows(ufw, "80/tcp")).toBe(false);
  expect(ufwAllows(ufw, "443/tcp")).toBe(false);
  expect(ufwAllows(ufw.replaceAll(/^.*v6.*\n/gm, ""), "80/tcp")).toBe(true);
});

test("a stack that goes gives up what it published, and what the server is reached by stays", () => {
  const published = { port: 5432, hostPort: 15432, protocol: "tcp", why: "wished" };
  const openPorts = [
    { port: 443, protocol: "tcp", why: "HTTPS" },
    { port: 15432, protocol: "tcp", why: "wished" },
  ];
  const whole = { ...plan, services: [], backing: [{ published: [published] }] };
  const gone = { ...whole, provision: { ...plan.provision, openPorts } } as unknown as Parameters<
    typeof releaseCalls
  >[0];
  const [release] = releaseCalls(gone);
  expect(release?.input).toEqual({ stack: "shop", sshPorts: [22], openPorts: [{ port: 443, protocol: "tcp" }] });
});
