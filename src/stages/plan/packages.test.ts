import { expect, test } from "vitest";
import { packagesFor, supportedSystems } from "./packages.ts";

test("every supported system gets an Engine, a firewall and updates, and sudo only where the login needs it", () => {
  for (const system of supportedSystems) {
    const [id = "", version = ""] = system.split(" ");
    const packages = packagesFor({ id, version, root: true });
    expect(packages).toEqual(expect.arrayContaining(["docker.io", "nftables", "unattended-upgrades"]));
    expect(packages).not.toContain("sudo");
    expect(packagesFor({ id, version, root: false })).toContain("sudo");
  }
});

test("an Engine of another origin stays, and one that we installed changes nothing", () => {
  const debian = { id: "debian", version: "13", root: true };
  expect(packagesFor({ ...debian, enginePackage: "docker-ce" }).filter((name) => name.startsWith("docker"))).toEqual(
    [],
  );
  expect(packagesFor({ ...debian, enginePackage: "docker.io" })).toEqual(packagesFor(debian));
});
