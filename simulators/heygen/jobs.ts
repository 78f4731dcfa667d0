/** Jobs of an account: slots, credit, the queue, and their ends. */
import { type Account, capOf, cents, charge, checkCredit } from './accounts.ts';
import { ApiError } from './api-error.ts';
import { draw } from './chance.ts';
import { planJob, scheduleAt, startOf, type Video } from './videos.ts';
import type { World } from './world.ts';

/** What a caller says of a job. */
export interface Wish {
	account: Account;
	kind: Video['kind'];
	origin: Video['origin'];
	/** What its chances depend on. */
	identity: string;
	idempotencyKey: string | null;
	title: string | null;
	folderId: string | null;
	callbackId: string | null;
	callbackUrl: string | null;
	outputLanguage: string | null;
	batchId?: string;
	batchIndex?: number;
	durationS: number;
	width: number;
	height: number;
	/** Waits for a slot, whatever the account says. */
	queued: boolean;
}

/** Most jobs of one account that wait. */
const MOST_WAITING = 20_000;

/** Makes a job and charges for it. Throws at the cap, and where the account cannot pay. */
export function createJob(world: World, wish: Wish): Video {
	return createJobs(world, [wish])[0] as Video;
}

/** Makes all of them or, where it throws, none. All are of one account. */
export function createJobs(world: World, wishes: readonly [Wish, ...Wish[]]): Video[] {
	const [{ account, queued }] = wishes;
	checkRoom(world, account, { jobs: wishes.length, queued });
	const costs = wishes.map(({ durationS }) => cents(durationS * world.knobs.pricePerSecondUsd));
	const purchase = {
		cost: cents(costs.reduce((sum, cost) => sum + cost, 0)),
		seconds: wishes.reduce((sum, { durationS }) => sum + durationS, 0),
	};
	checkCredit(account, world.knobs, purchase);
	charge(account, purchase);
	return wishes.map((wish, at) => start(world, wish, costs[at] as number));
}

/** Throws where so many jobs more are too many now. */
export function checkRoom(world: World, account: Account, { jobs, queued }: { jobs: number; queued: boolean }): void {
	const cap = capOf(account, world.knobs);
	const { length } = liveJobs(world, account);
	const waits = queued || (account.atCap ?? world.knobs.atCap) === 'queue';
	if (waits ? length + jobs <= MOST_WAITING : length + jobs <= cap) return;
	throw tooMany(world, `All ${cap} concurrent jobs of this account are in use.`);
}

export function tooMany(world: World, message: string): ApiError {
	const headers = { 'retry-after': world.clientSeconds(world.knobs.retryAfterMs) };
	return new ApiError('rate_limit_exceeded', message, { headers });
}

/** The jobs that hold a slot, and behind them those that wait for one. */
export function liveJobs(world: World, account: Account): Video[] {
	const now = world.clock.now();
	const left = (world.live.get(account.name) ?? []).filter(
		({ endAtMs, deletedAtMs }) => now < endAtMs && deletedAtMs === null,
	);
	world.live.set(account.name, left);
	return left;
}

/** Deletes a video; a job that it was makes room for others. */
export function deleteJob(world: World, video: Video): void {
	const account = world.accounts.get(video.account) as Account;
	video.deletedAtMs = world.clock.now();
	world.videos.put(video.id, video);
	reschedule(world, account);
}

/** Gives slots anew to the jobs that wait; for when a slot came free early, or the cap changed. */
export function reschedule(world: World, account: Account): void {
	const nowMs = world.clock.now();
	const ahead: Video[] = [];
	for (const video of liveJobs(world, account)) {
		if (video.startAtMs > nowMs) {
			scheduleAt(video, startOf(ahead, { cap: capOf(account, world.knobs), nowMs }));
			world.videos.put(video.id, video);
			awaitEnd(world, video);
		}
		ahead.push(video);
	}
}

/** After a start: the jobs that had not ended go on. */
export function resumeJobs(world: World): void {
	const unfinished = [...world.videos.values()].filter(({ ended, deletedAtMs }) => !ended && deletedAtMs === null);
	world.live.clear();
	for (const video of unfinished.sort((one, other) => one.startAtMs - other.startAtMs || one.ordinal - other.ordinal)) {
		const live = world.live.get(video.account) ?? [];
		live.push(video);
		world.live.set(video.account, live);
		awaitEnd(world, video);
	}
}

/** Lets the other users of an account take the slots that they want. */
export function seeOthers(world: World, account: Account): void {
	const { otherJobs, otherJobsGapMs } = world.knobs;
	const now = world.clock.now();
	if (otherJobs === 0) return;
	const cap = capOf(account, world.knobs);
	for (let slot = 0; slot < otherJobs; slot++) {
		if ((account.othersAtMs[slot] ?? 0) > now || liveJobs(world, account).length >= cap) continue;
		const identity = `${account.name}/other/${++account.others}`;
		const video = start(world, othersWish(account, identity), 0);
		const gap = -Math.log(1 - draw(world.seed, identity, 'gap')) * otherJobsGapMs;
		account.othersAtMs[slot] = video.endAtMs + gap;
		world.agenda.at(account.othersAtMs[slot] as number, () => seeOthers(world, account));
	}
}

function othersWish(account: Account, identity: string): Wish {
	return {
		account,
		kind: 'video',
		origin: 'other',
		identity,
		idempotencyKey: null,
		title: 'By another user of the account',
		folderId: null,
		callbackId: null,
		callbackUrl: null,
		outputLanguage: null,
		durationS: 10,
		width: 1280,
		height: 720,
		queued: false,
	};
}

function start(world: World, wish: Wish, cost: number): Video {
	const { account, queued: _, batchId = null, batchIndex = null, ...said } = wish;
	const ahead = liveJobs(world, account);
	const nowMs = world.clock.now();
	const ordinal = ++account.created;
	const video: Video = {
		...said,
		id: world.id(wish.kind === 'video' ? 'v' : 'tr', account.name, ordinal),
		ordinal,
		account: account.name,
		batchId,
		batchIndex,
		createdAtMs: nowMs,
		startAtMs: nowMs,
		endAtMs: nowMs,
		plan: planJob(world.knobs, world.seed, wish.identity),
		cost,
		deletedAtMs: null,
		ended: false,
	};
	scheduleAt(video, startOf(ahead, { cap: capOf(account, world.knobs), nowMs }));
	ahead.push(video);
	world.videos.put(video.id, video);
	world.noteUse(video);
	world.accounts.put(account.name, account);
	awaitEnd(world, video);
	return video;
}

function awaitEnd(world: World, video: Video): void {
	const { endAtMs } = video;
	world.agenda.at(endAtMs, () => {
		// It was given another slot, or deleted.
		if (video.endAtMs !== endAtMs || video.deletedAtMs !== null || video.ended) return;
		video.ended = true;
		world.videos.put(video.id, video);
		for (const tell of world.onEnd) tell(video);
	});
}
