/**
 * The tables, as the steps that lead to them: `user_version` counts how many a file has seen. A step that was released
 * is never edited; a change is a new step at the end.
 */
export const schema: readonly string[] = [
  `
  CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;

  CREATE TABLE analyses (
    id TEXT PRIMARY KEY, source TEXT NOT NULL, analysis TEXT NOT NULL, created TEXT NOT NULL
  ) STRICT;

  CREATE TABLE plans (
    hash TEXT PRIMARY KEY, stack TEXT NOT NULL, serial INTEGER NOT NULL, plan TEXT NOT NULL, created TEXT NOT NULL
  ) STRICT;
  CREATE INDEX plans_by_stack ON plans (stack, created);

  CREATE TABLE servers (
    name TEXT PRIMARY KEY, target TEXT NOT NULL, host_key TEXT, facts TEXT NOT NULL, updated TEXT NOT NULL
  ) STRICT;

  CREATE TABLE stacks (
    name TEXT PRIMARY KEY, server TEXT NOT NULL, applied_plan TEXT, serial INTEGER NOT NULL, updated TEXT NOT NULL
  ) STRICT;

  CREATE TABLE requests (
    id TEXT PRIMARY KEY, operation_hash TEXT NOT NULL, operation TEXT NOT NULL, base TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'granted', 'declined')), created INTEGER NOT NULL, expires INTEGER NOT NULL
  ) STRICT;

  CREATE TABLE grants (
    id TEXT PRIMARY KEY, request TEXT NOT NULL UNIQUE REFERENCES requests (id), body TEXT NOT NULL, signature TEXT NOT NULL
  ) STRICT;

  CREATE TABLE spendings (
    grant_id TEXT NOT NULL REFERENCES grants (id), part TEXT NOT NULL, run TEXT NOT NULL REFERENCES runs (id),
    PRIMARY KEY (grant_id, part)
  ) STRICT;

  CREATE TABLE runs (
    id TEXT PRIMARY KEY, stack TEXT, operation TEXT NOT NULL, grant_id TEXT REFERENCES grants (id), parts TEXT NOT NULL,
    calls TEXT NOT NULL, version TEXT NOT NULL, created TEXT NOT NULL
  ) STRICT;

  CREATE TABLE events (
    run TEXT NOT NULL REFERENCES runs (id), seq INTEGER NOT NULL, at TEXT NOT NULL, body TEXT NOT NULL,
    prev TEXT NOT NULL, hash TEXT NOT NULL, PRIMARY KEY (run, seq)
  ) STRICT;
  CREATE TRIGGER events_stay BEFORE UPDATE ON events BEGIN SELECT RAISE (ABORT, 'the journal is append-only'); END;
  CREATE TRIGGER events_last BEFORE DELETE ON events BEGIN SELECT RAISE (ABORT, 'the journal is append-only'); END;

  CREATE TABLE leases (
    run TEXT PRIMARY KEY REFERENCES runs (id), owner TEXT NOT NULL, pid INTEGER NOT NULL, started TEXT, boot TEXT,
    fence INTEGER NOT NULL, expires REAL NOT NULL
  ) STRICT;

  CREATE TABLE cancels (
    run TEXT NOT NULL REFERENCES runs (id), fence INTEGER NOT NULL, at TEXT NOT NULL, PRIMARY KEY (run, fence)
  ) STRICT;

  CREATE TABLE secrets (
    stack TEXT NOT NULL, name TEXT NOT NULL, version INTEGER NOT NULL, iv BLOB NOT NULL, sealed BLOB NOT NULL,
    created TEXT NOT NULL, PRIMARY KEY (stack, name, version)
  ) STRICT;
  `,
  `
  ALTER TABLE analyses ADD COLUMN resolved TEXT;

  CREATE TABLE dialogs (
    id TEXT PRIMARY KEY, request TEXT NOT NULL REFERENCES requests (id), open INTEGER NOT NULL, created INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX dialogs_by_request ON dialogs (request);
  `,
];
