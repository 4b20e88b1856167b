import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import express from "express";
import { addEntry, checkEntry, listEntries } from "./entries.js";
import { page } from "./page.js";
import { readForm, savePicture, servePictures } from "./pictures.js";
import { rememberVisitor, visitorName } from "./visitor.js";

const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));

/** The application over a database pool: `config` as readConfig gives it. */
export function createApp({ config, pool }) {
  const app = express();
  app.disable("x-powered-by");
  // A reverse proxy on this machine or in this private network says by which address and scheme a visitor came.
  app.set("trust proxy", "loopback, linklocal, uniquelocal");
  app.use(securityHeaders);
  app.use(express.static(fileURLToPath(new URL("../public", import.meta.url))));
  app.use("/pictures", servePictures(config.uploadDir));

  const show = async (response, extra) =>
    response.send(page({ title: config.siteTitle, version, entries: await listEntries(pool), ...extra }));

  app.get("/healthz", async (_request, response) => {
    await pool.query("SELECT 1");
    response.json({ status: "ok", version });
  });

  app.get("/", async (request, response) => {
    const values = { name: visitorName(request, config.sessionSecret) };
    await show(response, { values, thanks: request.query.signed === "1" });
  });

  app.post("/", readForm, async (request, response) => {
    const { entry, problems } = checkEntry(request.body);
    const good = Object.keys(problems).length === 0;
    const picture = good && request.file ? await savePicture(config.uploadDir, request.file.buffer) : null;
    if (picture === undefined) problems.picture = "Please choose a PNG, JPEG, GIF or WebP picture.";
    if (Object.keys(problems).length > 0) return show(response.status(422), { values: entry, problems });
    await addEntry(pool, { ...entry, picture });
    rememberVisitor(request, response, entry.name, config.sessionSecret);
    response.redirect(303, "/?signed=1");
  });

  app.get("/api/entries", async (_request, response) => {
    response.json({ entries: await listEntries(pool) });
  });

  app.post("/api/entries", express.json({ limit: "16kb" }), async (request, response) => {
    const { entry, problems } = checkEntry(request.body);
    if (Object.keys(problems).length > 0) return response.status(422).json({ problems });
    response.status(201).json({ entry: await addEntry(pool, entry) });
  });

  app.use((_request, response) => response.status(404).type("text").send("There is no such page.\n"));
  app.use((error, request, response, next) => {
    if (response.headersSent) return next(error);
    if (error.code === "LIMIT_FILE_SIZE") {
      const problems = { picture: "Please choose a picture of at most 2 MB." };
      return show(response.status(413), { values: request.body, problems });
    }
    const status = error.name === "MulterError" ? 400 : (error.status ?? 500);
    if (status >= 500) console.error(error);
    response
      .status(status)
      .type("text")
      .send(status >= 500 ? "Something went wrong here.\n" : "This request was not understood.\n");
  });
  return app;
}

function securityHeaders(_request, response, next) {
  response.set({
    "Content-Security-Policy":
      "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
  });
  next();
}
