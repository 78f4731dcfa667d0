/** Requests of all kinds, and clients that leave: what a client of the mixed test does next. */
import type { Random } from '../../src/wire/testing/random.ts';
import type { Asked } from './echo-client.ts';
import { asked } from './echo-load.ts';
import type { Deed } from './echo-text.ts';

/** Of 10,000 requests so many meet each deed; the rest get a plain answer. */
const PER_10_000: Partial<Record<Deed, number>> = {
	chunked: 600,
	close: 50,
	early: 50,
	hints: 100,
	late: 150,
	never: 8,
	reset: 30,
	end: 30,
	'half-head': 20,
	cut: 30,
	'cut-chunked': 30,
	'cut-reset': 30,
	error: 40,
};
const DEALT: Deed[] = Object.entries(PER_10_000).flatMap(([deed, times]) =>
	Array.from({ length: times }, () => deed as Deed),
);

export interface Batch {
	requests: Asked[];
	/** A connection of its own. */
	fresh: boolean;
	/** The client leaves so long after it has sent, ms; null: it stays. */
	leaveMs: number | null;
	how: 'reset' | 'destroy';
	/** The bytes are sent in two writes, apart there; 0: in one. */
	gap: number;
}

/** `n`: the number of its first request. */
export function nextBatch(n: number, random: Random): Batch {
	const pipelined = random.chance(0.3) ? 1 + random.int(6) : 1;
	const closes = random.chance(0.05);
	const requests = Array.from({ length: pipelined }, (_, i) =>
		mixedRequest(n + i, random, closes && i === pipelined - 1),
	);
	return {
		requests,
		fresh: random.chance(0.08),
		leaveMs: random.chance(0.01) ? random.pick([0, 0, 1, 2, 5, 20]) : null,
		how: random.pick(['reset', 'destroy']),
		gap: random.chance(0.05) ? 1 + random.int(200) : 0,
	};
}

function mixedRequest(n: number, random: Random, last: boolean): Asked {
	const method = random.pick(['GET', 'GET', 'GET', 'GET', 'POST', 'POST', 'PUT', 'HEAD'] as const);
	const deed = DEALT[random.int(10_000)] ?? 'ok';
	const long = random.chance(0.01);
	return asked(n, {
		method,
		// Only whole, plain answers to HEAD: the others say more than it may have.
		deed: method === 'HEAD' ? 'ok' : deed,
		size: long ? 100_000 + random.int(200_000) : random.pick([0, 10, 100, 1000, 3000]) + random.int(100),
		bodySize: method === 'GET' || method === 'HEAD' ? 0 : long ? 100_000 : random.int(2000),
		chunked: random.chance(0.4),
		last,
	});
}
