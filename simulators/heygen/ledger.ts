/** What happened, for those who test against the simulator. */
import type { Account } from './accounts.ts';
import { cents } from './accounts.ts';
import { mostAtATime, statusAt, type Video } from './videos.ts';
import type { World } from './world.ts';

/** One creation. */
export interface LedgerJob {
	id: string;
	account: string;
	kind: Video['kind'];
	/** `other`: by another user of the account. */
	origin: Video['origin'];
	status: string;
	idempotencyKey: string | null;
	callbackId: string | null;
	title: string | null;
	batchId: string | null;
	/** In dollars. */
	cost: number;
	createdAt: string;
	/** When it got its slot, and gives it back. */
	startAt: string;
	endAt: string;
	deletedAt: string | null;
	failureCode: string | null;
}

export interface LedgerAccount {
	name: string;
	created: number;
	spentUsd: number;
	/** Most jobs at a time, those of other users included, and the most that are allowed. */
	mostAtATime: number;
	maxJobs: number;
	/** Jobs that hold a slot now, and that wait for one. */
	active: number;
	waiting: number;
}

export interface Ledger {
	jobs: LedgerJob[];
	accounts: LedgerAccount[];
	/** Keys and callback_ids with which more than one video was made; translations of one call are not counted. */
	repeated: { idempotencyKeys: string[]; callbackIds: string[] };
}

/** All creations, oldest first; deleted ones too. */
export function ledgerOf(world: World, account: string | null = null): Ledger {
	const now = world.clock.now();
	const videos = [...world.videos.values()].filter((video) => account === null || video.account === account);
	const singles = videos.filter(({ kind, batchId }) => kind === 'video' && batchId === null);
	const accounts = [...world.accounts.values()].filter(({ name }) => account === null || name === account);
	return {
		jobs: videos.map((video) => jobOf(video, now)),
		accounts: accounts.map((each) => accountOf(world, each, videos)),
		repeated: {
			idempotencyKeys: repeated(singles.map(({ account: owner, idempotencyKey: key }) => key && `${owner} ${key}`)),
			callbackIds: repeated(singles.map(({ callbackId }) => callbackId)),
		},
	};
}

function jobOf(video: Video, now: number): LedgerJob {
	const { id, account, kind, origin, idempotencyKey, callbackId, title, batchId, cost, plan } = video;
	const said = { id, account, kind, origin, idempotencyKey, callbackId, title, batchId, cost };
	return {
		...said,
		status: statusAt(video, now),
		createdAt: iso(video.createdAtMs),
		startAt: iso(video.startAtMs),
		endAt: iso(video.endAtMs),
		deletedAt: video.deletedAtMs === null ? null : iso(video.deletedAtMs),
		failureCode: plan.failureCode,
	};
}

function accountOf(world: World, account: Account, videos: readonly Video[]): LedgerAccount {
	const now = world.clock.now();
	const own = videos.filter((video) => video.account === account.name);
	const unfinished = own.filter(({ endAtMs, deletedAtMs }) => now < endAtMs && deletedAtMs === null);
	const waiting = unfinished.filter(({ startAtMs }) => now < startAtMs).length;
	return {
		name: account.name,
		created: own.length,
		spentUsd: cents(own.reduce((sum, { cost }) => sum + cost, 0)),
		mostAtATime: mostAtATime(own),
		maxJobs: account.maxJobs ?? world.knobs.maxJobs,
		active: unfinished.length - waiting,
		waiting,
	};
}

function repeated(values: readonly (string | null)[]): string[] {
	const seen = new Set<string>();
	const twice = new Set<string>();
	for (const value of values) {
		if (value !== null && seen.has(value)) twice.add(value);
		if (value !== null) seen.add(value);
	}
	return [...twice];
}

function iso(ms: number): string {
	return new Date(ms).toISOString();
}
