import { expect, test } from "vitest";
import { allowedAddresses, isPrivate } from "./network.ts";

test.each([
  "127.0.0.1",
  "10.1.2.3",
  "172.31.255.1",
  "192.168.0.1",
  "169.254.169.254",
  "100.64.0.1",
  "0.0.0.0",
  "224.0.0.1",
  "255.255.255.255",
  "::1",
  "::",
  "fe80::1%eth0",
  "fd00:ec2::254",
  "ff02::1",
  "::ffff:10.0.0.1",
  "::ffff:8.8.8.8",
  "64:ff9b::a00:1",
  "2002:a00:1::",
  "::127.0.0.1",
])("%s is private", (address) => expect(isPrivate(address)).toBe(true));

test.each(["8.8.8.8", "172.32.0.1", "140.82.121.3", "192.0.1.1", "2606:4700::1111", "2a01:4f8::1"])(
  "%s is public",
  (address) => expect(isPrivate(address)).toBe(false),
);

const address = {
  transport: "https",
  url: "https://git.example.org/a",
  host: "git.example.org",
  port: 443,
  user: null,
} as const;

test("one private address among public ones is enough to refuse, unless allowed", async () => {
  const lookup = async () => ["140.82.121.3", "127.0.0.1"];
  await expect(allowedAddresses(address, { allowPrivateAddresses: false, lookup })).rejects.toMatchObject({
    code: "private_address_refused",
    object: "git.example.org",
  });
  expect(await allowedAddresses(address, { allowPrivateAddresses: true, lookup })).toHaveLength(2);
});

test("a name that nobody knows", async () => {
  const lookup = () => Promise.reject(new Error("getaddrinfo ENOTFOUND git.example.org"));
  await expect(allowedAddresses(address, { allowPrivateAddresses: false, lookup })).rejects.toMatchObject({
    code: "host_not_found",
  });
});
