import { createHmac, timingSafeEqual } from "node:crypto";

const cookie = "visitor";

/** The name that this visitor signed with last time, or "". */
export function visitorName(request, secret) {
  const pairs = (request.headers.cookie ?? "").split(";").map((pair) => pair.trim());
  const value = pairs.find((pair) => pair.startsWith(`${cookie}=`))?.slice(cookie.length + 1) ?? "";
  const [name = "", signature = ""] = value.split(".");
  const expected = Buffer.from(sign(name, secret));
  const given = Buffer.from(signature);
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) return "";
  return Buffer.from(name, "base64url").toString("utf8");
}

export function rememberVisitor(request, response, name, secret) {
  const encoded = Buffer.from(name).toString("base64url");
  response.cookie(cookie, `${encoded}.${sign(encoded, secret)}`, {
    httpOnly: true,
    sameSite: "lax",
    secure: request.secure,
    maxAge: 365 * 24 * 60 * 60 * 1000,
  });
}

const sign = (text, secret) => createHmac("sha256", secret).update(text).digest("base64url");
