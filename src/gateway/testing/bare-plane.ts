/** A data plane with nothing behind it, and requests in it, for tests. */
import { Board } from '../../core/board.ts';
import { TimerWheel } from '../../wire/timer-wheel.ts';
import { ClientConnection } from '../client-connection.ts';
import { DataPlane } from '../data-plane.ts';
import type { Exchange } from '../exchange.ts';
import { Trust } from '../forwarded.ts';

/** Nothing is routed: what is asked for ends at the checks. */
export function barePlane(): DataPlane {
	const board = new Board();
	board.grow();
	return new DataPlane({
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
		},
		trust: new Trust([]),
		routes: { match: () => undefined, methodsAllowed: () => [] },
		recorder: { request: () => {} },
		gate: { open: () => true, close: () => {} },
		handle: () => {},
		report: (error) => {
			throw error;
		},
	});
}

/** The exchange of the request that stands in these bytes from `at` on; a number: the fault of its head. */
export function exchangeOf(plane: DataPlane, bytes: Buffer, at = 0): Exchange | number {
	const exchange = plane.takeExchange();
	const after = exchange.head.parse(bytes, at, bytes.length, plane.limits.targetBytes);
	if (after <= 0) {
		plane.giveExchange(exchange);
		return after;
	}
	exchange.pin(new ClientConnection(plane, false), bytes);
	return exchange;
}
