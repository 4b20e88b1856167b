const entities = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
const escapeHtml = (text) => String(text).replace(/[&<>"']/g, (character) => entities[character]);

const item = ({ id, text, at }) => `
      <li>
        <p>${escapeHtml(text)}</p>
        <form method="post" action="/notes/${id}/delete"><time>${escapeHtml(at)}</time> <button>Remove</button></form>
      </li>`;

export const page = (notes) => `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width">
    <title>Notes</title>
    <style>
      :root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif; }
      body { max-width: 36rem; margin: 2rem auto; padding: 0 1rem; }
      textarea { width: 100%; font: inherit; box-sizing: border-box; }
      ul { padding: 0; list-style: none; }
      li { border-top: 1px solid; padding-block: .5rem; }
      p { margin: 0; white-space: pre-wrap; }
    </style>
  </head>
  <body>
    <h1>Notes</h1>
    <form method="post" action="/notes">
      <textarea name="text" rows="3" required maxlength="2000" aria-label="A new note"></textarea>
      <button>Keep</button>
    </form>
    <ul>${notes.map(item).join("")}
    </ul>
  </body>
</html>
`;
