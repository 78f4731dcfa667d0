import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { type RoutePattern, Router, type RouteSubject } from './router.ts';

interface Asked {
	host?: string;
	path: string;
	method?: string;
	fields?: Record<string, string>;
}

/** The request in the middle of a buffer, as it lies in a received head. */
function subjectOf({ host = '', path, method = 'GET', fields = {} }: Asked): RouteSubject {
	const before = 'GET ';
	const buffer = Buffer.from(`${before}${path}?a/b%2e HTTP/1.1\r\nHost: ${host}\r\nx-more: /v1`, 'latin1');
	const hostStart = before.length + path.length + '?a/b%2e HTTP/1.1\r\nHost: '.length;
	return {
		buffer,
		pathStart: before.length,
		pathEnd: before.length + path.length,
		hostStart,
		hostEnd: hostStart + host.length,
		method,
		field: (name) => fields[name],
	};
}

/** `GET,POST host/path name=value` → a pattern. */
function pattern(text: string): RoutePattern {
	const [, methods, host, path, name, value] =
		/^(?:([A-Z,]+) )?([^/ ]*)(\/\S*)?(?: ([a-z-]+)(?:=(\S+))?)?$/.exec(text) ?? [];
	return {
		host: host || null,
		path: path ?? null,
		methods: methods?.split(',') ?? null,
		header: name === undefined ? null : { name, value: value ?? null },
	};
}

function routerOf(...texts: string[]): Router<string> {
	return new Router(texts.map((text) => ({ pattern: pattern(text), value: text })));
}

const found = (router: Router<string>, asked: Asked) => router.match(subjectOf(asked));

/** The table: patterns, then requests and what they meet. */
function check(patterns: string[], cases: [Asked | string, string | undefined][]): void {
	for (const order of [patterns, patterns.toReversed()]) {
		const router = routerOf(...order);
		for (const [asked, expected] of cases) {
			const request = typeof asked === 'string' ? { path: asked } : asked;
			assert.equal(found(router, request), expected, `${JSON.stringify(asked)} of ${patterns.join(' | ')}`);
		}
	}
}

suite('paths', () => {
	test('exact, prefix and parameters', () => {
		check(
			['/v1/*', '/v1/avatars', '/v1/users/:id', '/v1/users/me', '/v1/users/:id/*', '/'],
			[
				['/v1', '/v1/*'],
				['/v1/', '/v1/*'],
				['/v1/x/y', '/v1/*'],
				['/v10', undefined],
				['/V1', undefined],
				['/v1/avatars', '/v1/avatars'],
				['/v1/avatars/', '/v1/*'],
				['/v1/users/7', '/v1/users/:id'],
				['/v1/users/me', '/v1/users/me'],
				['/v1/users/', '/v1/*'],
				['/v1/users/7/videos', '/v1/users/:id/*'],
				['/v1/users/me/videos', '/v1/users/:id/*'],
				['/', '/'],
				['', '/'],
				['/other', undefined],
			],
		);
	});

	test('more literal segments win over a literal further left', () => {
		check(
			['/a/:x/:y', '/:p/b/c', '/a/:x/c', '/:p/:q/*', '/a/*'],
			[
				['/a/b/c', '/a/:x/c'],
				['/z/b/c', '/:p/b/c'],
				['/a/b/d', '/a/:x/:y'],
				['/a/b', '/:p/:q/*'],
				['/a', '/a/*'],
			],
		);
		check(['/a/:x/:y', '/:p/b/c'], [['/a/b/c', '/:p/b/c']]);
		check(['/a/:x', '/:y/b'], [['/a/b', '/a/:x']]);
	});

	test('repeated slashes count as one', () => {
		check(
			['/v1/a', '/v1/a/', '/x/*'],
			[
				['//v1///a', '/v1/a'],
				['/v1/a//', '/v1/a/'],
				['///x', '/x/*'],
				['//', undefined],
			],
		);
	});

	test('escapes of unreserved characters are the character, others are data', () => {
		check(
			['/v1/a-b', '/x%2fy/*', '/caf%c3%a9', '/%7euser', '/z'],
			[
				['/%76%31/%61%2D%62', '/v1/a-b'],
				['/x%2Fy/z', '/x%2fy/*'],
				['/x%2fy', '/x%2fy/*'],
				['/x/y/z', undefined],
				['/caf%C3%A9', '/caf%c3%a9'],
				['/~user', '/%7euser'],
				['/%7Euser', '/%7euser'],
				['/%7a', '/z'],
				['/%7', undefined],
				['/%', undefined],
				['/%zz', undefined],
				['/z%', undefined],
				['/%2', undefined],
			],
		);
	});

	test('a target that is no path meets only routes without one', () => {
		check(
			['/*', ''],
			[
				['*', ''],
				['/a', '/*'],
			],
		);
		check(['/*'], [['*', undefined]]);
	});

	test('an escape that the path end cuts is not completed by what lies behind it', () => {
		const router = routerOf('/%61b', '/a');
		const buffer = Buffer.from('/%61');
		const subject = { ...subjectOf({ path: '' }), buffer, pathStart: 0, pathEnd: 3, hostStart: 0, hostEnd: 0 };
		assert.equal(router.match(subject), undefined);
		assert.equal(router.match({ ...subject, pathEnd: 4 }), '/a');
	});
});

