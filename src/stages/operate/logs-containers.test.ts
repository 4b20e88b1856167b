import { expect, test } from "vitest";
import { titled } from "./logs-containers.ts";

const named = (name: string, service: string, role = "service") => ({ id: name, name, service, role, live: true });

test("containers by the names that people know: a number where several run, what became of a release", () => {
  const titles = titled([
    named("shop-db", "db", "backing"),
    named("shop-web-0123abcd", "web"),
    named("shop-web-0123abcd-2", "web"),
    named("shop-api-0123abcd", "api"),
    named("shop-api-failed", "api"),
    named("shop-api-release-0123456789", "api", "release-command"),
  ]).map(({ title }) => title);
  expect(titles).toEqual(["db", "web/1", "web/2", "api", "api (failed)", "api (release)"]);
});
