/** `/v3/webhooks`: endpoints, types of events, the history. */
import { ApiError } from './api-error.ts';
import { type Answer, type Call, fieldsOf, missing, ok, param, type Route } from './call.ts';
import { pageOf } from './paging.ts';
import { type Fields, urlOf } from './reading.ts';
import type { Endpoint } from './records.ts';
import { addEndpoint, EVENT_TYPES, endpointsOf, newSecret } from './webhooks.ts';

export const WEBHOOK_ROUTES: readonly Route[] = [
	{ method: 'POST', path: '/v3/webhooks/endpoints', handle: add },
	{ method: 'GET', path: '/v3/webhooks/endpoints', handle: list },
	{ method: 'PATCH', path: '/v3/webhooks/endpoints/:id', handle: change },
	{ method: 'DELETE', path: '/v3/webhooks/endpoints/:id', handle: remove },
	{ method: 'POST', path: '/v3/webhooks/endpoints/:id/rotate-secret', handle: rotate },
	{ method: 'GET', path: '/v3/webhooks/event-types', handle: listTypes },
	{ method: 'GET', path: '/v3/webhooks/events', handle: listEvents },
];

const MOST_ENDPOINTS = 100;

function add(call: Call): Answer {
	const { world, account } = call;
	const fields = fieldsOf(call);
	const url = neededUrl(call, fields);
	const events = readEvents(fields);
	const own = endpointsOf(world, account.name);
	if (own.some((endpoint) => endpoint.url === url))
		throw new ApiError('conflict', 'There is an endpoint with this URL.', { param: 'url' });
	if (own.length >= MOST_ENDPOINTS)
		throw new ApiError('conflict', `An account has at most ${MOST_ENDPOINTS} endpoints.`);
	const endpoint = addEndpoint(world, account, { url, events });
	return ok({ ...endpointView(endpoint), secret: endpoint.secret });
}

export function neededUrl({ world }: Call, fields: Fields): string {
	const url = urlOf(fields, 'url', { tls: world.knobs.httpsWebhooks });
	if (url === null) throw new ApiError('invalid_parameter', "'url' is required.", { param: 'url' });
	return url;
}

/** null: all. */
export function readEvents(fields: Fields): string[] | null {
	const { events = null } = fields;
	if (events === null) return null;
	const known = (value: unknown): boolean => EVENT_TYPES.some(({ event_type }) => event_type === value);
	if (Array.isArray(events) && events.length > 0 && events.every(known)) return [...new Set(events)];
	throw new ApiError('invalid_parameter', "'events' takes what GET /v3/webhooks/event-types lists.", {
		param: 'events',
	});
}

/** Without the secret, which is told once. */
function endpointView({ endpointId, url, events, status, createdAtMs }: Endpoint): object {
	const created_at = new Date(createdAtMs).toISOString();
	return { endpoint_id: endpointId, url, events, status, created_at, secret: null };
}

function list({ world, account, query }: Call): Answer {
	const own = endpointsOf(world, account.name);
	const page = pageOf(own, query, { usual: 10, most: 100, keyOf: ({ ordinal }) => ordinal });
	return { status: 200, body: { ...page, data: page.data.map(endpointView) } };
}

export function ownEndpoint({ world, account }: Call, id: string): Endpoint {
	const endpoint = world.endpoints.get(id);
	if (endpoint?.account !== account.name) throw missing('not_found', 'endpoint');
	return endpoint;
}

function change(call: Call): Answer {
	const endpoint = ownEndpoint(call, param(call, 'id'));
	const fields = fieldsOf(call);
	const url = fields['url'] === undefined || fields['url'] === null ? endpoint.url : neededUrl(call, fields);
	const events = fields['events'] === undefined ? endpoint.events : readEvents(fields);
	Object.assign(endpoint, { url, events });
	call.world.endpoints.put(endpoint.endpointId, endpoint);
	return ok(endpointView(endpoint));
}

function remove(call: Call): Answer {
	const { endpointId } = ownEndpoint(call, param(call, 'id'));
	call.world.endpoints.drop(endpointId);
	return ok({});
}

/** The old secret is worth nothing from now on. */
function rotate(call: Call): Answer {
	const endpoint = ownEndpoint(call, param(call, 'id'));
	endpoint.secret = newSecret(call.world, endpoint.account, endpoint.ordinal, endpoint.secret);
	call.world.endpoints.put(endpoint.endpointId, endpoint);
	return ok({ endpoint_id: endpoint.endpointId, secret: endpoint.secret });
}

function listTypes(): Answer {
	return { status: 200, body: { data: EVENT_TYPES, has_more: false, next_token: null } };
}

/** Newest first, those that were never delivered among them. */
function listEvents({ world, account, query }: Call): Answer {
	const type = query.get('event_type');
	const entity = query.get('entity_id');
	const own = [...world.events.values()]
		.filter((event) => event.account === account.name)
		.filter(({ eventType }) => type === null || eventType === type)
		.filter(({ eventData }) => entity === null || Object.values(eventData).includes(entity))
		.reverse();
	const page = pageOf(own, query, { usual: 10, most: 100, keyOf: ({ eventId }) => eventId });
	const data = page.data.map(({ eventId, eventType, eventData, createdAtMs }) => ({
		event_id: eventId,
		event_type: eventType,
		event_data: eventData,
		created_at: new Date(createdAtMs).toISOString(),
	}));
	return { status: 200, body: { ...page, data } };
}
