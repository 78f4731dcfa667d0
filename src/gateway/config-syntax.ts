/**
 * The small texts of the gateway's configuration: matches, hosts, paths, methods, header fields and
 * address ranges. Each function that complains returns a whole sentence.
 */
import { isIP } from 'node:net';
import { domainToASCII } from 'node:url';
import { closest } from '../core/closest.ts';

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE'];
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** Fields that frame a message or belong to one connection: Ballast writes them itself (RFC 9110 §7.6.1, RFC 9112 §6). */
const OWN_FIELDS = new Set([
	'connection',
	'content-length',
	'expect',
	'http2-settings',
	'keep-alive',
	'proxy-connection',
	'te',
	'trailer',
	'transfer-encoding',
	'upgrade',
]);

/** The parts of `GET,HEAD api.example.com/v1/*`. */
export interface MatchText {
	methods: string[] | null;
	host: string | null;
	path: string | null;
}

/** Takes `[METHODS ][host][/path]` apart; the parts are not checked yet. */
export function splitMatch(value: string): MatchText {
	const found = /^(?:(\S+)\s+)?(\S*)$/.exec(value.trim());
	const [methods, target] = found === null ? [undefined, value] : [found[1], found[2] as string];
	const slash = target.indexOf('/');
	const host = slash === -1 ? target : target.slice(0, slash);
	return {
		methods: methods === undefined ? null : methods.split(',').filter((method) => method !== ''),
		host: host === '' ? null : host,
		path: slash === -1 ? null : target.slice(slash),
	};
}

/** What is wrong with `[METHODS ][host][/path]`. */
export function complainOfMatch(value: string): string | undefined {
	const match = splitMatch(value);
	if (match.host === null && match.path === null)
		return 'expected a match such as /v1/*, api.example.com or GET /v1/users';
	if (/^[A-Za-z]+$/.test(value) && METHODS.includes(value.toUpperCase())) {
		return `expected a match such as GET /v1/*; write \`${value.toUpperCase()} /*\` for every path`;
	}
	if (match.host !== null && !/[.:\]*]/.test(match.host) && match.host !== 'localhost') {
		const path = `/${match.host}${match.path ?? ''}`;
		return `expected a match such as /v1/*, api.example.com or GET /v1/users; a path starts with \`/\`: write \`${path}\``;
	}
	const method = match.methods?.map(complainOfMethod).find((message) => message !== undefined);
	return method ?? complainIf(match.host, complainOfHost) ?? complainIf(match.path, complainOfPath);
}

const complainIf = (value: string | null, complain: (value: string) => string | undefined) =>
	value === null ? undefined : complain(value);

export function complainOfMethod(value: string): string | undefined {
	if (METHODS.includes(value)) return undefined;
	if (METHODS.includes(value.toUpperCase())) return `expected a method in upper case; write \`${value.toUpperCase()}\``;
	if (value.toUpperCase() === 'CONNECT') return 'expected a method; CONNECT cannot be routed';
	const near = closest(value, METHODS);
	if (near !== undefined) return `expected a method such as GET or POST; did you mean \`${near}\`?`;
	return TOKEN.test(value) && !/[a-z]/.test(value) && value.length <= 32
		? undefined
		: 'expected a method such as GET or POST';
}

