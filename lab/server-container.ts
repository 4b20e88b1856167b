import { existsSync } from "node:fs";
import { join } from "node:path";
import { containerName, type Lab } from "./names.ts";

export type Os = "debian-12" | "debian-13";
export const operatingSystems: readonly Os[] = ["debian-12", "debian-13"];

export const imageOf = (os: Os): string => `lab/server:${os.replace("debian-", "")}`;

interface Machine {
  name: string;
  os: Os;
  user: string;
  image: string;
  folder: string;
  /** The public key of the user who may log in. */
  key: string;
  memory: string | undefined;
  /** The file in `folder` that is the disk of its /var; without one that lies with all else. */
  disk: string | undefined;
  address: string;
  address6: string;
}

/** The arguments of `docker` that make a container behave as a server: systemd, a nested Engine, a reboot. */
export function createArgs(lab: Lab, machine: Machine): string[] {
  const group = `/${lab.name}/${machine.name}`;
  const settings: Record<string, string> = {
    GROUP: group,
    MEMORY: machine.memory ?? "",
    ADDRESS: machine.address,
    ADDRESS6: machine.address6,
    GATEWAY: lab.gateway,
    GATEWAY6: lab.gateway6,
    USER: machine.user,
    KEY: machine.key,
    DAEMON: JSON.stringify(daemonSettings(lab, machine.os, group)),
  };
  const container = containerName(lab, machine.name);
  return [
    ...["create", "--name", container, "--hostname", machine.name, "--label", `dev.berth.lab=${lab.name}`],
    // A reboot from inside ends the container: it begins again, as it does when the lab's Engine does.
    ...["--restart", "unless-stopped"],
    // --privileged asks for every capability that the kernel knows, and fails where this machine itself lacks one.
    ...["--cap-add", "ALL", "--cap-drop", "SYS_RESOURCE", "--device-cgroup-rule", "a *:* rwm"],
    ...["seccomp=unconfined", "apparmor=unconfined", "systempaths=unconfined"].flatMap((word) => [
      "--security-opt",
      word,
    ]),
    // With a namespace of its own, nested containers fail on cgroup v1.
    ...["--cgroupns", "host", "--cgroup-parent", group, "--volume", "/sys/fs/cgroup:/sys/fs/cgroup:rw"],
    ...["/run", "/run/lock", "/tmp:exec"].flatMap((path) => ["--tmpfs", path]),
    // Folders of this machine under both stores: overlay2 does not stand on overlay.
    ...["docker", "containerd"].flatMap((store) => ["--volume", `${join(machine.folder, store)}:/var/lib/${store}`]),
    ...Object.entries(settings).flatMap(([name, value]) => ["--env", `LAB_${name}=${value}`]),
    ...(machine.disk === undefined ? [] : ["--volume", `${join(machine.folder, machine.disk)}:/lab-disk`]),
    machine.image,
    ...(machine.disk === undefined ? [] : ["sh", "-c", bootFromDisk]),
  ];
}

/**
 * Before its first program starts, at each boot, the disk is mounted on /var; the first time with what the image, or the
 * snapshot, has there. Both stores lie on it then, and those of this machine below it are out of sight.
 */
const bootFromDisk = `set -e
[ -e /dev/loop-control ] || mknod -m 660 /dev/loop-control c 10 237
for n in $(seq 0 63); do [ -e /dev/loop$n ] || mknod -m 660 /dev/loop$n b 7 $n; done
mount -o loop /lab-disk /mnt
if [ ! -e /mnt/.lab-disk ]; then cp -a /var/. /mnt/ && touch /mnt/.lab-disk; fi
mount --move /mnt /var
exec /sbin/lab-init`;

/**
 * What lies in the server's /etc/docker/daemon.json before the product comes, which must merge with it. A pull is content
 * with the mirror; a build wants the registry named as insecure too, and 20.10 only in the spelling with http://.
 */
function daemonSettings(lab: Lab, os: Os, group: string) {
  return {
    "registry-mirrors": [`http://${lab.registry}`],
    "insecure-registries": [os === "debian-12" ? `http://${lab.registry}` : lab.registry],
    "cgroup-parent": `${group}/containers`,
    // systemd's driver takes no such path; it is the default where the machine has cgroup v2 alone.
    ...(existsSync("/sys/fs/cgroup/cgroup.controllers") ? { "exec-opts": ["native.cgroupdriver=cgroupfs"] } : {}),
  };
}
