import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { BallastError } from '../core/errors.ts';
import { compilePath, resolveDotSegments } from './path.ts';

function resolve(path: string): string {
	const bytes = Buffer.from(`GET ${path}/../x`, 'latin1');
	const resolved = resolveDotSegments(bytes, 4, 4 + path.length);
	return resolved === null ? path : Buffer.from(resolved).toString('latin1');
}

suite('dot segments', () => {
	test('are resolved as RFC 3986 says, escaped ones too, never above the root', () => {
		for (const [path, expected] of [
			['/a/b/c/./../../g', '/a/g'],
			['/..', '/'],
			['/../../etc/passwd', '/etc/passwd'],
			['/a/%2e%2E/b', '/b'],
			['/a/.%2e', '/'],
			['/a/%2e', '/a/'],
			['/a/.', '/a/'],
			['/a//../b', '/a/b'],
			['/.', '/'],
			['*', '*'],
			['a/../b', 'a/../b'],
			['', ''],
		] as const) {
			assert.equal(resolve(path), expected, path);
		}
	});

	test('what is none stays: null, without a copy', () => {
		for (const path of [
			'/',
			'/a.b/..c/...',
			'/.well-known/x',
			'/%2e%2e%2f',
			'/%2',
			'/a/.%2',
			'/%2f..',
			'/a/..%2fb',
			'//',
			'/%2e%2e%2e',
		]) {
			const bytes = Buffer.from(path);
			assert.equal(resolveDotSegments(bytes, 0, bytes.length), null, path);
		}
	});

	test('the result is that of a URL', () => {
		const piece = fc.constantFrom('/', '/', '/', '.', '..', '%2e', '%2E', 'a', 'b%20', '%2', '%', '/../', '/./');
		fc.assert(
			fc.property(fc.array(piece, { maxLength: 20 }), (pieces) => {
				const path = `/${pieces.join('')}`;
				assert.equal(resolve(path), new URL(`http://a.example${path}`).pathname);
			}),
			{ seed: 41, numRuns: 3000 },
		);
	});
});

suite('strip', () => {
	const strip = compilePath({ strip: '/api/v1', rewrite: null });
	assert.ok(strip);

	test('takes whole segments off the front, in any spelling', () => {
		for (const [path, expected] of [
			['/api/v1/users', '/users'],
			['/api/v1', '/'],
			['/api/v1/', '/'],
			['/api/v10', '/api/v10'],
			['/api', '/api'],
			['/other/api/v1', '/other/api/v1'],
			['//api///v1//x//y', '/x//y'],
			['/%61pi/%761/%61', '/%61'],
			['/api%2fv1/x', '/api%2fv1/x'],
			['*', '*'],
			['', ''],
		] as const) {
			assert.equal(strip(path), expected, path);
		}
	});

	test('never leaves what could be read as an authority', () => {
		assert.equal(strip('/api/v1//evil.example/x'), '/evil.example/x');
	});
});

suite('rewrite', () => {
	const rewritten = (pattern: string, replacement: string, path: string, strip: string | null = null) =>
		compilePath({ strip, rewrite: { pattern, replacement } })?.(path);

	test('replaces what the expression matches, after strip', () => {
		assert.equal(rewritten('^/old/(.*)$', '/new/$1', '/old/a/b'), '/new/a/b');
		assert.equal(rewritten('^/old/(.*)$', '/new/$1', '/other'), '/other');
		assert.equal(rewritten('^/(?<id>\\d+)$', '/items/$<id>/full', '/v1/7', '/v1'), '/items/7/full');
	});

	test('what comes out is a path', () => {
		assert.equal(rewritten('^/x/', '', '/x//evil.example/a'), '/evil.example/a');
		assert.equal(rewritten('^/go/(.*)$', '$1', '/go/http://evil.example/'), '/http://evil.example/');
		assert.equal(rewritten('^.*$', '', '/a'), '/');
		assert.equal(rewritten('^/x(.*)$', '/data/$1', '/x../../secret'), '/secret');
		assert.equal(rewritten('^/x(.*)-(.*)$', '/$1$2/secret', '/x%2-e%2e'), '/secret');
		assert.equal(rewritten('$', ' HTTP/1.1\r\nX: y?q#f', '/a'), '/a%20HTTP/1.1%0D%0AX:%20y%3Fq%23f');
		assert.equal(rewritten('$', 'é\u{1f600}', '/a'), '/a%C3%A9%F0%9F%98%80');
		assert.equal(rewritten('^/a', '/b', '/a\u010d\u012e'), '/b%C4%8D%C4%AE');
		assert.equal(rewritten('^/a', '/b', '/a\xe9'), '/b\xe9', 'bytes of the client stay');
	});

	test('an expression that is none is refused', () => {
		assert.throws(
			() => compilePath({ strip: null, rewrite: { pattern: '(', replacement: '/' } }),
			(error) => error instanceof BallastError && error.code === 'config_invalid',
		);
	});

	test('nothing asked for: no function', () => {
		assert.equal(compilePath({ strip: null, rewrite: null }), null);
	});

	test('whatever is rewritten, the path is safe', () => {
		const text = fc.string({
			unit: fc.constantFrom('/', '.', '%', '2', 'e', 'a', ':', '?', '#', '\r', ' ', '\xe9', '\u0430', '\\'),
			maxLength: 12,
		});
		const replacement = fc
			.tuple(text, fc.constantFrom('$1', '$&', "$'", '$`', ''), text)
			.map((parts) => parts.join(''));
		const pattern = fc.constantFrom('^(.*)$', '/', '^/', 'a(.*)', '(.)', '\\.', '%', '$');
		fc.assert(
			fc.property(pattern, replacement, fc.option(fc.constantFrom('/a', '/a/2')), text, (from, to, strip, rest) => {
				const safe = rest.replace(/[\r ?#\u0430]/g, '');
				const path = resolve(`/${safe}`).replace(/^\/+/, '/');
				const result = compilePath({ strip, rewrite: { pattern: from, replacement: to } })?.(path) as string;
				assert.match(result, /^\/(?!\/)/);
				assert.doesNotMatch(result, /[\0-\x20\x7f?#]|[^\0-\xff]/);
				assert.equal(resolve(result), result, 'no dot segment');
			}),
			{ seed: 43, numRuns: 3000 },
		);
	});
});
