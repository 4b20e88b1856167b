import { aiohttp } from "./aiohttp.ts";
import { bottle } from "./bottle.ts";
import { django } from "./django.ts";
import { fastapi } from "./fastapi.ts";
import { fasthtml } from "./fasthtml.ts";
import { flask } from "./flask.ts";
import type { Framework } from "./framework.ts";
import { litestar } from "./litestar.ts";
import { quart } from "./quart.ts";
import { sanic } from "./sanic.ts";
import { starlette } from "./starlette.ts";
import { tornado } from "./tornado.ts";

/** The first whose application the code has names the service: those that stand on another come before it. */
export const frameworks: Framework[] = [
  django,
  fastapi,
  litestar,
  fasthtml,
  quart,
  flask,
  sanic,
  starlette,
  bottle,
  aiohttp,
  tornado,
];
