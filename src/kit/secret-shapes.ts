/** Whether a text has the shape of a secret: a key, a token, a password within an address. In doubt it is one. */
export const holdsSecret = (text: string): boolean => shapes.some((shape) => shape.test(text));

const shapes: readonly RegExp[] = [
  /-----BEGIN [A-Z ]*PRIVATE KEY/,
  // Keys that their issuers gave a prefix, so that they are found.
  /(?:^|[^A-Za-z0-9])(?:sk|pk|rk|whsec)[-_](?:live|test|ant|proj)?[-_]?[A-Za-z0-9_-]{16,}/,
  /(?:^|[^A-Za-z0-9])(?:gh[pousr]_|github_pat_|glpat-|npm_|xox[abposr]-|SG\.|hf_|dop_v1_|shp[a-z]{2}_)[A-Za-z0-9_.-]{16,}/,
  /(?:^|[^A-Za-z0-9])(?:AKIA|ASIA)[A-Z0-9]{16}/,
  /AIza[A-Za-z0-9_-]{30,}/,
  /eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\./,
  // A password within an address.
  /[a-z][a-z0-9+.-]{0,30}:\/\/[^\s/@:]*:[^\s/@]+@/i,
  // Random letters of both cases with digits, or many hexadecimal digits: nothing that people type.
  /^(?=.*[a-z])(?=.*[A-Z])(?=.*\d)[A-Za-z0-9+/_-]{24,}={0,2}$/,
  /^(?=.*\d)(?=.*[a-f])[0-9a-f]{32,}$/i,
];
