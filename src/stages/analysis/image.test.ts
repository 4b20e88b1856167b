import { expect, test } from "vitest";
import type { ImageConfig } from "../source/image.ts";
import { analysisOfImage } from "./image.ts";
import { Analysis } from "./schema.ts";

const image = `ghcr.io/team/app:1@sha256:${"a".repeat(64)}`;
const analysed = (config: ImageConfig["config"]) =>
  Analysis.parse(analysisOfImage({ image, label: "app", config: { architecture: "amd64", os: "linux", config } }));
const service = (config: ImageConfig["config"]) => analysed(config).services[0];

test("all that an image says of itself is a fact, with where it was read", () => {
  const analysis = analysed({
    User: "1000:1000",
    ExposedPorts: { "8080/tcp": {}, "8443/tcp": {}, "9000/udp": {} },
    Volumes: { "/var/lib/app": {}, "/": {}, relative: {} },
    Env: ["PATH=/usr/bin", "APP_MODE=x", "API_TOKEN=", "1BAD=x"],
    Entrypoint: ["/entry"],
    Cmd: ["serve", "--all"],
    Healthcheck: { Test: ["CMD-SHELL", "curl -f http://localhost:8080/healthz"] },
  });
  expect(analysis).toMatchObject({ name: "app", languages: [], questions: [] });
  expect(analysis.services).toMatchObject([
    {
      name: "app",
      kind: "web",
      image,
      port: 8080,
      start: "/entry serve --all",
      command: null,
      user: "1000:1000",
      health_path: "/healthz",
      health_command: ["/bin/sh", "-c", "curl -f http://localhost:8080/healthz"],
      env: ["API_TOKEN", "APP_MODE"],
      writable: [{ path: "/var/lib/app", from_env: null }],
      evidence: { port: [{ file: "the image's configuration", line: 1, rule: "ExposedPorts" }] },
    },
  ]);
  expect(analysis.env).toMatchObject([
    { name: "API_TOKEN", secret: true, required: false },
    { name: "APP_MODE", secret: false, required: false },
  ]);
  expect(JSON.stringify(analysis)).not.toContain("/usr/bin");
});

test("of several ports a person says which; the one that speaks TLS is not asked for", () => {
  expect(analysed({ ExposedPorts: { "443/tcp": {}, "80/tcp": {} } })).toMatchObject({
    services: [{ port: 80 }],
    questions: [],
  });
  expect(analysed({ ExposedPorts: { "9090": {}, "3000/tcp": {} } })).toMatchObject({
    services: [{ port: 3000 }],
    questions: [{ about: "services.app.port", options: ["3000", "9090"], required: true }],
  });
});

test("PORT says where it listens; who says nothing is a worker, and is asked about", () => {
  expect(analysed({ Env: ["PORT=4000"] })).toMatchObject({
    services: [{ kind: "web", port: 4000, port_env: "PORT" }],
    questions: [],
  });
  expect(analysed({ Env: ["PORT=4000"], ExposedPorts: { "80": {} } })).toMatchObject({
    services: [{ port: 80, port_env: null }],
  });
  expect(analysed(null)).toMatchObject({
    services: [{ kind: "worker", port: null, user: null, start: null }],
    questions: [{ about: "services.app.port", required: false }],
  });
  for (const odd of ["0/tcp", "99999", "x", "53/udp", "80-90/tcp"])
    expect(service({ ExposedPorts: { [odd]: {} } })).toMatchObject({ port: null });
});

test("a check that was taken away is none", () => {
  expect(service({ Healthcheck: { Test: ["NONE"] } })?.health_command).toBeNull();
  expect(service({ Healthcheck: { Test: ["CMD", "/check"] } })?.health_command).toEqual(["/check"]);
});
