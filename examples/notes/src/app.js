import { createServer } from "node:http";
import { page } from "./page.js";

const longest = 2000;

/** The HTTP server over opened notes. */
export function createApp(notes) {
  return createServer((request, response) => {
    answer(request, response, notes).catch((error) => {
      console.error(error);
      if (!response.headersSent) send(response, 500, "Something went wrong here.\n");
    });
  });
}

async function answer(request, response, notes) {
  const { pathname } = new URL(request.url, "http://localhost");
  const wanted = `${request.method} ${pathname}`;
  if (wanted === "GET /") return send(response, 200, page(notes.list()), "text/html; charset=utf-8");
  if (wanted === "GET /healthz")
    return send(response, 200, JSON.stringify({ notes: notes.list().length }), "application/json");
  if (wanted === "POST /notes") {
    const text = (await formOf(request)).get("text")?.trim();
    if (!text || text.length > longest) return send(response, 422, `A note has 1 to ${longest} characters.\n`);
    notes.add(text);
    return seeOther(response);
  }
  const removed = /^POST \/notes\/(\d+)\/delete$/.exec(wanted);
  if (removed && notes.remove(Number(removed[1]))) return seeOther(response);
  send(response, 404, "There is no such page.\n");
}

async function formOf(request) {
  let body = "";
  for await (const chunk of request.setEncoding("utf8")) {
    body += chunk;
    if (body.length > longest * 10) break;
  }
  return new URLSearchParams(body);
}

function send(response, status, body, type = "text/plain; charset=utf-8") {
  response.writeHead(status, { "content-type": type, "x-content-type-options": "nosniff" }).end(body);
}

const seeOther = (response) => response.writeHead(303, { location: "/" }).end();
