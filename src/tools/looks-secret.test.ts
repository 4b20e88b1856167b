import { expect, test } from "vitest";
import { looksSecret } from "./looks-secret.ts";

// Put together here, so that no scanner takes this file for one that leaks.
const of = (...parts: string[]) => parts.join("");

test.each([
  ["SITE_TITLE", "Guest book"],
  ["LOG_LEVEL", "debug"],
  ["REQUIRE_PASSWORD", "true"],
  ["PUBLIC_URL", "https://shop.example.com/a/b?c=d"],
  ["UPLOAD_DIR", "/var/lib/shop/uploads"],
  ["COMMIT", "3f2a91c"],
  ["FEATURES", "search,comments,darkMode2"],
  ["TENANT", "123e4567-e89b-12d3-a456-426614174000"],
  ["QUEUE", "amqp://rabbit:5672/"],
])("%s=%s is a plain value", (name, value) => expect(looksSecret(name, value)).toBe(false));

test.each([
  ["ADMIN_PASSWORD", "1234"],
  ["STRIPE_KEY", "x"],
  ["TITLE", of("sk_", "live_", "a1b2c3d4e5f6g7h8")],
  ["TITLE", of("sk-", "ant-", "api03-abcdefghijkl")],
  ["TITLE", of("ghp", "_abcdefghijklmnopqrstuv")],
  ["TITLE", of("AKIA", "ABCDEFGHIJKLMNOP")],
  ["TITLE", of("eyJ", "hbGciOiJI.eyJzdWIiOiIx.abc")],
  ["TITLE", of("postgres://shop:", "geheim@db/shop")],
  ["TITLE", of("-----BEGIN RSA ", "PRIVATE KEY-----\nMIIE")],
  ["TITLE", "aB3dE5fG7hI9jK1lM3nO5pQ7"],
  ["TITLE", "0123456789abcdef0123456789abcdef"],
])("%s=%s is a secret", (name, value) => expect(looksSecret(name, value)).toBe(true));

test("a text that begins like an address over and over is looked through once", () => {
  // A look from each letter to the end would take minutes.
  expect(looksSecret("X", "a+".repeat(1_000_000))).toBe(false);
});
