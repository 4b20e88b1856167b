import { existsSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { Facts } from "./facts.ts";

/**
 * What a state folder says about approvals and what was done under them, read past the product's own code. Plans,
 * analyses and open requests are not here: a model may make them.
 */
export function authorityFacts(home: string): Facts {
  const read = (table: string, columns: string) =>
    rowsOf(home, `SELECT ${columns} FROM ${table}`)
      .map((row) => Object.values(row).join(" "))
      .sort();
  return {
    grants: read("grants", "id, request, body, signature"),
    spendings: read("spendings", "grant_id, part, run"),
    runs: read("runs", "id, coalesce(stack, ''), coalesce(grant_id, ''), parts"),
    cancels: read("cancels", "run, fence"),
    // A name with a dot is a stack's own key, made when something is first planned for it.
    secrets: read("secrets WHERE name NOT LIKE '.%'", "stack, name, version"),
    stacks: read("stacks", "name, server, coalesce(applied_plan, ''), serial"),
    "granted requests": rowsOf(home, "SELECT id FROM requests WHERE state = 'granted'")
      .map(({ id }) => String(id))
      .sort(),
  };
}

export interface GrantSeen {
  id: string;
  /** Of the plan that it is for; null: for an act. */
  plan: string | null;
  stack: string | null;
  channel: string;
  spent: { part: string; run: string }[];
}

/** The grants of a state folder, oldest first. */
export function grantsIn(home: string): GrantSeen[] {
  const joined = `SELECT grants.id, grants.body, requests.operation FROM grants JOIN requests ON requests.id = grants.request
    ORDER BY grants.id`;
  return rowsOf(home, joined).map((row) => {
    const operation = JSON.parse(String(row["operation"])) as { plan?: string; stack?: string };
    const spent = rowsOf(home, "SELECT part, run FROM spendings WHERE grant_id = ? ORDER BY part", String(row["id"]));
    return {
      id: String(row["id"]),
      plan: operation.plan ?? null,
      stack: operation.stack ?? null,
      channel: String((JSON.parse(String(row["body"])) as { channel: string }).channel),
      spent: spent.map(({ part, run }) => ({ part: String(part), run: String(run) })),
    };
  });
}

/** Each request's state, oldest first. */
export const requestStates = (home: string): string[] =>
  rowsOf(home, "SELECT state FROM requests ORDER BY id").map(({ state }) => String(state));

/** The stored plans, as their rows have them. */
export const plansIn = (home: string): { hash: string; plan: unknown }[] =>
  rowsOf(home, "SELECT hash, plan FROM plans").map(({ hash, plan }) => ({
    hash: String(hash),
    plan: JSON.parse(String(plan)),
  }));

/** Events of a run's journal, in order. */
export const journalOf = (home: string, run: string): Record<string, unknown>[] =>
  rowsOf(home, "SELECT body FROM events WHERE run = ? ORDER BY seq", run).map(({ body }) => JSON.parse(String(body)));

/** The process that has a run. */
export function workerOf(home: string, run: string): number | undefined {
  const [row] = rowsOf(home, "SELECT pid FROM leases WHERE run = ?", run);
  return row && Number(row["pid"]);
}

/** Whether a process lives that has a run. */
export const isWorkedOn = (home: string): boolean =>
  rowsOf(home, "SELECT pid FROM leases").some(({ pid }) => existsSync(`/proc/${pid}`));

/** The runs, newest first. */
export const runsIn = (home: string): string[] =>
  rowsOf(home, "SELECT id FROM runs ORDER BY id DESC").map(({ id }) => String(id));

function rowsOf(home: string, sql: string, ...values: string[]): Record<string, unknown>[] {
  const file = join(home, "berth.db");
  if (!existsSync(file)) return [];
  const db = new DatabaseSync(file, { readOnly: true });
  try {
    db.exec("PRAGMA busy_timeout = 10000");
    return db.prepare(sql).all(...values);
  } finally {
    db.close();
  }
}
