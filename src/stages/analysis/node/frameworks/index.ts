import { angular } from "./angular.ts";
import { astro } from "./astro.ts";
import { createReactApp } from "./create-react-app.ts";
import { docusaurus } from "./docusaurus.ts";
import { eleventy } from "./eleventy.ts";
import { express } from "./express.ts";
import { fastify } from "./fastify.ts";
import type { Framework } from "./framework.ts";
import { gatsby } from "./gatsby.ts";
import { hono } from "./hono.ts";
import { koa } from "./koa.ts";
import { nestjs } from "./nestjs.ts";
import { next } from "./next.ts";
import { nuxt } from "./nuxt.ts";
import { parcel } from "./parcel.ts";
import { reactRouter } from "./react-router.ts";
import { remix } from "./remix.ts";
import { sveltekit } from "./sveltekit.ts";
import { tanstackStart } from "./tanstack-start.ts";
import { vite } from "./vite.ts";
import { vueCli } from "./vue-cli.ts";

/** The first that fits names the service: those that stand on another come before it, and what only builds comes last. */
export const frameworks: Framework[] = [
  ...[next, nuxt, sveltekit, reactRouter, remix, tanstackStart, astro, angular, gatsby, docusaurus],
  ...[nestjs, hono, koa, fastify, express],
  ...[createReactApp, vueCli, vite, parcel, eleventy],
];
