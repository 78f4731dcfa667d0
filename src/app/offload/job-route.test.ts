import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Route } from '../../gateway/route.ts';
import { OFFLOAD, type OffloadPolicy } from '../../jobs/offload-policy.ts';
import { jobRoute } from './job-route.ts';
import type { OffloadParts } from './offload-parts.ts';
import { OffloadRoute } from './offload-route.ts';

const upstreamKey = { header: 'Idempotency-Key', lifeMs: 1000 };

function repeats(policy: OffloadPolicy, method: string, key: string): boolean {
	const route = {
		offload: new OffloadRoute({} as OffloadParts, policy),
		timeouts: {},
		request: null,
	} as unknown as Route;
	const order = { token: 't', id: 'i', attempt: 1, request: new Uint8Array(), body: null, upstreamKey: key, lane: '' };
	return jobRoute(route, { order, method }).repeats;
}

test('only what the instance can know as a repeat is sent to another one', () => {
	const keyed = { ...OFFLOAD, upstreamKey };
	assert.equal(repeats(OFFLOAD, 'POST', ''), false);
	assert.equal(repeats(OFFLOAD, 'PUT', ''), true);
	assert.equal(repeats(keyed, 'POST', 'k'), true);
	assert.equal(repeats(keyed, 'POST', ''), false, 'it was made before its route had keys');
	assert.equal(repeats(OFFLOAD, 'POST', 'k'), false, 'its route has none any more');
});
