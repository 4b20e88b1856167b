import pg from "pg";
import { createApp } from "./app.js";
import { readConfig } from "./config.js";

const config = readConfig();
const pool = new pg.Pool({ connectionString: config.databaseUrl, connectionTimeoutMillis: 5000 });
// Without a listener, an idle connection that the database closes would end the process.
pool.on("error", (error) => console.error("database connection lost:", error.message));

const server = createApp({ config, pool }).listen(config.port, (error) => {
  if (error) throw error;
  console.log(`${config.siteTitle} listens on port ${server.address().port}`);
});

/** Answers what was asked already, takes nothing new, and ends. */
async function stop() {
  server.closeIdleConnections();
  await new Promise((resolve) => server.close(resolve));
  await pool.end();
}
process.once("SIGTERM", stop);
process.once("SIGINT", stop);
