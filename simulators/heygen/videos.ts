/** A job of rendering: its plan, and what state it is in at a moment. Pure: the moment is an argument. */
import { draw, happens, logNormal } from './chance.ts';
import type { Knobs } from './knobs.ts';

/** `waiting`: no slot yet. */
export type Status = 'waiting' | 'pending' | 'processing' | 'completed' | 'failed';

/** How a job will go. Times in simulated milliseconds. */
export interface Plan {
	pendingMs: number;
	renderMs: number;
	failureCode: string | null;
	failureMessage: string | null;
	/** How long the URL is missing once it is completed. */
	nullUrlMs: number;
}

/** A video, or a translation of one. */
export interface Video {
	id: string;
	/** From 1, in the order of creation at its account. */
	ordinal: number;
	account: string;
	kind: 'video' | 'translation';
	/** `other`: by another user of the account. */
	origin: 'v3' | 'batch' | 'legacy' | 'other';
	identity: string;
	idempotencyKey: string | null;
	title: string | null;
	folderId: string | null;
	callbackId: string | null;
	callbackUrl: string | null;
	outputLanguage: string | null;
	batchId: string | null;
	batchIndex: number | null;
	createdAtMs: number;
	/** When it gets a slot; later than its creation where it had to wait. */
	startAtMs: number;
	endAtMs: number;
	plan: Plan;
	/** Of the result, seconds. */
	durationS: number;
	width: number;
	height: number;
	/** In dollars. */
	cost: number;
	deletedAtMs: number | null;
	/** Its end was told. */
	ended: boolean;
}

/** Frames a second of the results. */
export const FRAME_RATE = 5;

/** How a job goes, the same for the same seed and identity. */
export function planJob(knobs: Knobs, seed: string, identity: string): Plan {
	const stuck = happens(knobs.stuckRate, seed, identity, 'stuck');
	const fails = stuck || happens(knobs.failureRate, seed, identity, 'fails');
	const renderMs = logNormal(draw(seed, identity, 'render'), { p50: knobs.renderP50Ms, p99: knobs.renderP99Ms });
	const early = !fails && happens(knobs.nullUrlRate, seed, identity, 'null url');
	return {
		pendingMs: knobs.pendingMs,
		renderMs: Math.round(stuck ? knobs.stuckMs : renderMs),
		failureCode: stuck ? 'timeout' : fails ? knobs.failureCode : null,
		failureMessage: stuck ? 'Rendering took too long.' : fails ? 'The video could not be rendered.' : null,
		nullUrlMs: early ? knobs.nullUrlMs : 0,
	};
}

export function statusAt(video: Video, nowMs: number): Status {
	if (nowMs < video.startAtMs) return 'waiting';
	if (nowMs >= video.endAtMs) return video.plan.failureCode === null ? 'completed' : 'failed';
	return nowMs < video.startAtMs + video.plan.pendingMs ? 'pending' : 'processing';
}

/** Whether it holds a slot of its account. */
export function isActive(video: Video, nowMs: number): boolean {
	return video.deletedAtMs === null && video.startAtMs <= nowMs && nowMs < video.endAtMs;
}

/** Whether the result can be downloaded; `completed` may come before. */
export function isReady(video: Video, nowMs: number): boolean {
	return statusAt(video, nowMs) === 'completed' && nowMs >= video.endAtMs + video.plan.nullUrlMs;
}

/** When a job gets a slot that comes after all of `ahead`: first come, first served. */
export function startOf(ahead: readonly Video[], { cap, nowMs }: { cap: number; nowMs: number }): number {
	if (ahead.length < cap) return nowMs;
	const ends = ahead.map(({ endAtMs }) => endAtMs).sort((one, other) => one - other);
	return Math.max(nowMs, ends[ends.length - cap] as number);
}

/** Sets the start and with it the end. */
export function scheduleAt(video: Video, startAtMs: number): void {
	video.startAtMs = startAtMs;
	video.endAtMs = startAtMs + video.plan.pendingMs + video.plan.renderMs;
}

/** Seconds of a spoken text, about 15 characters a second, in whole frames. */
export function spokenSeconds(script: string): number {
	return Math.max(1, Math.round((script.length / 15) * FRAME_RATE) / FRAME_RATE);
}

/** Most jobs that held slots of one account at the same time. */
export function mostAtATime(videos: Iterable<Video>): number {
	const changes: [atMs: number, by: number][] = [];
	for (const { startAtMs, endAtMs, deletedAtMs } of videos) {
		const until = Math.min(endAtMs, deletedAtMs ?? endAtMs);
		if (until > startAtMs) changes.push([startAtMs, 1], [until, -1]);
	}
	// Those that end make room for those that begin at the same moment.
	changes.sort(([one, by], [other, byOther]) => one - other || by - byOther);
	let now = 0;
	let most = 0;
	for (const [, by] of changes) most = Math.max(most, (now += by));
	return most;
}