suite('hosts', () => {
	test('exact, wildcards by length, any; ports; case; dots; IPv6', () => {
		const at = (host: string): Asked => ({ host, path: '/' });
		check(
			[
				'a.example/',
				'*.example/',
				'*.a.example/',
				'a.example:8080/',
				'*.example:8080/',
				'[::1]/',
				'[::1]:90/',
				'*:99/',
				'/',
			],
			[
				[at('a.example'), 'a.example/'],
				[at('A.eXample.'), 'a.example/'],
				[at('a.example:443'), 'a.example/'],
				[at('a.example:8080'), 'a.example:8080/'],
				[at('a.example.:8080'), 'a.example:8080/'],
				[at('a.example:08080'), 'a.example:8080/'],
				[at('b.example'), '*.example/'],
				[at('b.example:8080'), '*.example:8080/'],
				[at('b.A.example:1'), '*.a.example/'],
				[at('c.b.a.example'), '*.a.example/'],
				[at('b.a.example:8080'), '*.a.example/'],
				[at('xa.example'), '*.example/'],
				[at('example'), '/'],
				[at('.example'), '/'],
				[at(''), '/'],
				[at('[::1]'), '[::1]/'],
				[at('[::1]:80'), '[::1]/'],
				[at('[::1]:90'), '[::1]:90/'],
				[at('[::2]'), '/'],
				[at('other:99'), '*:99/'],
				[at('other:'), '/'],
				[at('a.example:'), 'a.example/'],
				[at(':'), '/'],
				[at('a.example:80800000000000000000000'), 'a.example/'],
				[at(`${'x.'.repeat(200)}example`), '/'],
				[at(`${'x.'.repeat(100)}example`), '*.example/'],
				[at('.'), '/'],
				[at('..'), '/'],
			],
		);
	});

	test('host weighs more than path, and a host without the path gives way to the next', () => {
		check(
			['a.example/*', '*.example/x', '/x/y', 'a.example/only'],
			[
				[{ host: 'a.example', path: '/x' }, 'a.example/*'],
				[{ host: 'b.example', path: '/x' }, '*.example/x'],
				[{ host: 'b.example', path: '/x/y' }, '/x/y'],
				[{ host: 'b.example', path: '/z' }, undefined],
			],
		);
	});
});

suite('methods and header fields', () => {
	test('named before any; a route that does not take the method gives way to the next', () => {
		check(
			['GET /v1/a', 'GET,POST /v1/a', '/v1/*', 'PUT /v1/*'],
			[
				['/v1/a', 'GET /v1/a'],
				[{ path: '/v1/a', method: 'POST' }, 'GET,POST /v1/a'],
				[{ path: '/v1/a', method: 'DELETE' }, '/v1/*'],
				[{ path: '/v1/a', method: 'PUT' }, 'PUT /v1/*'],
				[{ path: '/v1/a', method: 'get' }, '/v1/*'],
			],
		);
	});

	test('GET takes HEAD, unless HEAD has a route of its own', () => {
		check(
			['GET /a', 'HEAD,OPTIONS /a', 'GET /b', '/b'],
			[
				[{ path: '/a', method: 'HEAD' }, 'HEAD,OPTIONS /a'],
				[{ path: '/b', method: 'HEAD' }, 'GET /b'],
				[{ path: '/b', method: 'POST' }, '/b'],
			],
		);
	});

	test('a value before present before none', () => {
		const beta = (value: string): Asked => ({ path: '/a', fields: { 'x-beta': value } });
		check(
			['/a x-beta=on', '/a x-beta', '/a'],
			[
				[beta('on'), '/a x-beta=on'],
				[beta('off'), '/a x-beta'],
				[beta(''), '/a x-beta'],
				['/a', '/a'],
			],
		);
		check(['/a x-one=1', '/a x-two=2'], [[{ path: '/a', fields: { 'x-one': '1', 'x-two': '2' } }, '/a x-one=1']]);
	});

	test('fields are asked for only where a route matches on them', () => {
		const router = routerOf('/a x-beta', '/a', '/b', 'a.example/a x-beta');
		const subject = { ...subjectOf({ path: '/b' }), field: () => assert.fail('asked for a field') };
		assert.equal(router.match(subject), '/b');
	});

	test('methodsAllowed: what the path and host would have taken', () => {
		const router = routerOf('GET /v1/a', 'POST,PUT /v1/*', 'DELETE b.example/v1/a', 'PATCH /v1/a x-admin');
		const allowed = (asked: Asked) => router.methodsAllowed(subjectOf({ method: 'TRACE', ...asked }));
		assert.equal(found(router, { path: '/v1/a', method: 'TRACE' }), undefined);
		assert.deepEqual(allowed({ path: '/v1/a' }), ['GET', 'HEAD', 'POST', 'PUT']);
		assert.deepEqual(allowed({ path: '/v1/b' }), ['POST', 'PUT']);
		assert.deepEqual(allowed({ path: '/v1/a', host: 'b.example' }), ['DELETE', 'GET', 'HEAD', 'POST', 'PUT']);
		assert.deepEqual(allowed({ path: '/v1/a', fields: { 'x-admin': '1' } }), ['GET', 'HEAD', 'PATCH', 'POST', 'PUT']);
		assert.deepEqual(allowed({ path: '/other' }), []);
		assert.equal(found(router, { path: '/v1/a' }), 'GET /v1/a', 'matching goes on as before');
	});
});

