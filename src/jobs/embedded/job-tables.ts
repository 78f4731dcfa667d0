import type { JobState } from '../job.ts';

/** Numbers of the states in the file: never another for one, new ones behind. Those from `ENDED_FROM` have ended. */
export const STATE_NUMBERS: Readonly<Record<JobState, number>> = {
	scheduled: 0,
	waiting: 1,
	running: 2,
	submitted: 3,
	parked: 4,
	succeeded: 5,
	failed: 6,
	cancelled: 7,
	expired: 8,
};
export const ENDED_FROM = 5;

/** The states by their numbers. */
export const STATES: readonly JobState[] = (Object.entries(STATE_NUMBERS) as [JobState, number][])
	.toSorted(([, a], [, b]) => a - b)
	.map(([state]) => state);

/**
 * The form of the file, for `openDatabase`. What changes with each step of a job (`jobs`, a short row) stands apart
 * from what does not (`payloads`, `results`). Counts are kept with each change, so that none is ever made by looking
 * through the jobs; each index holds only the rows that it is for.
 *
 * `held` counts slots: jobs with a holder, the cancelled ones among them whose holder has not let go yet. `turn` is a
 * group's place in the order of turns (start-time fair queueing): it grows by one with each job begun, and begins at
 * the queue's when the group had nothing to do. `begun` are the starts within the span of a rate, see `rate-log.ts`.
 */
export const JOB_STEPS: readonly string[] = [
	`
CREATE TABLE queues (
	qid INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, paused INTEGER NOT NULL, turn INTEGER NOT NULL,
	held INTEGER NOT NULL, begun TEXT NOT NULL, counts TEXT NOT NULL
);
CREATE TABLE lanes (qid INTEGER NOT NULL, name TEXT NOT NULL, held INTEGER NOT NULL, PRIMARY KEY (qid, name)) WITHOUT ROWID;
CREATE TABLE groups (
	gid INTEGER PRIMARY KEY, qid INTEGER NOT NULL, name TEXT NOT NULL, waiting INTEGER NOT NULL, held INTEGER NOT NULL,
	kept INTEGER NOT NULL, turn INTEGER NOT NULL, begun TEXT NOT NULL, served INTEGER NOT NULL, UNIQUE (qid, name)
);
CREATE INDEX groups_by_turn ON groups (qid, turn, gid) WHERE waiting > 0;
CREATE INDEX groups_empty ON groups (served) WHERE kept = 0;

CREATE TABLE jobs (
	seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, qid INTEGER NOT NULL, gid INTEGER NOT NULL, state INTEGER NOT NULL,
	priority INTEGER NOT NULL, lane TEXT NOT NULL, runAt INTEGER NOT NULL, version INTEGER NOT NULL,
	attempts INTEGER NOT NULL, attemptsMost INTEGER NOT NULL,
	held INTEGER NOT NULL, lease INTEGER, holder TEXT, token TEXT,
	created INTEGER NOT NULL, firstAttempt INTEGER, started INTEGER, ended INTEGER, deadline INTEGER,
	keep INTEGER NOT NULL, dropAt INTEGER,
	owner TEXT NOT NULL, upstreamKey TEXT NOT NULL, external TEXT, progress TEXT, error TEXT
);
CREATE INDEX jobs_ready ON jobs (gid, lane, priority DESC, runAt, seq) WHERE state = 1;
CREATE INDEX jobs_in_time ON jobs (qid, state, runAt) WHERE state < 2;
CREATE INDEX jobs_held ON jobs (qid, lease) WHERE held = 1;
CREATE INDEX jobs_few ON jobs (state, seq) WHERE state IN (4, 6, 7, 8);
CREATE INDEX jobs_deadline ON jobs (deadline) WHERE deadline IS NOT NULL AND state < 5;
CREATE INDEX jobs_drop ON jobs (dropAt) WHERE dropAt IS NOT NULL;

CREATE TABLE payloads (seq INTEGER PRIMARY KEY, request BLOB NOT NULL, body BLOB, file TEXT, bytes INTEGER, notify BLOB);
CREATE INDEX payloads_file ON payloads (file) WHERE file IS NOT NULL;
CREATE TABLE results (seq INTEGER PRIMARY KEY, head BLOB NOT NULL, body BLOB, file TEXT, bytes INTEGER);
CREATE INDEX results_file ON results (file) WHERE file IS NOT NULL;

CREATE TABLE idempotency (key TEXT PRIMARY KEY, fingerprint TEXT NOT NULL, id TEXT NOT NULL, until INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX idempotency_until ON idempotency (until);
CREATE TABLE dropped (file TEXT PRIMARY KEY) WITHOUT ROWID;

CREATE TABLE openers (name TEXT PRIMARY KEY, told INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE changes (
	n INTEGER PRIMARY KEY AUTOINCREMENT, opener TEXT NOT NULL, id TEXT NOT NULL, state INTEGER NOT NULL, version INTEGER NOT NULL
);
`,
	// Who is told of an end, and when next; `at` is null while there is nothing to tell. "holder" has it in hand.
	`
CREATE TABLE notices (seq INTEGER PRIMARY KEY, version INTEGER NOT NULL, attempts INTEGER NOT NULL, at INTEGER, holder TEXT);
CREATE INDEX notices_due ON notices (at) WHERE at IS NOT NULL;
INSERT INTO notices SELECT seq, 0, 0, NULL, NULL FROM payloads WHERE notify IS NOT NULL;
`,
	// What jobs cost, and against which sums: `spend` is what `spending.ts` wrote.
	`
ALTER TABLE jobs ADD COLUMN spend TEXT;
CREATE TABLE spent (since INTEGER NOT NULL, key TEXT NOT NULL, sum INTEGER NOT NULL, PRIMARY KEY (since, key)) WITHOUT ROWID;
`,
	// Idempotency records in the order in which they came, see `idempotency-records.ts`; those of before stay where they are.
	`
CREATE TABLE records (n INTEGER PRIMARY KEY, key TEXT NOT NULL, fingerprint TEXT NOT NULL, id TEXT NOT NULL, until INTEGER NOT NULL);
CREATE INDEX records_until ON records (until);
CREATE TABLE record_places (part TEXT NOT NULL, n INTEGER NOT NULL, PRIMARY KEY (part, n)) WITHOUT ROWID;
CREATE TABLE record_marks (placed INTEGER NOT NULL, last INTEGER NOT NULL);
INSERT INTO record_marks VALUES (0, 0);
`,
	// Lanes among which telling takes turns; receivers that are called no more; secrets of the store's own.
	`
ALTER TABLE notices ADD COLUMN lane TEXT NOT NULL DEFAULT '';
CREATE INDEX notices_by_lane ON notices (lane, at) WHERE at IS NOT NULL;
CREATE TABLE gone (key TEXT PRIMARY KEY, host TEXT NOT NULL, since INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX gone_since ON gone (since);
CREATE TABLE secrets (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
`,
];
