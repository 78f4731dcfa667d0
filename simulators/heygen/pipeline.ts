/** What happens to a call, in order: count → authenticate → pace → faults → body → key → time → route → answer. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Account } from './accounts.ts';
import { ApiError, errorBody, legacyErrorBody } from './api-error.ts';
import { type Answer, type Call, findRoute, missing, type Route } from './call.ts';
import { draw, happens, logNormal } from './chance.ts';
import { Interrupted } from './clock.ts';
import { checkPace, failOnPurpose } from './faults.ts';
import { claimKey, isReplayed, readKey, releaseKey, rememberAnswer } from './idempotency.ts';
import { seeOthers } from './jobs.ts';
import { JSON_BYTES, readBody } from './reading.ts';
import { CATALOGUE_ROUTES } from './routes-catalogue.ts';
import { LEGACY_HEADERS, LEGACY_ROUTES } from './routes-legacy.ts';
import { TRANSLATION_ROUTES } from './routes-translations.ts';
import { VIDEO_ROUTES } from './routes-videos.ts';
import { WEBHOOK_ROUTES } from './routes-webhooks.ts';
import type { World } from './world.ts';

const ROUTES: readonly Route[] = [
	...VIDEO_ROUTES,
	...TRANSLATION_ROUTES,
	...CATALOGUE_ROUTES,
	...WEBHOOK_ROUTES,
	...LEGACY_ROUTES,
];

/** The connection is reset in place of an answer. */
class Reset extends Error {}

interface Exchange {
	request: IncomingMessage;
	response: ServerResponse;
	url: URL;
	/** Of the call, from 1. */
	number: number;
	requestId: string;
}

/** Answers a call to the API, or resets its connection. */
export async function serveCall(
	world: World,
	{ request, response, url }: Pick<Exchange, 'request' | 'response' | 'url'>,
): Promise<void> {
	const number = ++world.counts.total;
	const exchange = { request, response, url, number, requestId: world.id('req', number) };
	const method = request.method ?? 'GET';
	const found = findRoute(ROUTES, method, url.pathname);
	const name = found === undefined ? 'unknown' : `${method} ${found.route.path}`;
	try {
		if (found === undefined) throw missing('not_found', 'call');
		const answer = await perform(world, exchange, found);
		world.counts.call(name, answer.status);
		write(exchange, answer);
	} catch (error) {
		if (error instanceof ApiError) {
			world.counts.call(name, error.status);
			const legacy = /^\/v[12]\//.test(url.pathname);
			const body = legacy ? legacyErrorBody(error, url.pathname) : errorBody(error);
			write(exchange, { status: error.status, body, headers: error.headers });
		} else if (error instanceof Reset || error instanceof Interrupted || request.destroyed) {
			world.counts.call(name, 'reset');
			request.socket.resetAndDestroy();
		} else throw error;
	}
}

async function perform(
	world: World,
	exchange: Exchange,
	{ route, params }: { route: Route; params: Record<string, string> },
): Promise<Answer> {
	const { request, url, number } = exchange;
	checkLegacy(world, url.pathname);
	const account = authenticate(world, request);
	if (account.readOnly && request.method !== 'GET') throw new ApiError('forbidden', 'This key may only read.');
	checkPace(world, account.name);
	failOnPurpose(world, { method: route.method, path: url.pathname, number });
	seeOthers(world, account);
	const body = await readBody(request, route.maxBytes ?? JSON_BYTES);
	const usesKey = request.method === 'POST' && url.pathname.startsWith('/v3/');
	const key = usesKey ? readKey(request.headers['idempotency-key']) : undefined;
	const base = {
		world,
		account,
		number,
		path: url.pathname,
		params,
		query: url.searchParams,
		headers: request.headers,
		body,
	};
	const identity = identityOf(world, account, { route, key, number });
	const call = { ...base, identity, idempotencyKey: key ?? null, takeTime: takeTime(world, identity) };
	const scope = key === undefined ? undefined : `${account.name} POST ${url.pathname} ${key}`;
	const read = { p50: world.knobs.readP50Ms, p99: world.knobs.readP99Ms };
	if (route.creates !== true) await world.agenda.sleep(logNormal(draw(world.seed, 'read', number), read));
	if (scope === undefined) return run(world, route, { ...call, settle: () => {} });
	return once(world, { route, scope }, (settle) => run(world, route, { ...call, settle }));
}

