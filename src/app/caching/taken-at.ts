import { performance } from 'node:perf_hooks';
/**
 * The moment, epoch ms, at which who waited for an answer has it: when it came, if he was there before, else when he
 * came himself. However long it takes until it is whole and his turn: else a crowd that is served for longer than the
 * answer is fresh would ask for it anew, one by one.
 */
export function takenAtMs(waiting: { readonly startMs: number }, answer: { readonly responseMs: number }): number {
	const nowMs = Date.now();
	return Math.min(nowMs, Math.max(answer.responseMs, nowMs - (performance.now() - waiting.startMs)));
}
