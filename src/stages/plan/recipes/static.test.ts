import { expect, test } from "vitest";
import { inputFor, serviceWith } from "./fixture.ts";
import { staticFiles } from "./static.ts";

const web = serviceWith({
  name: "web",
  path: "web",
  kind: "frontend",
  static_dir: "dist",
  build: "npm run build",
  start: null,
  port: null,
  evidence: { package_manager: [{ file: "web/package-lock.json", line: 1, rule: "lock file" }] },
});
const site = serviceWith({ ...web, path: ".", static_dir: ".", build: null, runtime: null, package_manager: null });

test("a front end that is built", () => {
  expect([staticFiles.fits(web), staticFiles.folder(web)]).toEqual([true, "web"]);
  expect(staticFiles.bases(web)).toEqual(["node:24-slim", "caddy:2"]);
  expect(staticFiles.dockerfile(inputFor(web, { args: { VITE_TITLE: "Our polls" } }))).toMatchInlineSnapshot(`
    "FROM berth-ca:cccccccccccc AS ca

    FROM node:24-slim@sha256:1 AS build
    WORKDIR /app
    ARG NODE_EXTRA_CA_CERTS=/mnt/ca.pem
    COPY package*.json ./
    RUN --mount=type=cache,target=/root/.npm --mount=type=bind,from=ca,target=/mnt npm ci --no-audit --no-fund && mkdir -p node_modules
    COPY . .
    ARG VITE_TITLE
    RUN --mount=type=bind,from=ca,target=/mnt npm run build

    FROM caddy:2@sha256:1
    # No certificates and no control over HTTP here: the proxy in front has both.
    RUN printf '%s\\n' '{' \\
        '	admin off' \\
        '	storage file_system /tmp' \\
        '	auto_https off' \\
        '	persist_config off' \\
        '}' \\
        ':8080 {' \\
        '	root * /srv' \\
        '	encode zstd gzip' \\
        '	header ?Cache-Control no-cache' \\
        '	@hashed {' \\
        '		file' \\
        '		path_regexp ^/(?:assets|static|_astro|_app/immutable)/.*[.-][A-Za-z0-9_-]{8,}\\.(?:js|css|woff2)$' \\
        '		not path_regexp [.-][a-z_-]{8,}\\.[a-z0-9]+$' \\
        '	}' \\
        '	header @hashed Cache-Control max-age=31536000,immutable' \\
        '	@page {' \\
        '		path_regexp /[^/.]*$' \\
        '		not file {path} {path}.html {path}/index.html' \\
        '	}' \\
        '	rewrite @page /index.html' \\
        '	try_files {path} {path}.html' \\
        '	file_server' \\
        '}' \\
    		> /etc/caddy/Caddyfile
    COPY --from=build /app/dist/ /srv/
    USER 1000:1000
    EXPOSE 8080
    "
  `);
});

test("plain pages need no build, so no bundle either", () => {
  expect([staticFiles.fits(site), staticFiles.folder(site)]).toEqual([true, "."]);
  expect(staticFiles.bases(site)).toEqual(["caddy:2"]);
  expect(staticFiles.dockerfile(inputFor(site))).toMatchInlineSnapshot(`
    "FROM caddy:2@sha256:1
    # No certificates and no control over HTTP here: the proxy in front has both.
    RUN printf '%s\\n' '{' \\
        '	admin off' \\
        '	storage file_system /tmp' \\
        '	auto_https off' \\
        '	persist_config off' \\
        '}' \\
        ':8080 {' \\
        '	root * /srv' \\
        '	encode zstd gzip' \\
        '	header ?Cache-Control no-cache' \\
        '	@private {' \\
        '		path */.* /Dockerfile' \\
        '		not path /.well-known/*' \\
        '	}' \\
        '	error @private 404' \\
        '	try_files {path} {path}.html' \\
        '	handle_errors 404 {' \\
        '		rewrite * /404.html' \\
        '		file_server' \\
        '	}' \\
        '	file_server' \\
        '}' \\
    		> /etc/caddy/Caddyfile
    COPY . /srv/
    USER 1000:1000
    EXPOSE 8080
    "
  `);
});

test("pages in a folder, and a folder whose name a shell would read", () => {
  expect(staticFiles.dockerfile(inputFor({ ...site, static_dir: "public" }))).toContain("COPY public/ /srv/");
  expect(() => staticFiles.dockerfile(inputFor({ ...site, static_dir: "$(id)" }))).toThrow(
    expect.objectContaining({ code: "path_unsupported" }) as Error,
  );
});

test("what is started serves itself, and another package manager is none of ours", () => {
  expect(staticFiles.fits({ ...web, start: "node server.js" })).toBe(false);
  expect(staticFiles.fits({ ...web, package_manager: "pnpm" })).toBe(false);
});
