import { expect, test } from "vitest";
import { caddy } from "./caddy.ts";
import { StackRoute, type StackRoutes } from "./proxy.ts";
import { parseRoutes, sortedRoutes, withChange } from "./routes.ts";
import { slotAt } from "./slots.ts";

const stack = (name: string, host: string, trust: string | null = null): StackRoutes => ({
  stack: name,
  routes: [StackRoute.parse({ host, service: "web" })],
  tls: { directory: "https://acme.test/dir", email: null, trust },
});

const parsed = (stacks: StackRoutes[]) => JSON.parse(caddy.configuration(stacks).content);

test("the same stacks give the same bytes, in any order", () => {
  const [a, b] = [stack("a", "a.test"), stack("b", "b.test")];
  expect(caddy.configuration([a, b])).toEqual(caddy.configuration([b, a]));
});

test("a host is dialled by the file of its stack and service, where deploy writes the address", () => {
  const [, route] = parsed([stack("shop", "shop.test")]).apps.http.servers.secure.routes;
  const proxy = route.handle.find(({ handler }: { handler: string }) => handler === "reverse_proxy");
  expect(route.match).toEqual([{ host: ["shop.test"] }]);
  expect(proxy.upstreams).toEqual([{ dial: "{file./etc/caddy/up/shop_web}" }]);
  expect(caddy.upstreamFile("shop", "web")).toMatch(/\/etc\/up\/shop_web$/);
  expect(caddy.upstreamFile("a", "b-c")).not.toBe(caddy.upstreamFile("a-b", "c"));
});

test("known hosts go from HTTP to HTTPS, unknown ones get 404 on both and no certificate", () => {
  const { apps } = parsed([stack("shop", "shop.test")]);
  const { plain, secure } = apps.http.servers;
  expect(plain.routes[1]).toMatchObject({
    match: [{ host: ["shop.test"] }],
    handle: [{ handler: "headers" }, { status_code: 308 }],
  });
  for (const server of [plain, secure]) expect(server.routes.at(-1).handle.at(-1)).toMatchObject({ status_code: 404 });
  expect(apps.tls.certificates.automate).toEqual(["shop.test"]);
  expect(secure.strict_sni_host).toBe(true);
});

test("two instances share the configuration, and each has its own ports, folder and phase", () => {
  const { secure, plain } = parsed([]).apps.http.servers;
  const of = (port: number) => JSON.stringify(caddy.container("caddy@sha256:0", slotAt(port), {}));
  expect([secure.listen, plain.listen]).toEqual([
    [":443", ":{env.BERTH_PORT}"],
    [":80", ":{env.BERTH_PLAIN_PORT}"],
  ]);
  expect(of(8442)).toContain('"BERTH_PORT=8442","BERTH_PLAIN_PORT=8452"');
  expect(of(8442)).toContain("/proxy/run/8442:/run/caddy");
  for (const server of [secure, plain]) {
    expect(server.routes[0].match[0].vars).toEqual({ "{file./run/caddy/phase}": ["draining"] });
  }
  expect(caddy.phase(slotAt(8442), "draining")).toEqual({
    path: "/var/lib/berth/proxy/run/8442/phase",
    content: "draining",
  });
});

test("what a configuration serves is read in what its proxy prints", () => {
  const { content } = caddy.configuration([stack("a", "a.test"), stack("b", "b.test")]);
  expect(caddy.routes(content)).toEqual([
    { host: "a.test", path: "/", strip: false, upstreams: [caddy.upstreamFile("a", "web")] },
    { host: "b.test", path: "/", strip: false, upstreams: [caddy.upstreamFile("b", "web")] },
  ]);
  expect(caddy.routes(caddy.configuration([]).content)).toEqual([]);
});

const several: StackRoutes = {
  ...stack("shop", "shop.test"),
  routes: [
    { host: "shop.test", path: "/", strip: false, service: "web", replicas: 2 },
    { host: "shop.test", path: "/api", strip: false, service: "api", replicas: 1 },
    { host: "shop.test", path: "/api/v1.2", strip: true, service: "old", replicas: 1 },
  ],
};

test("a host's routes go by path, the longest first, and its certificate is asked for once", () => {
  const { content } = caddy.configuration([several]);
  const { http, tls } = JSON.parse(content).apps;
  const matched = http.servers.secure.routes.slice(1, 4).map(({ match }: { match: object[] }) => match[0]);
  expect(matched).toEqual([
    { host: ["shop.test"], path_regexp: { pattern: "^/api/v1\\.2(?:/|$)" } },
    { host: ["shop.test"], path_regexp: { pattern: "^/api(?:/|$)" } },
    { host: ["shop.test"] },
  ]);
  expect(tls.certificates.automate).toEqual(["shop.test"]);
  expect(tls.automation.policies[0].subjects).toEqual(["shop.test"]);
  expect(http.servers.plain.routes[1].match).toEqual([{ host: ["shop.test"] }]);
  expect(caddy.routes(content).map(({ path, strip, upstreams }) => [path, strip, upstreams.length])).toEqual([
    ["/api/v1.2", true, 1],
    ["/api", false, 1],
    ["/", false, 2],
  ]);
});

test("what is stripped is the same that was matched, so that the service sees a path that begins with a slash", () => {
  const [, route] = parsed([several]).apps.http.servers.secure.routes;
  const [, { path_regexp }] = route.handle;
  const stripped = (path: string) => path.replace(new RegExp(path_regexp[0].find), path_regexp[0].replace);
  expect(["/api/v1.2", "/api/v1.2/", "/api/v1.2/x/api/v1.2/y"].map(stripped)).toEqual(["/", "/", "/x/api/v1.2/y"]);
});

