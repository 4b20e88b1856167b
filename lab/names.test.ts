import { describe, expect, test } from "vitest";
import { containerName, openLab, serverAddresses } from "./names.ts";

describe("a lab's names", () => {
  test("follow from its name alone, and differ between labs", () => {
    const [demo, tests] = [openLab(), openLab("berth-test")];
    expect(demo).toMatchObject({ name: "berth-lab", gateway: "10.210.0.1", registry: "10.210.0.1:5005" });
    expect(tests).toMatchObject({ bridge: "berth-test", network: "10.212.0.0/16", gateway6: "fd10:212::1" });
    for (const key of ["dir", "run", "bridge", "network", "network6", "engine"] as const) {
      expect(demo[key]).not.toBe(tests[key]);
    }
  });

  test("stay within what the kernel and the addresses allow", () => {
    for (const name of ["a-lab", "another", "x2", "fifteen-letters"]) {
      const lab = openLab(name);
      const net = Number(lab.network.split(".")[1]);
      expect(net).toBeGreaterThanOrEqual(213);
      expect(net).toBeLessThanOrEqual(252);
      expect(lab.bridge.length).toBeLessThanOrEqual(15);
    }
    for (const name of ["", "x", "sixteen-letters-", "../etc", "Lab", "-lab", "berth-lab-bases", "berth-lab-tools"])
      expect(() => openLab(name)).toThrow(/name a lab/);
  });

  test("servers have an address of both families, whatever the Engine gives its containers", () => {
    expect(serverAddresses(openLab(), 2)).toEqual({ address: "10.210.64.2", address6: "fd10:210::64:2" });
  });

  test("a server's container bears the lab's name; the command line's words are no names", () => {
    expect(containerName(openLab(), "web")).toBe("berth-lab-web");
    for (const name of ["rm", "Web", "a b", "-x", ""])
      expect(() => containerName(openLab(), name)).toThrow(/name a server/);
  });
});
