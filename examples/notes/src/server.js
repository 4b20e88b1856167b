import { createApp } from "./app.js";
import { openNotes } from "./notes.js";

const port = Number(process.env.PORT ?? 3000);
const notes = openNotes(process.env.NOTES_FILE ?? "data/notes.db");
const server = createApp(notes).listen(port, () => console.log(`notes on port ${port}`));

/** Answers what was asked already, takes nothing new, and leaves the file whole. */
function stop() {
  server.close(() => notes.close());
  server.closeIdleConnections();
}
process.once("SIGTERM", stop);
process.once("SIGINT", stop);