test('explain says for each route whether it was chosen, or what spoke against it', () => {
	const texts = ['/v1/*', 'GET /v1/a', 'a.example/v1/a', '/v2', 'POST /v1/a', '/v1/a x-beta'];
	const router = routerOf(...texts);
	assert.deepEqual(
		router.explain(subjectOf({ path: '/v1/a' })).map(({ outcome }) => outcome),
		['less specific', 'chosen', 'host', 'path', 'method', 'header'],
	);
	assert.deepEqual(
		router.explain(subjectOf({ path: '/v1/a' })).map(({ pattern: each }) => each),
		texts.map(pattern),
	);
});

test('conflicts: patterns of which neither is more specific', () => {
	const conflicts = (...texts: string[]) => Router.conflicts(texts.map(pattern));
	assert.deepEqual(conflicts('/a/:x', '/b', '/a/:y', '/a/b'), [[0, 2]]);
	assert.deepEqual(conflicts('A.example/%61', 'a.example./a'), [[0, 1]]);
	assert.deepEqual(conflicts('GET,POST /a', 'GET,PUT /a', 'GET /a', '/a', 'DELETE /a'), [[0, 1]]);
	assert.deepEqual(conflicts('/a x-beta', '/a x-beta=1', '/a x-beta=2', '/a'), []);
	assert.deepEqual(conflicts('', '', '/*'), [[0, 1]]);
	assert.deepEqual(conflicts('a.example/', 'a.example:80/', '*.a.example/'), []);
});

test('of equal patterns the first given wins', () => {
	const router = new Router([1, 2].map((value) => ({ pattern: pattern('GET /v1/*'), value })));
	assert.equal(router.match(subjectOf({ path: '/v1/x' })), 1);
});

test('a router without routes matches nothing', () => {
	assert.equal(found(routerOf(), { path: '/' }), undefined);
	assert.deepEqual(routerOf().explain(subjectOf({ path: '/' })), []);
});

suite('hostile paths', () => {
	const router = routerOf('/a/b/c', '/:x/:y/:z', '/a/*', '/%2f/x', 'POST /*', 'a.example/%41%42');
	for (const [name, path] of [
		['a megabyte of one segment', `/${'a'.repeat(1e6)}`],
		['a megabyte of slashes', '/'.repeat(1e6)],
		['a hundred thousand segments', '/a'.repeat(1e5)],
		['a megabyte of escapes', `/${'%61'.repeat(3e5)}`],
		['cut escapes', `/${'%'.repeat(1e5)}/%2/%/%6`],
		['every byte', `/${String.fromCharCode(...Array.from({ length: 256 }, (_, byte) => byte))}`],
	] as const) {
		test(`${name} is matched in time`, () => {
			const subject = subjectOf({ path, host: 'a.'.repeat(5000) });
			const start = performance.now();
			assert.equal(router.match(subject), path.startsWith('/a/a') ? '/a/*' : undefined);
			for (let times = 0; times < 20; times++) router.match(subject);
			assert.deepEqual(router.methodsAllowed(subject), ['POST']);
			assert.ok(performance.now() - start < 2000);
		});
	}
});
