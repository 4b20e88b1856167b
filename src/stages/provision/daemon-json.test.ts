import { expect, test } from "vitest";
import { daemonSettings } from "./daemon-json.ts";

const alone = { swarm: false };

test("an Engine without settings rotates its logs and keeps containers running while it restarts", () => {
  expect(JSON.parse(daemonSettings(null, alone))).toEqual({
    "live-restore": true,
    "log-driver": "json-file",
    "log-opts": { "max-size": "10m", "max-file": "3" },
    builder: { gc: { enabled: true } },
  });
});

test("what somebody wrote keeps its value", () => {
  const there = {
    "registry-mirrors": ["http://mirror:5005"],
    "log-opts": { "max-size": "50m", tag: "x" },
    "default-address-pools": [{ base: "10.99.0.0/16", size: 24 }],
  };
  expect(JSON.parse(daemonSettings(JSON.stringify(there), alone))).toEqual({
    ...there,
    "live-restore": true,
    "log-driver": "json-file",
    "log-opts": { "max-size": "50m", "max-file": "3", tag: "x" },
    builder: { gc: { enabled: true } },
  });
});

test("limits of the build cache that somebody has set stay, and so do other settings of the builder", () => {
  const own = { gc: { enabled: false } };
  expect(JSON.parse(daemonSettings(JSON.stringify({ builder: own }), alone)).builder).toEqual(own);
  const more = JSON.stringify({ builder: { entitlements: {} } });
  expect(JSON.parse(daemonSettings(more, alone)).builder).toEqual({ entitlements: {}, gc: { enabled: true } });
});

test("settings that say it already come back byte for byte, however they are spaced", () => {
  const once = daemonSettings('{"debug":true}', alone);
  const spaced = JSON.stringify(JSON.parse(once), null, 7);
  expect(daemonSettings(spaced, alone)).toBe(spaced);
});

test("another log driver gets no options that it does not know", () => {
  expect(JSON.parse(daemonSettings('{"log-driver":"journald"}', alone))).toEqual({
    "log-driver": "journald",
    "live-restore": true,
    builder: { gc: { enabled: true } },
  });
});

test("an Engine in a Swarm gets no live-restore, with which it would not start", () => {
  expect(JSON.parse(daemonSettings(null, { swarm: true }))).not.toHaveProperty("live-restore");
});

test.each(['{"debug": true,}', "[]", '"x"', '{"log-opts": 1}', '{"builder": []}'])(
  "%s is refused and named",
  (content) => {
    expect(() => daemonSettings(content, alone)).toThrow(
      expect.objectContaining({ code: "daemon_json_invalid", object: "/etc/docker/daemon.json" }),
    );
  },
);
