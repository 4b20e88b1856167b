import { randomUUID } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import express from "express";
import multer from "multer";

export const maxPictureBytes = 2 * 1024 * 1024;

/** Reads a form with at most one picture, in memory, so that nothing is kept of a form that is refused. */
export const readForm = multer({
  storage: multer.memoryStorage(),
  limits: { fileSize: maxPictureBytes, files: 1, fields: 10, fieldSize: 16 * 1024, parts: 12 },
}).single("picture");

/** Keeps a picture under a name of our own and answers that name; undefined where it is no picture that we take. */
export async function savePicture(uploadDir, bytes) {
  const type = pictureType(bytes);
  if (!type) return undefined;
  const name = `${randomUUID()}.${type}`;
  await mkdir(uploadDir, { recursive: true });
  await writeFile(path.join(uploadDir, name), bytes, { flag: "wx" });
  return name;
}

/** Serves pictures so that a browser takes them for pictures and nothing else. */
export const servePictures = (uploadDir) =>
  express.static(uploadDir, {
    index: false,
    redirect: false,
    dotfiles: "ignore",
    immutable: true,
    maxAge: "30d",
    setHeaders: (response) => response.setHeader("Content-Security-Policy", "default-src 'none'; sandbox"),
  });

/** The type by the file's first bytes: its name and its declared type are the visitor's to choose. */
function pictureType(bytes) {
  const start = bytes.subarray(0, 12).toString("latin1");
  if (start.startsWith("\x89PNG\r\n\x1a\n")) return "png";
  if (start.startsWith("\xff\xd8\xff")) return "jpg";
  if (start.startsWith("GIF87a") || start.startsWith("GIF89a")) return "gif";
  if (start.startsWith("RIFF") && start.endsWith("WEBP")) return "webp";
  return undefined;
}
