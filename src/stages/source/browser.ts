import { decoded } from "./address.ts";

/** What a page's address says about a repository. `rest` is a ref and a path, of which only the server knows where one ends. */
export interface BrowserAddress {
  clone: string;
  rest: string | null;
}

/**
 * The repository behind the address of a page on GitHub, GitLab or Bitbucket, their own servers or somebody's installation,
 * as far as the path shows it; undefined where it shows nothing.
 */
export function parseBrowserAddress(text: string): BrowserAddress | undefined {
  const url = URL.parse(text);
  if (!url || (url.protocol !== "https:" && url.protocol !== "http:")) return undefined;
  const path = url.pathname.replace(/\/+$/, "").slice(1);
  const read = pages.find(({ hosts, page }) => hosts.test(url.hostname) && page.test(path))?.page.exec(path);
  if (!read?.groups) return undefined;
  const { repository = "", rest } = read.groups;
  const credentials = url.username ? `${url.username}${url.password ? `:${url.password}` : ""}@` : "";
  const clone = `${url.protocol}//${credentials}${url.host}/${repository.replace(/\.git$/, "")}.git`;
  return { clone, rest: rest ? decoded(rest) : null };
}

const anywhere = /./;
/** First match wins; the last lines take the bare repository pages of the three hosts, which git itself may not answer. */
const pages = [
  { hosts: anywhere, page: /^(?<repository>.+?)\/-\/(?:tree|blob|commits?|raw)\/(?<rest>.+)$/ },
  { hosts: /^gitlab\.com$/, page: /^(?<repository>.+?)\/-(?:\/.*)?$/ },
  { hosts: /^bitbucket\.org$/, page: /^(?<repository>[^/]+\/[^/]+)\/(?:src|branch|commits)\/(?<rest>.+)$/ },
  {
    hosts: /^(?!bitbucket\.org$|gitlab\.com$)/,
    page: /^(?<repository>[^/]+\/[^/]+)\/(?:tree|blob|commit|commits)\/(?<rest>.+)$/,
  },
  {
    hosts: /^(?:www\.)?github\.com$/,
    page: /^(?<repository>[^/]+\/[^/]+)(?:\/(?:issues|pulls?|actions|releases|wiki).*)?$/,
  },
  { hosts: /^bitbucket\.org$/, page: /^(?<repository>[^/]+\/[^/]+)(?:\/(?:src|pull-requests).*)?$/ },
  { hosts: /^gitlab\.com$/, page: /^(?<repository>.+)$/ },
];
