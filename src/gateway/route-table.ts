import { STATUS_CODES } from 'node:http';
import { Priority } from '../core/priority.ts';
import { CdnFields } from './cdn-fields.ts';
import { Compression } from './compress/compression.ts';
import type { Policy, RouteConfig, ServiceConfig } from './config.ts';
import { compileEdits } from './field-edits.ts';
import { FileFolder } from './files/file-folder.ts';
import type { FileStore } from './files/file-store.ts';
import { compilePath } from './path.ts';
import type { KeySource, Picker, Route, Service } from './route.ts';
import type { RoutePattern } from './router.ts';

/** The route of a service that takes what none of its named routes does. */
export const REST = '*';

/** Where a request can end: a route of a service (null: the service itself) under one pattern. */
export interface RouteEntry {
	pattern: RoutePattern;
	service: ServiceConfig;
	route: RouteConfig | null;
}

const EVERYTHING: RoutePattern = { host: null, path: null, methods: null, header: null };

/** All patterns of a configuration: each route under each match of its service, then the service itself. */
export function routeEntries(services: readonly ServiceConfig[]): RouteEntry[] {
	const entries: RouteEntry[] = [];
	for (const service of services) {
		const matches: readonly RoutePattern[] = service.match.length === 0 ? [EVERYTHING] : service.match;
		for (const match of matches) {
			for (const route of service.routes) entries.push({ pattern: narrowed(match, route.match), service, route });
			if (service.pools.length > 0) entries.push({ pattern: match, service, route: null });
		}
	}
	return entries;
}

/** What a route leaves open, its service decides. */
function narrowed(outer: RoutePattern, inner: RoutePattern): RoutePattern {
	return {
		host: inner.host ?? outer.host,
		path: inner.path ?? outer.path,
		methods: inner.methods ?? outer.methods,
		header: inner.header ?? outer.header,
	};
}

/** What a service needs of the balancing feature. */
export interface ServiceParts {
	picker: Picker | null;
	key: KeySource | null;
	cookie: Service['cookie'];
	timed: boolean;
}

/** What a route needs of other features and shares with others; `series` is where it is counted. */
export type RouteParts = Pick<Route, 'series' | 'rateLimits' | 'cache' | 'offload'> & { files: FileStore };

/** A route made ready. */
export function compileRoute(
	entry: RouteEntry,
	service: Service,
	{ series, rateLimits, files, cache, offload }: RouteParts,
): Route {
	const policy: Policy = entry.route ?? entry.service;
	const { header, from, default: level } = policy.priority;
	const response = compileEdits(policy.responseHeaders);
	// Who takes `Content-Encoding` out, or sets it, speaks of other bodies.
	const isOthers = response?.removed.has('content-encoding') === true;
	const compress = policy.compress === null || isOthers ? null : new Compression(policy.compress);
	return {
		name: entry.route?.name ?? REST,
		series,
		service,
		timeouts: policy.timeouts,
		retry: policy.retry,
		holdMs: policy.holdMs,
		bodyBytes: policy.bodyBytes,
		host: policy.host,
		path: compilePath(policy.path),
		request: compileEdits(policy.requestHeaders),
		response,
		cdn: policy.cdn === null ? null : new CdnFields(policy.cdn, policy.responseHeaders),
		fixed: entry.route?.respond ? fixedAnswer(entry.route.respond) : null,
		redirect: entry.route?.redirect ?? null,
		files: entry.route?.files ? new FileFolder(entry.route.files, { edits: response, compress }, files) : null,
		rateLimits,
		cache,
		compress,
		offload,
		next: null,
		priority: { level: Priority[level], header, anyone: from === 'anyone' },
	};
}

function fixedAnswer(answer: NonNullable<RouteConfig['respond']>): NonNullable<Route['fixed']> {
	const body = Buffer.from(answer.body);
	const noBody = answer.status === 204 || answer.status === 304;
	const fields = answer.headers.map(([name, value]) => `${name}: ${value}\r\n`).join('');
	const length = noBody ? '' : `Content-Length: ${body.length}\r\n`;
	const head = `HTTP/1.1 ${answer.status} ${STATUS_CODES[answer.status] ?? ''}\r\n${fields}${length}`;
	return { status: answer.status, head: Buffer.from(head, 'latin1'), body: noBody ? Buffer.alloc(0) : body };
}
