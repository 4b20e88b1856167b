import { limits } from "./entries.js";

/** The whole page. Everything that a visitor wrote goes through `escapeHtml`. */
export function page({ title, version, entries, values = {}, problems = {}, thanks = false }) {
  const wrong = Object.keys(problems).length > 0;
  return `<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>${wrong ? "Please check your entry – " : ""}${escapeHtml(title)}</title>
  <link rel="stylesheet" href="/style.css">
</head>
<body>
  <header><h1>${escapeHtml(title)}</h1><p>Leave a word, and a picture if you like.</p></header>
  <main>
    <section aria-labelledby="sign">
      <h2 id="sign">Sign the book</h2>
      ${thanks ? `<p class="thanks" role="status">Thank you, your entry is in the book.</p>` : ""}
      ${wrong ? `<p class="problem" role="alert">Your entry was not saved yet: ${escapeHtml(Object.values(problems).join(" "))}</p>` : ""}
      <form method="post" action="/" enctype="multipart/form-data">
        ${field("name", "Your name", problems, (attributes) => `<input ${attributes} maxlength="${limits.name}" autocomplete="name" required value="${escapeHtml(values.name ?? "")}">`)}
        ${field("message", "Your message", problems, (attributes) => `<textarea ${attributes} rows="4" maxlength="${limits.message}" required>\n${escapeHtml(values.message ?? "")}</textarea>`)}
        ${field("picture", "A picture (PNG, JPEG, GIF or WebP, at most 2 MB; optional)", problems, (attributes) => `<input ${attributes} type="file" accept="image/png,image/jpeg,image/gif,image/webp">`)}
        <button type="submit">Sign</button>
      </form>
    </section>
    <section aria-labelledby="entries">
      <h2 id="entries">Entries</h2>
      ${entries.length === 0 ? "<p>Nobody has signed yet. Be the first!</p>" : `<ol class="entries">${entries.map(entryItem).join("")}</ol>`}
    </section>
  </main>
  <footer>${escapeHtml(title)}, version ${escapeHtml(version)}</footer>
</body>
</html>
`;
}

function field(name, label, problems, control) {
  const problem = problems[name];
  const described = problem ? ` aria-invalid="true" aria-describedby="${name}-problem"` : "";
  return `<p class="field">
          <label for="${name}">${label}</label>
          ${control(`id="${name}" name="${name}"${described}`)}
          ${problem ? `<span class="problem" id="${name}-problem">${escapeHtml(problem)}</span>` : ""}
        </p>`;
}

function entryItem({ id, name, message, picture, created_at }) {
  const time = created_at.toISOString();
  return `<li id="entry-${escapeHtml(id)}"><article>
        <h3>${escapeHtml(name)}</h3>
        <p class="message">${escapeHtml(message)}</p>
        ${picture ? `<img src="/pictures/${escapeHtml(picture)}" alt="Picture by ${escapeHtml(name)}" loading="lazy">` : ""}
        <p class="time"><time datetime="${time}">${time.slice(0, 10)} ${time.slice(11, 16)} UTC</time></p>
      </article></li>`;
}

const named = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
const escapeHtml = (text) => String(text).replace(/[&<>"']/g, (char) => named[char]);
