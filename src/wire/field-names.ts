import { equalsLower, LOWER } from './bytes.ts';

/**
 * Fields that the gateway itself reads or must not pass on. The order matters: all up to `lastHop`
 * are hop-by-hop or framing (RFC 9110 §7.6.1) and are always written anew.
 */
export const Field = {
	other: 0,
	connection: 1,
	keepAlive: 2,
	proxyConnection: 3,
	te: 4,
	transferEncoding: 5,
	upgrade: 6,
	contentLength: 7,
	proxyAuthenticate: 8,
	proxyAuthorization: 9,
	http2Settings: 10,
	lastHop: 10,
	host: 11,
	expect: 12,
	forwarded: 13,
	xForwardedFor: 14,
	xForwardedHost: 15,
	xForwardedProto: 16,
	xForwardedPort: 17,
	via: 18,
	maxForwards: 19,
	date: 20,
	cookie: 21,
	trailer: 22,
	/** Says something of the client or the way here that only a trusted proxy may say. */
	claim: 23,
	traceparent: 24,
	userAgent: 25,
	tracestate: 26,
	/** Named by `Connection`: hop-by-hop in this message only. */
	named: 30,
	/** Has `_` in its name: CGI-style gateways behind cannot tell it from `-`. */
	underscore: 31,
	/** Fields from here on say nothing of framing or routing: only the cache reads them. */
	firstCache: 40,
	cacheControl: 40,
	pragma: 41,
	/** Conditions of a request, and what it wants a part of: from here to `range`. */
	ifNoneMatch: 42,
	ifModifiedSince: 43,
	ifMatch: 44,
	ifUnmodifiedSince: 45,
	ifRange: 46,
	range: 47,
	authorization: 48,
	age: 49,
	vary: 50,
	expires: 51,
	etag: 52,
	lastModified: 53,
	cdnCacheControl: 54,
	setCookie: 55,
	contentRange: 56,
	proxyAuthenticationInfo: 57,
	/** Tells some frameworks to answer for another method, path or host than the request line says, or in another way. */
	override: 58,
	surrogateControl: 59,
} as const;

const NAMES: Record<string, number> = {
	connection: Field.connection,
	'keep-alive': Field.keepAlive,
	'proxy-connection': Field.proxyConnection,
	te: Field.te,
	'transfer-encoding': Field.transferEncoding,
	upgrade: Field.upgrade,
	'content-length': Field.contentLength,
	'proxy-authenticate': Field.proxyAuthenticate,
	'proxy-authorization': Field.proxyAuthorization,
	'http2-settings': Field.http2Settings,
	host: Field.host,
	expect: Field.expect,
	forwarded: Field.forwarded,
	'x-forwarded-for': Field.xForwardedFor,
	'x-forwarded-host': Field.xForwardedHost,
	'x-forwarded-proto': Field.xForwardedProto,
	'x-forwarded-port': Field.xForwardedPort,
	via: Field.via,
	'max-forwards': Field.maxForwards,
	date: Field.date,
	cookie: Field.cookie,
	trailer: Field.trailer,
	traceparent: Field.traceparent,
	tracestate: Field.tracestate,
	'user-agent': Field.userAgent,
	'x-real-ip': Field.claim,
	'x-forwarded-by': Field.claim,
	'x-forwarded-prefix': Field.claim,
	'x-forwarded-scheme': Field.claim,
	'x-forwarded-server': Field.claim,
	'x-forwarded-ssl': Field.claim,
	'x-forwarded-protocol': Field.claim,
	'x-url-scheme': Field.claim,
	'front-end-https': Field.claim,
	'surrogate-capability': Field.claim,
	'x-ballast-mirror': Field.claim,
	'x-ballast-job': Field.claim,
	'x-ballast-attempt': Field.claim,
	'cache-control': Field.cacheControl,
	pragma: Field.pragma,
	'if-none-match': Field.ifNoneMatch,
	'if-modified-since': Field.ifModifiedSince,
	'if-match': Field.ifMatch,
	'if-unmodified-since': Field.ifUnmodifiedSince,
	'if-range': Field.ifRange,
	range: Field.range,
	authorization: Field.authorization,
	age: Field.age,
	vary: Field.vary,
	expires: Field.expires,
	etag: Field.etag,
	'last-modified': Field.lastModified,
	'cdn-cache-control': Field.cdnCacheControl,
	'surrogate-control': Field.surrogateControl,
	'set-cookie': Field.setCookie,
	'content-range': Field.contentRange,
	'proxy-authentication-info': Field.proxyAuthenticationInfo,
	'x-http-method-override': Field.override,
	'x-http-method': Field.override,
	'x-method-override': Field.override,
	'x-original-url': Field.override,
	'x-rewrite-url': Field.override,
	'x-original-host': Field.override,
	'x-host': Field.override,
	'x-http-host-override': Field.override,
	'x-forwarded-path': Field.override,
	'x-forwarded-uri': Field.override,
	'x-forwarded-method': Field.override,
	'x-original-uri': Field.override,
	'x-original-method': Field.override,
	'x-envoy-original-path': Field.override,
	// What parts of a framework tell one another, and the framework believes of anybody.
	'x-matched-path': Field.override,
	'x-now-route-matches': Field.override,
	'x-invoke-path': Field.override,
	'x-invoke-query': Field.override,
	'x-invoke-status': Field.override,
	'x-middleware-prefetch': Field.override,
	'x-middleware-subrequest': Field.override,
	'x-react-router-spa-mode': Field.override,
	'x-react-router-prerender-data': Field.override,
	'x-nuxt-no-ssr': Field.override,
};

const LONGEST = Math.max(...Object.keys(NAMES).map((name) => name.length));
/** Candidates by length × first letter: almost every foreign name meets an empty cell. */
const CELLS: ({ name: Uint8Array; field: number }[] | undefined)[] = new Array((LONGEST + 1) * 32).fill(undefined);
for (const [text, field] of Object.entries(NAMES)) {
	const name = Buffer.from(text);
	const cell = name.length * 32 + ((name[0] as number) & 31);
	(CELLS[cell] ??= []).push({ name, field });
}

/** Which known field the name in buffer[start, end) is; `Field.other` for all the rest. */
export function fieldOf(buffer: Uint8Array, start: number, end: number): number {
	const length = end - start;
	if (length > LONGEST) return Field.other;
	const candidates = CELLS[length * 32 + ((LOWER[buffer[start] as number] as number) & 31)];
	if (candidates === undefined) return Field.other;
	for (let i = 0; i < candidates.length; i++) {
		const candidate = candidates[i] as { name: Uint8Array; field: number };
		if (equalsLower(buffer, start, candidate.name)) return candidate.field;
	}
	return Field.other;
}
