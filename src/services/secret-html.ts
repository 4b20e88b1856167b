import { createHash } from "node:crypto";

/** What the page says it is for. `why` is the agent's, everything else is ours or was checked. */
export interface Shown {
  stack: string;
  name: string;
  why: string;
  /** Beginning of the fingerprint of the value that there is. */
  present: string | null;
  /** A stack of this name was applied from this computer. */
  knownStack: boolean;
  minutes: number;
}

const style = `
:root { color-scheme: light dark; font: 1.0625rem/1.5 system-ui, sans-serif }
body { margin: 0 auto; max-width: 38rem; padding: 2rem 1rem }
h1 { font-size: 1.5rem; line-height: 1.25 }
code { font-family: ui-monospace, monospace; overflow-wrap: anywhere }
blockquote { margin: .25rem 0 1rem; padding: .25rem 1rem; border-left: .25rem solid; white-space: pre-wrap; overflow-wrap: anywhere }
label { display: block; font-weight: 600; margin-top: 1rem }
input, textarea { box-sizing: border-box; width: 100%; padding: .6rem; font: inherit; font-family: ui-monospace, monospace }
button { font: inherit; margin-top: 1.25rem; padding: .6rem 1.5rem }
[role=alert] { border: 2px solid; padding: .5rem 1rem; font-weight: 600 }
`;

/** No script, no picture, nothing from elsewhere, in no other page's frame; the form leads back here alone. */
export const contentPolicy = [
  "default-src 'none'",
  `style-src 'sha256-${createHash("sha256").update(style).digest("base64")}'`,
  "form-action 'self'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
].join("; ");

/** The page with the form; `problem` says what was wrong with what was sent. */
export const formPage = ({ stack, name, why, present, knownStack, minutes }: Shown, problem?: string): string =>
  page(
    `Berth: a value for ${name}`,
    `<h1>A value for <code>${escaped(name)}</code></h1>
${problem === undefined ? "" : `<p role="alert" id="problem">${escaped(problem)}</p>`}
<p>It is for the stack <code>${escaped(stack)}</code>${knownStack ? "" : ", of which nothing was applied from this computer yet"}.
It is sealed on this computer and goes to the stack's server with the next deploy. The agent that asked for it is told its
name and a fingerprint, never the value, and this page cannot show it either.</p>
${present === null ? "" : `<p>There is one already (fingerprint <code>${escaped(present)}</code>). What you give becomes the newest; the next plan uses it.</p>`}
<p id="said">The agent's words, not Berth's:</p>
<blockquote aria-labelledby="said">${escaped(why)}</blockquote>
<form method="post" autocomplete="off">
<label for="value">Value</label>
<input id="value" name="value" type="password" autocomplete="off" autocapitalize="off" spellcheck="false" autofocus${problem === undefined ? "" : ' aria-invalid="true" aria-describedby="problem"'}>
<details>
<summary>It has several lines</summary>
<label for="lines">Value of several lines (shown while you type)</label>
<textarea id="lines" name="lines" rows="6" autocomplete="off" autocapitalize="off" spellcheck="false"></textarea>
</details>
<button type="submit">Set the value</button>
</form>
<p>This page is for one value and is gone after ${minutes} minutes. If you did not expect it, close it: nothing is set.</p>`,
  );

export const donePage = (name: string): string =>
  page(
    `Berth: ${name} is set`,
    `<h1><code>${escaped(name)}</code> is set</h1>
<p role="status">You can close this page and go back to the conversation.</p>`,
  );

const page = (title: string, body: string): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)}</title>
<style>${style}</style>
</head>
<body>
<main>
${body}
</main>
</body>
</html>
`;

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};
const escaped = (text: string): string => text.replace(/[&<>"']/g, (char) => entities[char] ?? char);
