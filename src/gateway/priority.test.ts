import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Priority } from '../core/priority.ts';
import { priorityOf } from './priority.ts';
import type { RoutePriority } from './route.ts';
import { bareRequests, exchangeOf } from './testing/bare-plane.ts';

const { high, normal, low } = Priority;
const requests = bareRequests();

function of(route: RoutePriority, trusted: boolean, ...lines: string[]): Priority {
	const head = `GET / HTTP/1.1\r\nHost: a\r\n${lines.map((line) => `${line}\r\n`).join('')}\r\n`;
	const exchange = exchangeOf(requests, Buffer.from(head, 'latin1'));
	assert.ok(typeof exchange !== 'number');
	(exchange.client as { trusted: boolean }).trusted = trusted;
	return priorityOf(exchange, route);
}

test('a route without a field has its own priority, whatever the request says', () => {
	const route = { level: low, header: null, anyone: true } as const;
	assert.equal(of(route, true, 'x-priority: high'), low);
});

test('a field is believed from a trusted sender, or from anyone where that was said', () => {
	const trusted = { level: normal, header: 'x-priority', anyone: false } as const;
	assert.equal(of(trusted, false, 'x-priority: high'), normal);
	assert.equal(of(trusted, true, 'x-priority: high'), high);
	assert.equal(of(trusted, true, 'X-Priority:  LOW '), low);
	assert.equal(of({ ...trusted, anyone: true }, false, 'x-priority: high'), high);
});

test('a field that is missing, unknown or there twice says nothing', () => {
	const route = { level: low, header: 'x-priority', anyone: true } as const;
	for (const lines of [[], ['x-priority: urgent'], ['x-priority:'], ['x-priority: high', 'X-PRIORITY: high']])
		assert.equal(of(route, true, ...lines), low, lines.join());
	assert.equal(of({ ...route, level: high }, true, 'x-priority: low', 'x-priority: high'), high);
});