/** `a.example`, `*.example`, `a.example:8443`, `[::1]`. */
export function complainOfHost(value: string): string | undefined {
	const expected = 'expected a host such as api.example.com or *.example.com';
	if (/^[a-z]+:\/\//i.test(value)) return `${expected}, without ${value.slice(0, value.indexOf('//') + 2)}`;
	if (value.includes('/')) return `${expected}, without a path; the path is a key of its own`;
	const found = /^(\[[0-9a-f:.]+\]|[^:[\]]+)(?::(\d{1,5}))?$/i.exec(value);
	if (found === null) return expected;
	if (found[2] !== undefined && (Number(found[2]) < 1 || Number(found[2]) > 65_535))
		return `${expected}; a port is from 1 to 65535`;
	const name = found[1] as string;
	if (name.startsWith('['))
		return isIP(name.slice(1, -1)) === 6 ? undefined : `${expected}; ${name} is no IPv6 address`;
	return complainOfName(name, expected);
}

function complainOfName(name: string, expected: string): string | undefined {
	if (/[^\x20-\x7e]/.test(name)) {
		const ascii = domainToASCII(name.replace(/^\*\./, ''));
		return `${expected} in ASCII${ascii === '' ? '' : `; write \`${name.startsWith('*.') ? '*.' : ''}${ascii}\``}`;
	}
	if (/^[\d.]+$/.test(name) && isIP(name) === 0) return `${expected}; ${name} is no IPv4 address`;
	const rest = name === '*' ? 'any' : name.replace(/^\*\./, '');
	if (rest.includes('*')) return `${expected}; \`*\` may only be the whole first label`;
	if (rest.endsWith('.')) return `${expected}, without the dot at its end`;
	const label = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/i;
	return rest.length <= 253 && rest.split('.').every((part) => label.test(part)) ? undefined : expected;
}

/** `/exact`, `/prefix/*`, `/users/:id`, `/users/:id/*`. */
export function complainOfPath(value: string): string | undefined {
	const expected = 'expected a path such as /v1, /v1/* or /users/:id';
	const plain = complainOfPlainPath(value, expected);
	if (plain !== undefined) return plain;
	const segments = value.slice(1).split('/');
	const names = new Set<string>();
	for (const [at, segment] of segments.entries()) {
		if (segment.includes('*') && (segment !== '*' || at !== segments.length - 1)) {
			return `${expected}; \`*\` may only be the whole last segment${segment.endsWith('*') ? `: write \`${value.replace(/\*.*$/, '/*').replace('//*', '/*')}\`` : ''}`;
		}
		if (!segment.startsWith(':')) continue;
		if (!/^:[A-Za-z_][A-Za-z0-9_]*$/.test(segment)) return `${expected}; \`${segment}\` is no name of a parameter`;
		if (names.has(segment)) return `${expected}; \`${segment}\` stands there twice`;
		names.add(segment);
	}
	return undefined;
}

/** What holds for any path: absolute, ASCII, well encoded, no empty or dot segments, no query. */
export function complainOfPlainPath(value: string, expected: string): string | undefined {
	if (!value.startsWith('/')) return `${expected}; a path starts with \`/\``;
	if (/[?#]/.test(value)) return `${expected}; a path has no query`;
	if (/[^\x20-\x7e]/.test(value)) return `${expected}, with other characters encoded; write \`${encodeURI(value)}\``;
	if (!/^[A-Za-z0-9\-._~!$&'()*+,;=:@%/]*$/.test(value)) return `${expected}; some of its characters must be encoded`;
	if (/%(?![0-9A-Fa-f]{2})/.test(value)) return `${expected}; \`%\` is followed by two hexadecimal digits`;
	if (value.includes('//')) return `${expected}, without \`//\``;
	const dots = value.split('/').some((segment) => /^(?:\.|%2e){1,2}$/i.test(segment));
	return dots ? `${expected}, without the segments \`.\` and \`..\`` : undefined;
}

export function complainOfFieldName(value: string): string | undefined {
	if (!TOKEN.test(value)) return 'expected the name of a header field: letters, digits and `-`';
	if (OWN_FIELDS.has(value.toLowerCase())) return `expected another header field; Ballast writes ${value} itself`;
	return undefined;
}

/** RFC 9110 §5.5, without obs-text. */
export function complainOfFieldValue(value: string): string | undefined {
	if (/[\r\n\0]/.test(value)) return 'expected a header value on one line';
	if (/[^\t\x20-\x7e]/.test(value)) return 'expected a header value in ASCII';
	return value !== value.trim() ? 'expected a header value without blanks at its ends' : undefined;
}

const PRIVATE = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '127.0.0.0/8', 'fc00::/7', '::1/128'];

/** `10.0.0.0/8`, `10.0.0.7` or `private` → CIDRs; a sentence when it is none of them. */
export function parseTrust(value: string): string[] | string {
	const expected = 'expected an address range such as 10.0.0.0/8 or fd00::/8, an address, or private';
	if (value === 'private') return PRIVATE;
	const [address = '', bits, more] = value.split('/');
	const family = isIP(address);
	if (family === 0 || more !== undefined || address.includes('%')) return expected;
	const width = family === 4 ? 32 : 128;
	if (bits === undefined) return [`${address}/${width}`];
	if (!/^\d{1,3}$/.test(bits) || Number(bits) > width)
		return `${expected}; the prefix of IPv${family} is from 0 to ${width}`;
	return [`${address.toLowerCase()}/${Number(bits)}`];
}

/** `8080`, `127.0.0.1:8080`, `[::1]:8080` → where to listen; a sentence when it is none. */
export function parseListen(value: string): { host: string; port: number } | string {
	const expected = 'expected a port, or an address and port such as 0.0.0.0:8080';
	const found = /^(.*?):(\d{1,5})$/.exec(value);
	if (found === null) return /^\d+$/.test(value) ? `${expected}; write ${Number(value)} without quotes` : expected;
	const [, name = '', digits] = found;
	if (Number(digits) > 65_535) return `${expected}; a port is from 0 to 65535`;
	if (name === '' || name === '*')
		return `${expected}; for all addresses write \`0.0.0.0:${digits}\` or \`[::]:${digits}\``;
	const host = listenAddress(name.replace(/^\[(.*)\]$/, '$1'));
	return host === undefined ? `${expected}; \`${name}\` is no address` : { host, port: Number(digits) };
}

/** An address to listen on; `localhost` is 127.0.0.1. Undefined when it is none. */
export function listenAddress(value: string): string | undefined {
	if (value === 'localhost') return '127.0.0.1';
	return isIP(value) === 0 || value.includes('%') ? undefined : value.toLowerCase();
}

export function complainOfFixedHost(value: string): string | undefined {
	return value.includes('*') ? 'expected a host such as api.internal, without `*`' : complainOfHost(value);
}

export function complainOfServerName(value: string): string | undefined {
	const expected = 'expected a name such as api.internal';
	return isIP(value) === 0 && !value.includes('*') && !value.includes(':') ? complainOfName(value, expected) : expected;
}

export function complainOfStrip(value: string): string | undefined {
	const expected = 'expected a path such as /api';
	if (value.endsWith('/')) return value === '/' ? expected : `${expected}; write \`${value.replace(/\/+$/, '')}\``;
	if (/[*:]/.test(value)) return `${expected}, without \`*\` and \`:\`; all that follows it stays`;
	return complainOfPlainPath(value, expected);
}

/** A URL or an absolute path, in which `$host`, `$path` and `$query` stand for those of the request. */
export function complainOfRedirect(value: string): string | undefined {
	const expected = 'expected a URL or a path such as https://example.com$path$query';
	const unknown = /\{\w*\}?|\$(?!host|path|query)[A-Za-z]\w*/.exec(value)?.[0];
	if (unknown !== undefined)
		return `${expected}; \`${unknown}\` is not known, only $host, $path and $query (with its \`?\`)`;
	const filled = value.replaceAll('$host', 'host').replaceAll('$path', '/path').replaceAll('$query', '');
	const authority = /^https?:\/\/([^/?#]+)/i.exec(filled)?.[1];
	if (authority === undefined ? !/^\/(?!\/)/.test(filled) : authority.includes('@')) return expected;
	if (/^[A-Za-z0-9\-._~:/?#[\]@!$&'()*+,;=%]*$/.test(filled)) return undefined;
	return `${expected}; some of its characters must be encoded`;
}
