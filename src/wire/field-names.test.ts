import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Field, fieldOf } from './field-names.ts';

/** Each known name as it stands in the standards, and its constant. */
const KNOWN: [string, number][] = [
	['Connection', Field.connection],
	['Keep-Alive', Field.keepAlive],
	['Proxy-Connection', Field.proxyConnection],
	['TE', Field.te],
	['Transfer-Encoding', Field.transferEncoding],
	['Upgrade', Field.upgrade],
	['Content-Length', Field.contentLength],
	['Proxy-Authenticate', Field.proxyAuthenticate],
	['Proxy-Authorization', Field.proxyAuthorization],
	['HTTP2-Settings', Field.http2Settings],
	['Host', Field.host],
	['Expect', Field.expect],
	['Forwarded', Field.forwarded],
	['X-Forwarded-For', Field.xForwardedFor],
	['X-Forwarded-Host', Field.xForwardedHost],
	['X-Forwarded-Proto', Field.xForwardedProto],
	['X-Forwarded-Port', Field.xForwardedPort],
	['Via', Field.via],
	['Max-Forwards', Field.maxForwards],
	['Date', Field.date],
	['Traceparent', Field.traceparent],
	['Tracestate', Field.tracestate],
	['User-Agent', Field.userAgent],
	['Cookie', Field.cookie],
	['Trailer', Field.trailer],
	['X-Real-IP', Field.claim],
	['X-Forwarded-By', Field.claim],
	['X-Forwarded-Prefix', Field.claim],
	['X-Forwarded-Scheme', Field.claim],
	['X-Forwarded-Server', Field.claim],
	['X-Forwarded-SSL', Field.claim],
	['X-Forwarded-Protocol', Field.claim],
	['X-URL-Scheme', Field.claim],
	['Front-End-Https', Field.claim],
	['X-Ballast-Mirror', Field.claim],
	['Cache-Control', Field.cacheControl],
	['Pragma', Field.pragma],
	['If-None-Match', Field.ifNoneMatch],
	['If-Modified-Since', Field.ifModifiedSince],
	['If-Match', Field.ifMatch],
	['If-Unmodified-Since', Field.ifUnmodifiedSince],
	['If-Range', Field.ifRange],
	['Range', Field.range],
	['Authorization', Field.authorization],
	['Age', Field.age],
	['Vary', Field.vary],
	['Expires', Field.expires],
	['ETag', Field.etag],
	['Last-Modified', Field.lastModified],
	['CDN-Cache-Control', Field.cdnCacheControl],
	['Surrogate-Control', Field.surrogateControl],
	['Surrogate-Capability', Field.claim],
	['Set-Cookie', Field.setCookie],
	['Content-Range', Field.contentRange],
	['Proxy-Authentication-Info', Field.proxyAuthenticationInfo],
	['X-HTTP-Method-Override', Field.override],
	['X-HTTP-Method', Field.override],
	['X-Method-Override', Field.override],
	['X-HTTP-Host-Override', Field.override],
	['X-Forwarded-Path', Field.override],
	['X-Forwarded-URI', Field.override],
	['X-Forwarded-Method', Field.override],
	['X-Original-URI', Field.override],
	['X-Original-Method', Field.override],
	['X-Envoy-Original-Path', Field.override],
	['x-matched-path', Field.override],
	['x-now-route-matches', Field.override],
	['x-invoke-path', Field.override],
	['x-invoke-query', Field.override],
	['x-invoke-status', Field.override],
	['x-middleware-prefetch', Field.override],
	['x-middleware-subrequest', Field.override],
	['X-React-Router-SPA-Mode', Field.override],
	['X-React-Router-Prerender-Data', Field.override],
	['x-nuxt-no-ssr', Field.override],
	['X-Original-URL', Field.override],
	['X-Rewrite-URL', Field.override],
	['X-Original-Host', Field.override],
	['X-Host', Field.override],
];

/** The name in the middle of other bytes, as in a head. */
const recognise = (name: string): number => {
	const text = `xx${name}: xx`;
	return fieldOf(Buffer.from(text, 'latin1'), 2, 2 + name.length);
};

test('every known field is recognised in any letter case', () => {
	const listed = new Set(KNOWN.map(([, field]) => field));
	const { other: _1, lastHop: _2, named: _3, underscore: _4, firstCache: _5, ...known } = Field;
	assert.deepEqual([...listed].sort(), [...new Set(Object.values(known))].sort(), 'this list names all of them');
	for (const [name, field] of KNOWN) {
		const lower = name.toLowerCase();
		for (const text of [name, lower, name.toUpperCase()]) assert.equal(recognise(text), field, text);
		// Each letter alone in upper case.
		for (let i = 0; i < lower.length; i++) {
			const text = lower.slice(0, i) + lower.charAt(i).toUpperCase() + lower.slice(i + 1);
			assert.equal(recognise(text), field, text);
		}
	}
});

test('nothing that only looks like one is taken for it', () => {
	const known = new Set(KNOWN.map(([name]) => name.toLowerCase()));
	for (const [name] of KNOWN) {
		const looks = [
			`${name}s`,
			`x${name}`,
			name.slice(1),
			name.slice(0, -1),
			name.replace('-', '_'),
			name.replace('-', '.'),
			` ${name}`,
			`${name} `,
		];
		for (let i = 0; i < name.length; i++) {
			// Any one byte other: the same low bits (as the first look at a name compares) included.
			for (let byte = 0; byte < 256; byte++) {
				looks.push(name.slice(0, i) + String.fromCharCode(byte) + name.slice(i + 1));
			}
		}
		for (const text of looks) {
			if (known.has(text.toLowerCase())) continue;
			// Beyond ASCII, `toLowerCase` and ours may differ: only ASCII letters have a case here.
			assert.equal(recognise(text), Field.other, JSON.stringify(text));
		}
	}
	assert.equal(recognise('K'), Field.other);
	assert.equal(recognise('a'.repeat(2000)), Field.other);
	assert.equal(recognise(''), Field.other);
});

test('what is always written anew is what RFC 9110 §7.6.1 and RFC 9112 §6 name', () => {
	const hop = KNOWN.filter(([, field]) => field <= Field.lastHop).map(([name]) => name.toLowerCase());
	assert.deepEqual(hop.sort(), [
		'connection',
		'content-length',
		'http2-settings',
		'keep-alive',
		'proxy-authenticate',
		'proxy-authorization',
		'proxy-connection',
		'te',
		'transfer-encoding',
		'upgrade',
	]);
	assert.ok(Field.named > Field.host && Field.underscore > Field.host);
});
