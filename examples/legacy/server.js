const fs = require("node:fs");
const express = require("express");
const { Pool } = require("pg");

const journal = "/var/lib/lending/journal.log";
const pool = new Pool({ connectionString: process.env.DATABASE_URL });
const app = express();

// A connection that the database closes while nobody uses it is no reason to end.
pool.on("error", (error) => console.error(error.message));

app.use(express.urlencoded({ extended: false, limit: "10kb" }));
app.use(express.static("public"));

app.get("/health", (_req, res, next) => {
  pool
    .query("SELECT 1")
    .then(() => res.send("ok"))
    .catch(next);
});

app.get("/loans", (_req, res, next) => {
  pool
    .query("SELECT id, tool, borrower, since FROM loans ORDER BY id")
    .then((result) => res.json(result.rows))
    .catch(next);
});

app.post("/loans", (req, res, next) => {
  const { tool, borrower } = req.body;
  if (!tool || !borrower) return res.status(400).send("tool and borrower are needed");
  pool
    .query("INSERT INTO loans (tool, borrower) VALUES ($1, $2) RETURNING id", [tool, borrower])
    .then((result) => {
      note(`lent ${tool} to ${borrower}`);
      res.status(201).json(result.rows[0]);
    })
    .catch(next);
});

app.post("/loans/:id/return", (req, res, next) => {
  pool
    .query("DELETE FROM loans WHERE id = $1 RETURNING tool", [Number(req.params.id)])
    .then((result) => {
      if (result.rowCount === 0) return res.sendStatus(404);
      note(`got ${result.rows[0].tool} back`);
      res.sendStatus(204);
    })
    .catch(next);
});

app.get("/journal", (_req, res) => {
  res.type("text").send(fs.existsSync(journal) ? fs.readFileSync(journal) : "");
});

function note(line) {
  fs.appendFileSync(journal, `${new Date().toISOString()} ${line.replace(/\s+/g, " ")}\n`);
}

// The database may take longer to start than we do.
function prepare(triesLeft) {
  return pool
    .query(
      "CREATE TABLE IF NOT EXISTS loans (id serial PRIMARY KEY, tool text NOT NULL, borrower text NOT NULL, since timestamptz NOT NULL DEFAULT now())",
    )
    .catch((error) => {
      if (triesLeft === 0) throw error;
      return new Promise((resolve) => setTimeout(resolve, 1000)).then(() => prepare(triesLeft - 1));
    });
}

prepare(20)
  .then(() => {
    const server = app.listen(8080, () => console.log("lending listens on 8080"));
    process.on("SIGTERM", () => server.close(() => pool.end().then(() => process.exit(0))));
  })
  .catch((error) => {
    console.error(error.message);
    process.exit(1);
  });
