/** The router against a plain one that works on strings and compares every pattern. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type RoutePattern, Router, type RouteSubject } from './router.ts';

interface Asked {
	host: string;
	path: string;
	method: string;
	fields: Record<string, string>;
}

/** How specific a pattern is, more is larger; compared from the left. */
type Score = (number | string)[];

function plain(path: string): string {
	return path.replace(/\/+/g, '/').replace(/%([0-9a-fA-F]{2})/g, (all) => {
		const character = String.fromCharCode(Number.parseInt(all.slice(1), 16));
		return /^[A-Za-z0-9\-._~]$/.test(character) ? character : all.toUpperCase();
	});
}

function hostScore(pattern: string | null, host: string): Score | null {
	if (pattern === null) return [0, 0, 0];
	const asked = /^(.*?)(?::(\d*))?$/.exec(host.toLowerCase()) as RegExpExecArray;
	const askedName = (asked[1] as string).replace(/\.$/, '');
	const [, name = '', port] = /^(.*?)(?::(\d+))?$/.exec(pattern.toLowerCase()) as RegExpExecArray;
	if (port !== undefined && Number(port) !== Number(asked[2] || -1)) return null;
	const withPort = port === undefined ? 0 : 1;
	if (name === '*') return [0, 0, withPort];
	if (name.startsWith('*.')) {
		const isBelow = askedName.endsWith(name.slice(1)) && askedName.length >= name.length && askedName.length <= 255;
		return isBelow ? [1, name.length, withPort] : null;
	}
	return askedName === name ? [2, 0, withPort] : null;
}

function pathScore(pattern: string | null, path: string): Score | null {
	if (pattern === null) return [0, 0, 0, ''];
	if (!path.startsWith('/')) return null;
	const open = pattern.endsWith('/*');
	const segments = plain(open ? pattern.slice(0, -2) : pattern)
		.split('/')
		.slice(1);
	const asked = plain(path).split('/').slice(1);
	if (open ? asked.length < segments.length : asked.length !== segments.length) return null;
	const fits = segments.every((segment, at) => (/^:./.test(segment) ? asked[at] !== '' : segment === asked[at]));
	if (!fits) return null;
	const shape = segments.map((segment) => (/^:./.test(segment) ? '0' : '1')).join('');
	return [open ? 1 : 2, segments.length, shape.replace(/0/g, '').length, shape];
}

function methodScore(methods: string[] | null, method: string): Score | null {
	if (methods === null) return [0, 0];
	if (methods.includes(method)) return [2, -methods.length];
	return method === 'HEAD' && methods.includes('GET') ? [1, -methods.length] : null;
}

function headerScore(header: RoutePattern['header'], fields: Record<string, string>): Score | null {
	if (header === null) return [0];
	const value = fields[header.name];
	if (value === undefined) return null;
	return header.value === null ? [1] : header.value === value ? [2] : null;
}

function scoreOf(pattern: RoutePattern, asked: Asked): Score | null {
	const host = hostScore(pattern.host, asked.host);
	const path = pathScore(pattern.path, asked.path);
	const method = methodScore(pattern.methods, asked.method);
	const header = headerScore(pattern.header, asked.fields);
	return host && path && method && header ? [...host, ...path, ...method, ...header] : null;
}

function isMore(a: Score, b: Score): boolean {
	const at = a.findIndex((part, index) => part !== b[index]);
	return at >= 0 && (a[at] as number) > (b[at] as number);
}

function subjectOf(asked: Asked): RouteSubject {
	const buffer = Buffer.from(`${asked.path} ${asked.host}`, 'latin1');
	const hostStart = asked.path.length + 1;
	const ends = { pathStart: 0, pathEnd: asked.path.length, hostStart, hostEnd: buffer.length };
	return { buffer, ...ends, method: asked.method, field: (name) => asked.fields[name] };
}

