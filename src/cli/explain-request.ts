/** The request that `ballast explain` asks about, as the router would see it. */
import { domainToASCII } from 'node:url';
import { BallastError } from '../core/errors.ts';
import { resolveDotSegments } from '../gateway/path.ts';
import type { RouteSubject } from '../gateway/router.ts';

export interface AskedRequest {
	method: string;
	/** http or https: what the URL says; null for only a path. */
	scheme: 'http' | 'https' | null;
	/** The Host field. */
	host: string;
	/** Without query, dot segments resolved. */
	path: string;
	/** With its `?`, or empty. */
	query: string;
	/** Lower-case names. */
	headers: Map<string, string>;
}

/** `defaultHost` stands where only a path is given. Throws `bad_command`. */
export function askedRequest(
	url: string,
	options: { method?: string; headers: readonly string[]; defaultHost: string },
): AskedRequest {
	const found = /^(?:(https?):\/\/)?([^/?#]*)([^?#]*)(\?[^#]*)?/i.exec(url);
	const [, scheme, authority = '', path = '', query = ''] = found ?? [];
	if (scheme === undefined && /^[a-z][a-z0-9+.-]*:\/\//i.test(url))
		throw bad(`a URL begins with http:// or https://, not \`${url}\``);
	if (scheme !== undefined && authority === '') throw bad(`the URL \`${url}\` has no host`);
	const headers = new Map(options.headers.map(headerOf));
	const secure = scheme?.toLowerCase() === 'https';
	const host =
		headers.get('host') ?? (authority === '' ? options.defaultHost : hostOf(authority, secure ? ':443' : ':80'));
	headers.set('host', host);
	return {
		method: methodOf(options.method ?? 'GET'),
		scheme: scheme === undefined ? null : secure ? 'https' : 'http',
		host,
		path: pathOf(path),
		query: escaped(query),
		headers,
	};
}

/** As `Router` takes it. */
export function subjectOf({ method, host, path, headers }: AskedRequest): RouteSubject {
	const authority = Buffer.from(host, 'latin1');
	const bytes = Buffer.from(path, 'latin1');
	return {
		buffer: Buffer.concat([authority, bytes]),
		hostStart: 0,
		hostEnd: authority.length,
		pathStart: authority.length,
		pathEnd: authority.length + bytes.length,
		method,
		field: (name) => headers.get(name),
	};
}

/** A standard method is meant in upper case, whatever case it is typed in. */
function methodOf(text: string): string {
	if (!/^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,32}$/.test(text))
		throw bad(`--method takes a method such as GET or POST, not \`${text}\``);
	const upper = text.toUpperCase();
	return /^(?:GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS|TRACE|CONNECT)$/.test(upper) ? upper : text;
}

function headerOf(text: string): [string, string] {
	const found = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*((?:\P{Cc}|\t)*?)[ \t]*$/u.exec(text);
	if (found === null) throw bad(`--header takes a field such as 'x-tenant: acme', not \`${text}\``);
	return [(found[1] as string).toLowerCase(), found[2] as string];
}

/** Clients leave the scheme's own port out. */
function hostOf(authority: string, ownPort: string): string {
	const name = authority.endsWith(ownPort) ? authority.slice(0, -ownPort.length) : authority;
	const ascii = /^[\x21-\x7e]+$/.test(name) ? name : domainToASCII(name);
	if (/^(?:\[[0-9a-f:.]+\]|[a-z0-9._~%-]+)(?::\d{1,5})?$/i.test(ascii)) return ascii;
	throw bad(
		authority.includes('@')
			? 'a URL for `explain` has no user and password'
			: `\`${authority}\` is no host; a path begins with \`/\``,
	);
}

function pathOf(text: string): string {
	const path = text === '' ? '/' : escaped(text);
	if (/%00/.test(path)) throw bad('a path with %00 is answered with 400: no route is looked for');
	const bytes = Buffer.from(path, 'latin1');
	return Buffer.from(resolveDotSegments(bytes, 0, bytes.length) ?? bytes).toString('latin1');
}

/** What a client escapes before it sends. */
function escaped(text: string): string {
	return text.replace(/[^\x21-\x7e]+/gu, (found) => encodeURIComponent(found.toWellFormed()));
}

const bad = (message: string) => new BallastError('bad_command', message);
