/** Calls that go wrong on purpose. */
import { ApiError } from './api-error.ts';
import { draw, happens } from './chance.ts';
import { tooMany } from './jobs.ts';
import type { World } from './world.ts';

/** Throws where this call is to fail before anything is done. `number`: of the call, from 1. */
export function failOnPurpose(world: World, call: { method: string; path: string; number: number }): void {
	const order = world.orders.find(
		({ method, path, times }) =>
			times > 0 && (method === null || method === call.method) && (path === null || path === call.path),
	);
	if (order !== undefined) {
		order.times--;
		throw order.code === 'rate_limit_exceeded'
			? tooMany(world, 'Ordered by a test.')
			: new ApiError(order.code, 'Ordered by a test.');
	}
	const { burstEveryMs, burstLengthMs, burstRate, errorRate } = world.knobs;
	const sinceMs = world.clock.now() - world.beganAtMs;
	const inBurst = burstEveryMs > 0 && sinceMs % burstEveryMs < burstLengthMs;
	const rate = inBurst ? Math.max(burstRate, errorRate) : errorRate;
	if (!happens(rate, world.seed, 'error', call.number)) return;
	throw draw(world.seed, 'error kind', call.number) < 0.5
		? new ApiError('internal_error', 'Something went wrong on our side.')
		: new ApiError('gateway_timeout', 'The request took too long.');
}

/** Throws where the account has made too many calls in this minute. */
export function checkPace(world: World, account: string): void {
	const most = world.knobs.requestsPerMinute;
	if (most === 0) return;
	const minute = Math.floor(world.clock.now() / 60_000);
	const pace = world.paces.get(account);
	const calls = pace?.minute === minute ? pace.calls + 1 : 1;
	world.paces.set(account, { minute, calls });
	if (calls > most) throw tooMany(world, `More than ${most} requests in a minute.`);
}
