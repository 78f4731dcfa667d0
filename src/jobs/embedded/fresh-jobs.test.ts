/** Calls that share a commit do what the same calls do one after the other: most jobs of one are never written as waiting. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NewJob } from '../job.ts';
import type { ClaimedJob, JobChanged, JobStore, QueueRoom, Report, ReportKind } from '../job-store.ts';
import { sampleJob } from '../testing/sample-job.ts';
import { openEmbeddedJobStore } from './embedded-job-store.ts';

const ERROR = { code: 'upstream_status', message: 'it said 503', status: 503 };
const START_MS = Date.UTC(2026, 10, 28, 12);
/** Does not end before the last claim: which of two that were lost together comes first is nobody's business. */
const LEASE_MS = 100_000;
const QUEUES = ['videos', 'lanes'];

/** Numbers by chance, the same each time. */
function chance(seed: number): (below: number) => number {
	let state = seed;
	return (below) => {
		state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
		return Math.floor((state / 0x80000000) * below);
	};
}

/** A store, and what was handed out by it. */
class Played {
	readonly told: Parameters<JobChanged>[0][] = [];
	readonly store: JobStore = openEmbeddedJobStore({ path: ':memory:', changed: (one) => this.told.push(one) });
	readonly tokens = new Map<string, string>();
	readonly said: unknown[] = [];

	async claim(claim: Parameters<JobStore['claim']>[0]): Promise<unknown> {
		const jobs = await this.store.claim(claim);
		for (const { id, token } of jobs) this.tokens.set(id, token);
		const begun = jobs.filter(({ lost }) => !lost);
		const lost = jobs.filter((job) => job.lost).toSorted((a, b) => (a.id < b.id ? -1 : 1));
		return [...lost, ...begun].map(({ token: _, ...job }: ClaimedJob) => plain(job));
	}

	report(id: string, nowMs: number, kind: ReportKind): Promise<unknown> {
		return this.store.report([{ id, token: this.tokens.get(id) ?? '', nowMs, ...kind } as Report]);
	}
}

type Call = (on: Played) => Promise<unknown>;

/** Bytes of any kind as the same. */
function plain(value: unknown): unknown {
	return JSON.parse(
		JSON.stringify(value, (_, one: unknown) => {
			const { type, data } = (one ?? {}) as { type?: string; data?: number[] };
			if (type === 'Buffer') return [...(data ?? [])];
			return one instanceof Uint8Array ? [...one] : one;
		}),
	);
}

/** Calls of a turn, those that claim behind the others. */
class Turns {
	readonly #draw: (below: number) => number;
	readonly #ids: string[] = [];
	readonly #newJobs: NewJob[] = [];
	#nowMs = START_MS;

	constructor(seed: number) {
		this.#draw = chance(seed);
	}

