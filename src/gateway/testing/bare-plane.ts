/** A data plane with nothing behind it, and requests in it, for tests. */
import { Board } from '../../core/board.ts';
import { TimerWheel } from '../../wire/timer-wheel.ts';
import { ClientConnection } from '../client-connection.ts';
import { DataPlane } from '../data-plane.ts';
import type { Exchange } from '../exchange.ts';
import { Trust } from '../forwarded.ts';
import { Requests } from '../requests.ts';

/** Nothing is routed: what is asked for ends at the checks. */
export function bareRequests(): Requests {
	const board = new Board();
	board.grow();
	const plane = new DataPlane({
		upstreams: [],
		board,
		worker: 0,
		wheel: new TimerWheel(),
		limits: {
			headMs: 10_000,
			headBytes: 16_384,
			headFields: 100,
			targetBytes: 8192,
			keepAliveMs: 65_000,
			connections: 10_000,
			connectionsPerAddress: 1000,
			underscores: 'drop',
			holdRequests: 1000,
			holdBytes: 16_777_216,
		},
		trust: new Trust([]),
		routes: { match: () => undefined, methodsAllowed: () => [] },
		recorder: { request: () => {} },
		hold: { add: () => false, remove: () => {} },
		signals: { suspect: () => {}, guardChanged: () => {}, freed: () => {} },
		gate: { open: () => true, close: () => {} },
		report: (error) => {
			throw error;
		},
	});
	return new Requests(plane, () => {});
}

/** The exchange of the request that stands in these bytes from `at` on; a number: the fault of its head. */
export function exchangeOf(requests: Requests, bytes: Buffer, at = 0): Exchange | number {
	const exchange = requests.take();
	const after = exchange.head.parse(bytes, at, bytes.length, requests.plane.limits.targetBytes);
	if (after <= 0) {
		requests.give(exchange);
		return after;
	}
	exchange.pin(new ClientConnection(requests, false), bytes);
	return exchange;
}