/** Lets a call with a key run once; repeats get its answer. */
async function once(
	world: World,
	{ route, scope }: { route: Route; scope: string },
	perform: (settle: Call['settle']) => Promise<Answer>,
): Promise<Answer> {
	const before = claimKey(world, scope);
	if (before !== undefined) {
		world.counts.call(`${route.method} ${route.path}`, 'replayed');
		return { status: before.status, body: before.body };
	}
	const epoch = world.epoch;
	let settled = false;
	const settle = (answer: Answer): void => {
		settled = true;
		rememberAnswer(world, scope, answer);
	};
	try {
		const answer = await perform(settle);
		if (!settled) settle(answer);
		return answer;
	} catch (error) {
		if (!settled && error instanceof ApiError && isReplayed(world, error.status))
			settle({ status: error.status, body: errorBody(error) });
		throw error;
	} finally {
		// A restart forgot it already, and a repeat may be under way by now.
		if (epoch === world.epoch) releaseKey(world, scope);
	}
}

async function run(world: World, route: Route, call: Call): Promise<Answer> {
	const { knobs, seed } = world;
	if (route.creates !== true) return route.handle(call);
	if (happens(knobs.crashBeforeRate, seed, call.identity, call.number, 'crash before')) throw new Reset();
	const answer = await route.handle(call);
	if (!happens(knobs.crashRate, seed, call.identity, 'crash')) return answer;
	if (knobs.crashAs === 'reset') throw new Reset();
	throw new ApiError('gateway_timeout', 'The request took too long.');
}

function takeTime(world: World, identity: string): Call['takeTime'] {
	const { createP50Ms: p50, createP99Ms: p99, slowCreateRate, slowCreateMs } = world.knobs;
	const slow = happens(slowCreateRate, world.seed, identity, 'slow create');
	const ms = slow ? slowCreateMs : logNormal(draw(world.seed, identity, 'create'), { p50, p99 });
	return (part) => world.agenda.sleep(ms * part);
}

/** With a key: the key, and how many jobs it has made before; without: the number of the attempt at its account. */
function identityOf(
	world: World,
	account: Account,
	{ route, key, number }: { route: Route; key: string | undefined; number: number },
): string {
	if (route.creates !== true) return `${account.name}/call/${number}`;
	if (key === undefined) return `${account.name}/attempt/${++account.attempts}`;
	return `${account.name}/key/${key}/${world.keyUses.get(`${account.name} ${key}`) ?? 0}`;
}

function checkLegacy({ knobs }: World, path: string): void {
	if (path.startsWith('/v3/') || knobs.legacy === 'on') return;
	if (knobs.legacy === 'off') throw missing('not_found', 'call');
	throw new ApiError('gone', 'v1 and v2 have ended. Use v3.');
}

function authenticate(world: World, { headers }: IncomingMessage): Account {
	const bearer = /^Bearer +(\S+)$/i.exec(headers.authorization ?? '')?.[1];
	const key = headers['x-api-key'] ?? bearer;
	for (const account of world.accounts.values()) {
		if (account.keys.some((each) => each === key)) return account;
	}
	throw new ApiError('unauthorized', 'Invalid or missing API key.');
}

function write({ request, response, url, requestId }: Exchange, { status, body, headers = {} }: Answer): void {
	if (response.destroyed) return;
	const text = JSON.stringify(body);
	const legacy = /^\/v[12]\//.test(url.pathname) ? LEGACY_HEADERS : {};
	// What was not read of a body is not worth reading.
	const { 'content-length': length = '0', 'transfer-encoding': coding } = request.headers;
	const unread = !request.complete && (length !== '0' || coding !== undefined);
	const rest = unread ? { connection: 'close' } : {};
	response.writeHead(status, {
		'content-type': 'application/json',
		'content-length': Buffer.byteLength(text),
		'x-request-id': requestId,
		...legacy,
		...rest,
		...headers,
	});
	response.end(text);
}
