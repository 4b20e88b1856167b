import { describe, expect, test } from "vitest";
import { Backing } from "../schema.ts";
import { backingKinds } from "./index.ts";

describe.each(backingKinds)("$datastore", (kind) => {
  const image = `${kind.image(null)}@sha256:${"1".repeat(64)}`;
  const { backing, secrets, volumes, address } = kind.provide({ stack: "shop", image, name: "store" });

  test("is a backing service as plans have it, called as it is asked to be", () => {
    expect(Backing.parse(backing)).toEqual(backing);
    expect([backing.name, backing.kind]).toEqual(["store", kind.datastore]);
    expect(address.host).toMatchObject({ value: "store" });
    expect(address.url).toMatchObject({ from: "reference", to: "store" });
  });

  test("takes the major version that is asked for", () => {
    expect(kind.image("7.2")).toMatch(/:7$/);
  });

  test("keeps what it writes in volumes that the plan has", () => {
    expect(backing.mounts.map(({ volume }) => volume)).toEqual(volumes.map(({ name }) => name));
  });

  test("has one password, in its environment and in its address, and in no argument", () => {
    const [password] = secrets;
    expect(secrets).toHaveLength(1);
    expect(address.url).toMatchObject({ parts: expect.arrayContaining([{ secret: password?.name }]) });
    const uses = Object.entries(backing.env).filter(([, { from }]) => from === "secret");
    expect(uses).toHaveLength(1);
    // The variable may be named where a shell fills it in, or hands it on as another variable, but not as an argument.
    const handedOn = /^[A-Z]+="\$\w+" /;
    for (const words of [backing.command ?? [], backing.ready, kind.repair?.command ?? []])
      expect(
        words.filter((word) => word.replace(handedOn, "").includes(`$${uses[0]?.[0]}`) && !word.includes("<<")),
      ).toEqual([]);
  });
});