test.each([
  ["/api", true],
  ["/api/", true],
  ["/api/x", true],
  ["/apis", false],
  ["/API", false],
  ["/x/api", false],
])("the path %s is below /api: %s", (path, is) => {
  const [, , route] = parsed([several]).apps.http.servers.secure.routes;
  expect(new RegExp(route.match[0].path_regexp.pattern).test(path)).toBe(is);
});

test("replicas have a file each, the first that of a service alone; one that is down is left out", () => {
  const files = [1, 2].map((replica) => caddy.upstreamFile("shop", "web", replica));
  expect(files).toEqual([caddy.upstreamFile("shop", "web"), `${caddy.upstreamFile("shop", "web")}.2`]);
  const [, , , route] = parsed([several]).apps.http.servers.secure.routes;
  expect(route.handle.at(-1)).toMatchObject({
    upstreams: [{ dial: "{file./etc/caddy/up/shop_web}" }, { dial: "{file./etc/caddy/up/shop_web.2}" }],
    load_balancing: { selection_policy: { policy: "least_conn" }, try_duration: "5s" },
    health_checks: { passive: { fail_duration: "1s" } },
  });
});

test("a file of an earlier version, of hosts alone, is read as it was meant, and gives the same bytes as then", () => {
  const old = { ...stack("a", "a.test"), routes: [{ host: "a.test", service: "web" }] };
  const [read] = parseRoutes([file(old)]);
  expect(read?.routes).toEqual([{ host: "a.test", path: "/", strip: false, service: "web", replicas: 1 }]);
  const [, route] = parsed(read ? [read] : []).apps.http.servers.secure.routes;
  expect(Object.keys(route.match[0])).toEqual(["host"]);
  expect(Object.keys(route.handle[1])).toEqual(["handler", "upstreams", "load_balancing", "transport"]);
});

test("a path that could mean something else in the configuration is no path", () => {
  for (const path of ["api", "/api/", "/a|b", "/{env.X}", "/a b", "/../x*"]) {
    const bad = { ...several, routes: [{ host: "a.test", path, service: "web" }] };
    expect(() => parseRoutes([file(bad)])).toThrow(expect.objectContaining({ code: "proxy_routes_invalid" }));
  }
});

test("routes are sorted by host, then from the longest path to the shortest", () => {
  const of = (host: string, path: string) => StackRoute.parse({ host, path, service: "web" });
  const sorted = sortedRoutes([of("b.test", "/"), of("a.test", "/"), of("a.test", "/b"), of("a.test", "/a")]);
  expect(sorted.map(({ host, path }) => host + path)).toEqual(["a.test/a", "a.test/b", "a.test/", "b.test/"]);
});

test("without a stack it listens all the same and asks no authority", () => {
  const { apps } = parsed([]);
  expect(Object.keys(apps.http.servers)).toEqual(["plain", "secure"]);
  expect(apps.tls.automation.policies).toEqual([]);
});

test("what it answers an authority about hosts that it does not know is found under each authority, and it orders nothing", () => {
  const { tls } = parsed([
    stack("a", "a.test"),
    stack("b", "b.test", "PEM"),
    { ...stack("c", "c.test"), routes: [] },
  ]).apps;
  const { policies } = tls.automation;
  expect(policies.map(({ subjects }: { subjects?: string[] }) => subjects)).toEqual([
    ["a.test"],
    ["b.test"],
    undefined,
  ]);
  expect(policies.at(-1)).toEqual({ issuers: [...policies[1].issuers, { module: "acme" }] });
  expect(tls.certificates.automate).toEqual(["a.test", "b.test"]);
  expect(JSON.stringify(tls)).not.toContain("on_demand");
});

test("a private directory's authority is a file that the container sees under the name that the configuration gives", () => {
  const configuration = caddy.configuration([stack("a", "a.test", "PEM"), stack("b", "b.test", "PEM")]);
  const [file] = configuration.needs;
  const [policy] = JSON.parse(configuration.content).apps.tls.automation.policies;
  expect(configuration.needs).toHaveLength(1);
  expect(file).toMatchObject({ content: "PEM" });
  expect(file?.path.replace("/var/lib/berth/proxy/etc", "/etc/caddy")).toBe(
    policy.issuers[0].trusted_roots_pem_files[0],
  );
});

test("the log holds neither header values nor queries", () => {
  const { fields } = parsed([]).logging.logs.access.encoder;
  expect(fields["request>headers"].filter).toBe("delete");
  const { regexp, value } = fields["request>uri"];
  expect("/reset?token=s3cret".replace(new RegExp(regexp), value)).toBe("/reset?…");
});

const file = (routes: unknown, name = "x") => ({ path: `/routes/${name}.json`, content: JSON.stringify(routes) });

test("two stacks that want one host are both named", () => {
  expect(() => parseRoutes([file(stack("a", "shop.test")), file(stack("b", "shop.test"))])).toThrow(
    expect.objectContaining({
      code: "route_conflict",
      object: "shop.test",
      cause: expect.stringMatching(/\ba\b.*\bb\b/),
    }),
  );
});

test("a file that is no routes file is named, and nothing is made of the others", () => {
  expect(() => parseRoutes([file(stack("a", "a.test")), file({ stack: 1 }, "bad")])).toThrow(
    expect.objectContaining({ code: "proxy_routes_invalid", object: "/routes/bad.json" }),
  );
});

test("one stack's change stands instead of what it had, and a stack without hosts drops out", () => {
  const [a, b] = [stack("a", "a.test"), stack("b", "b.test")];
  expect(withChange([a, b], stack("a", "new.test"))).toEqual([b, stack("a", "new.test")]);
  expect(withChange([a, b], { ...a, routes: [] })).toEqual([b]);
  expect(() => withChange([a, b], stack("a", "b.test"))).toThrow(expect.objectContaining({ code: "route_conflict" }));
});