const hostName = fc.constantFrom(
	'a.example',
	'b.a.example',
	'c.b.a.example',
	'example',
	'[::1]',
	'A.Example',
	'a.example.',
	'10.0.0.1',
);
const port = fc.constantFrom('', '', ':80', ':8080');
const hostPattern = fc.option(
	fc
		.tuple(fc.constantFrom('a.example', 'b.a.example', '*.example', '*.a.example', '*', '[::1]', '10.0.0.1'), port)
		.map(([name, at]) => name + at),
	{ freq: 1 },
);
const odd = fc.constantFrom('ab', '%61', '%2f', '%2F', 'a%2Fb', '%c3%a9', '%C3%A9', '%', '%6', '%zz', 'A', '');
const segment = fc.oneof({ weight: 3, arbitrary: fc.constantFrom('a', 'b') }, { weight: 1, arbitrary: odd });
const pathPattern = fc.option(
	fc
		.tuple(
			fc.array(
				fc.oneof(
					segment.filter((text) => text !== ''),
					fc.constantFrom(':x', ':y'),
				),
				{ maxLength: 4 },
			),
			fc.constantFrom('', '', '', '/', '/*'),
		)
		.map(([segments, end]) => segments.map((text) => `/${text}`).join('') + end || '/'),
	{ freq: 8 },
);
const askedPath = fc.oneof(
	{
		weight: 20,
		arbitrary: fc
			.array(fc.tuple(fc.constantFrom('/', '/', '/', '//', '///'), segment), { minLength: 1, maxLength: 6 })
			.map((parts) => parts.flat().join('')),
	},
	{ weight: 1, arbitrary: fc.constantFrom('*', 'a.example:443') },
	{
		weight: 1,
		arbitrary: fc
			.string({ unit: fc.constantFrom('/', '%', '2', 'f', 'a', '.', '\x80'), maxLength: 30 })
			.map((text) => `/${text}`),
	},
);
const method = fc.constantFrom('GET', 'HEAD', 'POST', 'PUT');
const header = fc.record({ name: fc.constantFrom('x-a', 'x-b'), value: fc.constantFrom(null, '1', '2') });
const pattern: fc.Arbitrary<RoutePattern> = fc.record({
	host: hostPattern,
	path: pathPattern,
	methods: fc.option(fc.uniqueArray(method, { minLength: 1, maxLength: 3 }), { freq: 1 }),
	header: fc.option(header, { freq: 1 }),
});
const asked: fc.Arbitrary<Asked> = fc.record({
	host: fc.oneof(
		fc.tuple(hostName, port).map(([name, at]) => name + at),
		fc.constant(''),
	),
	path: askedPath,
	method,
	fields: fc.dictionary(fc.constantFrom('x-a', 'x-b'), fc.constantFrom('1', '2', '3'), { noNullPrototype: true }),
});

/** How many of the requests met a route. */
function compare(patterns: RoutePattern[], requests: Asked[]): number {
	const router = new Router(patterns.map((each, value) => ({ pattern: each, value })));
	let met = 0;
	for (const request of requests) {
		const subject = subjectOf(request);
		const scores = patterns.map((each) => scoreOf(each, request));
		const best = scores.reduce((most, score) => (score && (!most || isMore(score, most)) ? score : most), null);
		const found = router.match(subject);
		assert.deepEqual(found === undefined ? null : scores[found], best, JSON.stringify([patterns, request]));
		if (found !== undefined) met++;
		const explained = router.explain(subject).map(({ outcome }) => outcome);
		assert.deepEqual(
			explained.map((outcome) => outcome === 'chosen' || outcome === 'less specific'),
			scores.map((score) => score !== null),
		);
		assert.equal(explained.indexOf('chosen'), found ?? -1);
	}
	return met;
}

test('the router finds what comparing every pattern finds', () => {
	let met = 0;
	fc.assert(
		fc.property(fc.array(pattern, { maxLength: 12 }), fc.array(asked, { minLength: 5, maxLength: 20 }), (...given) => {
			met += compare(...given);
		}),
		{ seed: 29, numRuns: 1000 },
	);
	assert.ok(met > 2000, `${met} requests met a route`);
});

test('so it does where many parameters and literals overlap', () => {
	const open = { host: null, methods: null, header: null };
	const dense = fc
		.tuple(
			fc.array(fc.constantFrom('/a', '/b', '/:x'), { minLength: 3, maxLength: 4, size: 'max' }),
			fc.constantFrom('', '', '/*'),
		)
		.map(([segments, end]) => ({ ...open, path: segments.join('') + end }));
	const request = fc
		.array(fc.constantFrom('/a', '/b'), { minLength: 3, maxLength: 4, size: 'max' })
		.map((segments) => ({ host: '', path: segments.join(''), method: 'GET', fields: {} }));
	fc.assert(
		fc.property(
			fc.array(dense, { minLength: 4, maxLength: 20 }),
			fc.array(request, { minLength: 5, maxLength: 5 }),
			(...given) => {
				compare(...given);
			},
		),
		{ seed: 47, numRuns: 300 },
	);
});

test('the order given means nothing, unless patterns are in conflict', () => {
	fc.assert(
		fc.property(fc.array(pattern, { maxLength: 10 }), asked, fc.nat(), (patterns, request, seed) => {
			const entries = patterns.map((each) => ({ pattern: each, value: each }));
			const turned = entries.map((_, at) => entries[(at + seed) % entries.length] as (typeof entries)[0]).reverse();
			if (Router.conflicts(patterns).length > 0) return;
			assert.deepEqual(new Router(turned).match(subjectOf(request)), new Router(entries).match(subjectOf(request)));
		}),
		{ seed: 31, numRuns: 2000 },
	);
});

test('methodsAllowed is what would match with another method', () => {
	fc.assert(
		fc.property(fc.array(pattern, { minLength: 3, maxLength: 10 }), asked, (patterns, request) => {
			const router = new Router(patterns.map((each, value) => ({ pattern: each, value })));
			if (router.match(subjectOf(request)) !== undefined) return;
			const expected = ['GET', 'HEAD', 'POST', 'PUT'].filter(
				(other) => router.match(subjectOf({ ...request, method: other })) !== undefined,
			);
			assert.deepEqual(router.methodsAllowed(subjectOf(request)), expected);
		}),
		{ seed: 37, numRuns: 2000 },
	);
});
