import { express } from "./express.ts";
import { fastify } from "./fastify.ts";
import type { Framework } from "./framework.ts";
import { hono } from "./hono.ts";
import { koa } from "./koa.ts";
import { nestjs } from "./nestjs.ts";

/** The first that is depended on names the service: those that stand on another come before it. */
export const frameworks: Framework[] = [nestjs, hono, koa, fastify, express];
