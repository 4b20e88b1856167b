import type Docker from "dockerode";
import { expect, test } from "vitest";
import { labels } from "../../../kit/layout.ts";
import { closeWorldsOf } from "./world.ts";

test("what a build that was cut off has tried an image in goes before the image, and nothing else does", async () => {
  const removed: string[] = [];
  const containers = [
    { Id: "web", Image: "berth/shop-web:candidate", Labels: { [labels.trial]: "berth-verify-shop-web" } },
    { Id: "database", Image: "postgres", Labels: { [labels.trial]: "berth-verify-shop-web" } },
    { Id: "other-stack", Image: "other", Labels: { [labels.trial]: "berth-verify-other-web" } },
    { Id: "somebody", Image: "berth/shop-web:candidate", Labels: {} },
  ];
  const listContainers = async ({ filters }: { filters: { ancestor?: string[]; label: string[] } }) =>
    containers.filter(({ Image, Labels }) => {
      const [name = "", value] = filters.label[0]?.split("=") ?? [];
      const its = (Labels as Record<string, string>)[name];
      const isLabelled = value === undefined ? its !== undefined : its === value;
      return isLabelled && (filters.ancestor === undefined || filters.ancestor.includes(Image));
    });
  const gone = (id: string) => ({ remove: async () => void removed.push(id) });
  const listNetworks = async () => [{ Id: "network" }];
  const engine = { listContainers, listNetworks, getContainer: gone, getNetwork: gone } as unknown as Docker;
  await closeWorldsOf(engine, "berth/shop-web:candidate");
  expect(removed).toEqual(["web", "database", "network"]);
});
