import { VIEWS, type View } from '../../domain/job.ts'

/** Columns that only a processing job has. */
const UNHELD =
  'coalesce(processing_by, lease_token, run_token, locked_at, lease_expires_at, cancel_requested_at) IS NULL'

/**
 * Numbered migrations: the nth upgrades a file from version n - 1 to n. Published ones are never edited. One more view
 * would change the first: it requires a migration, and a list written out in the first one.
 *
 * `ready` keeps the claim fast: jobs whose time has not come are not in the index that it walks (100,000 of them in
 * front slowed a plain index from 22,000 down to 180 claims per second). `counters` makes the numbers of `status`
 * independent of the number of jobs (counting a million took 211 ms).
 */
export const MIGRATIONS: readonly string[] = [
  `
CREATE TABLE jobs (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  command TEXT NOT NULL,
  queue TEXT NOT NULL,
  priority INTEGER NOT NULL,
  max_retries INTEGER NOT NULL,
  max_interruptions INTEGER NOT NULL,
  backoff_base REAL NOT NULL,
  backoff_max REAL NOT NULL,
  timeout REAL,
  cwd TEXT,
  env TEXT,
  origin_cwd TEXT,
  origin_host TEXT,
  insert_token TEXT NOT NULL,
  content_hash TEXT,
  state TEXT NOT NULL,
  ready INTEGER NOT NULL,
  next_run_at INTEGER NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0,
  runs INTEGER NOT NULL DEFAULT 0,
  interruptions INTEGER NOT NULL DEFAULT 0,
  worker_deaths INTEGER NOT NULL DEFAULT 0,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  processing_by TEXT,
  lease_token TEXT,
  run_token TEXT,
  locked_at INTEGER,
  lease_expires_at INTEGER,
  started_at INTEGER,
  finished_at INTEGER,
  exit_code INTEGER,
  signal TEXT,
  reason TEXT,
  cancel_requested_at INTEGER,
  -- One check for the whole row: one for each column made an insert 8 µs longer.
  CHECK (CASE state
    WHEN 'pending' THEN ready IN (0, 1) AND finished_at IS NULL AND ${UNHELD}
    WHEN 'processing' THEN ready = 0 AND finished_at IS NULL AND processing_by IS NOT NULL AND lease_token IS NOT NULL
      AND run_token IS NOT NULL AND locked_at IS NOT NULL AND lease_expires_at IS NOT NULL AND started_at IS NOT NULL
    ELSE state IN ('completed', 'dead', 'cancelled') AND ready = 0 AND finished_at IS NOT NULL AND ${UNHELD}
  END)
) STRICT;

CREATE INDEX jobs_ready ON jobs (priority DESC, seq) WHERE ready = 1;
CREATE INDEX jobs_ready_queue ON jobs (queue, priority DESC, seq) WHERE ready = 1;
CREATE INDEX jobs_due ON jobs (ready, next_run_at) WHERE state = 'pending';
CREATE INDEX jobs_waiting_queue ON jobs (queue, next_run_at) WHERE state = 'pending' AND ready = 0;
CREATE INDEX jobs_held ON jobs (lease_token, processing_by) WHERE state = 'processing';
CREATE INDEX jobs_finished ON jobs (state, finished_at) WHERE finished_at IS NOT NULL;
CREATE INDEX jobs_state ON jobs (state, ready) WHERE state <> 'processing';
CREATE INDEX jobs_queue ON jobs (queue);

-- The books: one row for each run that has ended. fence: the token that settled it; state: what it made of the job.
CREATE TABLE runs (
  seq INTEGER NOT NULL,
  number INTEGER NOT NULL,
  token TEXT NOT NULL,
  fence TEXT NOT NULL,
  worker TEXT NOT NULL,
  host TEXT NOT NULL,
  started_at INTEGER NOT NULL,
  finished_at INTEGER NOT NULL,
  outcome TEXT NOT NULL CHECK (outcome IN ('completed', 'failed', 'interrupted', 'released', 'cancelled')),
  exit_code INTEGER,
  signal TEXT,
  cause TEXT,
  state TEXT NOT NULL,
  PRIMARY KEY (seq, number)
) STRICT, WITHOUT ROWID;

-- How many jobs each queue has. No constraints: with one, the upsert below would keep a journal of each statement, 24 µs for an
-- insert. For the same reason statements on jobs say OR FAIL; every error rolls back the whole transaction anyway.
CREATE TABLE counters (
  queue TEXT PRIMARY KEY,
  ${VIEWS.map((view) => `${view} INTEGER`).join(', ')}
) STRICT, WITHOUT ROWID;

CREATE TRIGGER jobs_inserted AFTER INSERT ON jobs BEGIN
  INSERT INTO counters VALUES (NEW.queue, ${VIEWS.map((view) => isIn('NEW', view)).join(', ')})
  ON CONFLICT DO UPDATE SET ${VIEWS.map((view) => `${view} = ${view} + excluded.${view}`).join(', ')};
END;
CREATE TRIGGER jobs_deleted AFTER DELETE ON jobs BEGIN
  UPDATE counters SET ${VIEWS.map((view) => `${view} = ${view} - ${isIn('OLD', view)}`).join(', ')} WHERE queue = OLD.queue;
END;
CREATE TRIGGER jobs_moved AFTER UPDATE OF state, ready, attempts ON jobs BEGIN
  UPDATE counters SET ${VIEWS.map((view) => `${view} = ${view} + ${isIn('NEW', view)} - ${isIn('OLD', view)}`).join(', ')}
  WHERE queue = NEW.queue;
END;

CREATE TABLE processes (
  id TEXT PRIMARY KEY,
  supervisor_id TEXT,
  started_at INTEGER NOT NULL,
  beat_at INTEGER NOT NULL,
  beats INTEGER NOT NULL,
  body TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE samples (
  at INTEGER NOT NULL,
  supervisor_id TEXT NOT NULL,
  body TEXT NOT NULL,
  PRIMARY KEY (at, supervisor_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE controls (
  seq INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  supervisor_id TEXT NOT NULL,
  kind TEXT NOT NULL,
  args TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('asked', 'taken', 'done')),
  result TEXT,
  created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX controls_asked ON controls (supervisor_id) WHERE state = 'asked';

CREATE TABLE config (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
`,
  `ALTER TABLE jobs ADD COLUMN shell TEXT NOT NULL DEFAULT 'default'`,
  // For the run history: the number of requeues of the job before the run. Unknown for runs older than this version.
  `ALTER TABLE jobs ADD COLUMN requeues INTEGER NOT NULL DEFAULT 0; ALTER TABLE runs ADD COLUMN requeues INTEGER`,
]

const IS_COUNTED = `${VIEWS.join(' + ')} > 0`

/** The counters of all queues that have jobs. */
export const COUNTED = `SELECT queue, ${VIEWS.join(', ')} FROM counters WHERE ${IS_COUNTED}`

/** The same, counted from the jobs. */
export const RECOUNTED = `SELECT queue, ${VIEWS.map((view) => `sum(${isIn('jobs', view)})`).join(', ')} FROM jobs GROUP BY queue`

/** 1 or 0. The next claim after its time promotes a waiting job: until then readers correct for those that are due. */
function isIn(row: 'OLD' | 'NEW' | 'jobs', view: View): string {
  const waiting = `${row}.state = 'pending' AND NOT ${row}.ready`
  switch (view) {
    case 'ready':
      return `${row}.ready`
    case 'scheduled':
      return `(${waiting} AND ${row}.attempts = 0)`
    case 'retrying':
      return `(${waiting} AND ${row}.attempts > 0)`
    default:
      return `(${row}.state = '${view}')`
  }
}