	#rooms(): QueueRoom[] {
		const concurrency = [0, 3, 8][this.#draw(3)] as number;
		const group = { concurrency: this.#draw(2) * 2, rate: null };
		const lanes = ['a', 'b'].map((name) => ({ name, concurrency: 1 + this.#draw(4) }));
		return QUEUES.map((name) => ({ name, concurrency, rate: null, group, lanes: name === 'lanes' ? lanes : [] }));
	}

	#newJob(): NewJob {
		const draw = this.#draw;
		const nowMs = ++this.#nowMs;
		const key = draw(12) === 0 ? { key: `k${draw(6)}`, fingerprint: `f${draw(2)}`, untilMs: nowMs + 600_000 } : null;
		const job = sampleJob(nowMs, {
			queue: QUEUES[draw(4) === 0 ? 1 : 0] as string,
			group: `g${draw(3)}`,
			priority: draw(5) === 0 ? 2 : 1,
			runAtMs: nowMs + (draw(6) === 0 ? 40 : 0),
			deadlineMs: draw(6) === 0 ? nowMs + draw(30) : null,
			keepMs: 100,
			lane: draw(6) === 0 ? (['a', 'b', 'gone'][draw(3)] as string) : '',
			notify: draw(4) === 0 ? Buffer.from('https://example.com') : null,
			idempotency: key,
			...(draw(5) === 0 ? { spend: { cost: 2, sinceMs: START_MS, of: [{ key: `t${draw(2)}`, most: 60 }] } } : {}),
		});
		this.#ids.push(job.id);
		this.#newJobs.push(job);
		return job;
	}

	#kind(): ReportKind {
		const body = { inline: Buffer.from('made') };
		switch (this.#draw(8)) {
			case 0:
				return { kind: 'retry', atMs: this.#nowMs + this.#draw(2) * 50, error: ERROR, counted: true, keepsLane: false };
			case 1:
				return { kind: 'failed', error: ERROR, result: null, free: true };
			case 2:
				return { kind: 'submitted', leaseMs: LEASE_MS, externalId: 'x' };
			case 3:
				return { kind: 'beat', leaseMs: LEASE_MS, progress: { percent: 5, text: '' } };
			case 4:
				return { kind: 'parked', error: ERROR };
			default:
				return { kind: 'succeeded', result: { head: Buffer.from('HTTP/1.1 200 OK'), body } };
		}
	}

	#call(): Call {
		const nowMs = ++this.#nowMs;
		const id = this.#ids[this.#draw(this.#ids.length)] ?? '';
		switch (this.#draw(24)) {
			case 0:
				return ({ store }) => store.change(id, { kind: 'cancel', nowMs });
			case 1:
				return ({ store }) => store.change(id, { kind: 'redrive', nowMs });
			case 2:
				return ({ store }) => store.queue('videos');
			case 3: {
				const before = this.#newJobs.at(-1);
				const again = this.#newJob();
				if (before === undefined) return ({ store }) => store.add([again, again]);
				return ({ store }) => store.add([again, before, again]);
			}
		}
		if (this.#draw(2) === 0) {
			const jobs = Array.from({ length: 1 + this.#draw(3) }, () => this.#newJob());
			return ({ store }) => store.add(jobs);
		}
		const recent = this.#ids.at(-1 - this.#draw(20)) ?? '';
		const kind = this.#kind();
		return (on) => on.report(recent, nowMs, kind);
	}

	next(): { calls: Call[]; claims: Call[] } {
		const nowMs = ++this.#nowMs;
		// It is more than one commit.
		if (this.#draw(6) === 0) return { calls: [({ store }) => store.sweep(nowMs)], claims: [] };
		const calls = Array.from({ length: 1 + this.#draw(8) }, () => this.#call());
		const claims = Array.from({ length: this.#draw(3) }, (): Call => {
			const claim = { holder: `n${this.#draw(2)}`, leaseMs: LEASE_MS, most: 1 + this.#draw(12), nowMs: ++this.#nowMs };
			const queues = this.#rooms();
			return (on) => on.claim({ ...claim, queues });
		});
		return { calls, claims };
	}

	/** All that can begin, and all that is lost. */
	last(): Call {
		const queues = QUEUES.map((name) => ({ ...(this.#rooms()[0] as QueueRoom), name, concurrency: 0, lanes: [] }));
		const nowMs = (this.#nowMs += 2 * LEASE_MS);
		return (on) => on.claim({ holder: 'last', leaseMs: 1000, most: 1000, nowMs, queues });
	}
}

async function state({ store, told, said }: Played): Promise<Record<'said' | 'told' | 'jobs' | 'views', unknown>> {
	const { jobs } = await store.list({ limit: 1000 });
	const views = await Promise.all(QUEUES.map((name) => store.queue(name)));
	const byId = (a: { id: string }, b: { id: string }): number => (a.id < b.id ? -1 : Number(a.id > b.id));
	return { said, told: told.toSorted(byId), jobs: plain(jobs.toSorted(byId)), views };
}

test('what shares a commit comes to the same as one call after the other', async () => {
	for (let seed = 1; seed <= 12; seed++) {
		const [together, apart] = [new Played(), new Played()];
		const turns = new Turns(seed);
		for (let turn = 0; turn < 20; turn++) {
			const { calls, claims } = turns.next();
			const all = [...calls, ...claims];
			// Those that claim are behind the others of their turn, wherever they stand.
			const begun = [...claims, ...calls].map((call) => call(together));
			const said = await Promise.all([...begun.slice(claims.length), ...begun.slice(0, claims.length)]);
			together.said.push(...said.map(plain));
			for (const call of all) apart.said.push(plain(await call(apart)));
		}
		const last = turns.last();
		for (const on of [together, apart]) on.said.push(await last(on));
		const [one, other] = [await state(together), await state(apart)];
		for (const what of ['said', 'jobs', 'views', 'told'] as const)
			assert.deepEqual(one[what], other[what], `${what}, seed ${seed}`);
		for (const { store } of [together, apart]) await store.close();
	}
});

test('a call that fails takes with it none that shares its commit, nor what those did', async () => {
	const store = openEmbeddedJobStore({ path: ':memory:' });
	const nowMs = START_MS;
	const [good, bad] = [sampleJob(nowMs), sampleJob(nowMs, { owner: Symbol('no text') as unknown as string })];
	const room = { name: good.queue, concurrency: 0, rate: null, group: { concurrency: 0, rate: null }, lanes: [] };
	const claim = { holder: 'n', leaseMs: 1000, most: 9, nowMs, queues: [room] };
	const [added, refused, claimed] = await Promise.allSettled([store.add([good]), store.add([bad]), store.claim(claim)]);
	assert.deepEqual([added.status, refused.status], ['fulfilled', 'rejected']);
	assert.ok(claimed.status === 'fulfilled');
	const [job, ...more] = claimed.value as [ClaimedJob];
	assert.deepEqual([job.id, job.attempts, more.length], [good.id, 1, 0]);
	assert.equal(await store.get(bad.id), null);
	const end = { id: job.id, token: job.token, nowMs, kind: 'succeeded', result: null } as const;
	assert.deepEqual(await store.report([end]), [true]);
	assert.deepEqual(await store.report([end]), [false]);
	const { counts } = await store.queue(good.queue);
	assert.deepEqual([counts.succeeded, counts.waiting, counts.running], [1, 0, 0]);
	await store.close();
});
