/** One call, as the routes see it. */
import type { Account } from './accounts.ts';
import { ApiError } from './api-error.ts';
import type { Fields } from './reading.ts';
import { parseJson } from './reading.ts';
import type { World } from './world.ts';

export interface Answer {
	status: number;
	body: unknown;
	headers?: Record<string, string>;
}

export interface Call {
	world: World;
	account: Account;
	path: string;
	params: Readonly<Record<string, string>>;
	query: URLSearchParams;
	headers: Readonly<Record<string, string | string[] | undefined>>;
	body: Buffer;
	/** Among all calls, from 1. */
	number: number;
	/** What its chances depend on: its Idempotency-Key, or how many calls of its account came before. */
	identity: string;
	idempotencyKey: string | null;
	/** Lets a part of the time pass that the call takes, 0 to 1. Only of calls that create. */
	takeTime(part: number): Promise<void>;
	/** Says what repeats of this call get, though it may get no answer itself. */
	settle(answer: Answer): void;
}

export interface Route {
	method: string;
	/** With `:name` for what varies. */
	path: string;
	/** It makes jobs: it takes the time of such calls, and may crash as they do. */
	creates?: boolean;
	/** Most bytes of its body, where it is not JSON. */
	maxBytes?: number;
	handle(call: Call): Answer | Promise<Answer>;
}

export function fieldsOf(call: Call): Fields {
	return parseJson(call.body);
}

export function ok(data: unknown, status = 200): Answer {
	return { status, body: { data } };
}

/** The value of a path's parameter. */
export function param(call: Call, name: string): string {
	return call.params[name] ?? '';
}

interface Found {
	route: Route;
	params: Record<string, string>;
}

/** The route of a call; the first of the list that fits. */
export function findRoute(routes: readonly Route[], method: string, path: string): Found | undefined {
	const parts = path.split('/');
	for (const route of routes) {
		if (route.method !== method) continue;
		const params = match(route.path.split('/'), parts);
		if (params !== undefined) return { route, params };
	}
	return undefined;
}

function match(pattern: readonly string[], parts: readonly string[]): Record<string, string> | undefined {
	if (pattern.length !== parts.length) return undefined;
	const params: Record<string, string> = {};
	for (const [at, expected] of pattern.entries()) {
		const part = parts[at] as string;
		if (expected.startsWith(':') && part !== '') params[expected.slice(1)] = part;
		else if (expected !== part) return undefined;
	}
	return params;
}

/** Something that is not there, or is another account's. */
export function missing(code: 'not_found' | 'video_not_found' | 'asset_not_found', what: string): ApiError {
	return new ApiError(code, `There is no such ${what}.`);
}
