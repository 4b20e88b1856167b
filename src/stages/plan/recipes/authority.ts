// How build steps trust a configured CA bundle, without a trace of it in the image: it is mounted from a local image of its own
// (`build/ca.ts` makes it), and named in ARGs, which steps see and images do not keep.

/** The stage that steps mount the bundle from, by the first 12 hex of its hash; nothing where none is configured. */
export const authorityStage = (ca: string | null): string[] => (ca ? [`FROM berth-ca:${ca} AS ca`, ""] : []);

/** Options for each RUN that downloads, with a space behind them. */
export const authorityMount = (ca: string | null): string => (ca ? "--mount=type=bind,from=ca,target=/mnt " : "");

/** By which variable a tool is told of authorities. pip's own bundle and those of OpenSSL and Rust programs are others. */
export const authorityVariables = {
  npm: ["NODE_EXTRA_CA_CERTS"],
  pip: ["PIP_CERT"],
  uv: ["PIP_CERT", "SSL_CERT_FILE"],
} as const;

export const authorityArgs = (ca: string | null, tool: keyof typeof authorityVariables): string[] =>
  ca ? authorityVariables[tool].map((name) => `ARG ${name}=/mnt/ca.pem`) : [];

/** Of all tools that a Dockerfile of the source may use, and apt's by a file of its own. */
const everyTool = [
  ...Object.values(authorityVariables).flat(),
  "REQUESTS_CA_BUNDLE",
  "CURL_CA_BUNDLE",
  "GIT_SSL_CAINFO",
  "CARGO_HTTP_CAINFO",
];

export const everyAuthorityArg: readonly string[] = [
  ...[...new Set(everyTool)].sort().map((name) => `ARG ${name}=/mnt/ca.pem`),
  "ARG APT_CONFIG=/mnt/apt.conf",
];
