import type { Evidence, Question } from "../schema.ts";
import { type ComposeService, filled } from "./file.ts";

/** What a compose file asks for and Berth does not do: no plan waits for it, but a person has to know. */
export const doubt = (service: string, key: string, what: string, { file, line }: Evidence): Question => ({
  id: `compose_${service}_${key}`.replaceAll(/[^A-Za-z0-9]+/g, "_"),
  about: `compose.${service}.${key}`,
  question: `Does ${service} work without what ${file}:${line} says?`,
  options: [],
  why: `${file}:${line}: ${what}`,
  required: false,
});

const isSet = (value: unknown) =>
  value !== undefined &&
  value !== null &&
  value !== false &&
  value !== "" &&
  !(Array.isArray(value) && value.length === 0);

/** Keys that give a container more than its own rights, or that it may not run without. */
const untaken: Record<string, string> = {
  privileged: "all rights on the server are not given",
  cap_add: "no further rights are given",
  devices: "no device of the server is given",
  device_cgroup_rules: "no device of the server is given",
  gpus: "no graphics processor is given",
  pid: "it sees its own processes alone",
  ipc: "it has its own shared memory",
  userns_mode: "the Engine's own setting stays",
  security_opt: "the Engine's own setting stays",
  sysctls: "the kernel's settings stay",
  ulimits: "the Engine's own limits stay",
  shm_size: "it has the usual 64 MB of shared memory",
  extra_hosts: "further names of hosts are not set",
  dns: "the server's own name servers are asked",
  runtime: "the Engine's usual runtime is used",
  extends: "what another service or file says is not read",
  secrets: "no file of a secret is mounted",
  configs: "no file of a configuration is mounted",
  links: "other services are reached by their own names alone",
  volumes_from: "volumes of other services are not mounted",
  working_dir: "the image's own folder is used",
  init: "no init process is put before it",
  tmpfs: "no file system in memory is mounted",
  read_only: "its own files can be written",
  platform: "the server's own processor is built for",
};

export function doubtsOf({ name, said, at }: ComposeService): Question[] {
  const add = (key: string, what: string) => doubt(name, key, what, at([key], "compose"));
  const mode = said["network_mode"];
  const replicas = Number(filled(said.deploy?.replicas ?? said.scale ?? "1").text);
  return [
    ...Object.entries(untaken)
      .filter(([key]) => isSet(said[key]))
      .map(([key, what]) => add(key, `${key} is not taken over: ${what}`)),
    ...(typeof mode === "string" && mode !== "bridge"
      ? [add("network_mode", `network_mode ${mode} is not taken over: it runs in the stack's own network`)]
      : []),
    ...(replicas > 1
      ? [
          add(
            "replicas",
            `${replicas} of ${name} are wanted there; Berth starts one unless it is told: --replicas ${name}=${replicas}`,
          ),
        ]
      : []),
    ...(isSet(said.env_file)
      ? [
          add(
            "env_file",
            "the values of env_file are never read: set what it needs by --env NAME=VALUE or berth secrets set",
          ),
        ]
      : []),
  ];
}
