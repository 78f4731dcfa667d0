/** Sends webhooks: some lost, late or twice as the knobs say, and again with back-off where the receiver fails. */
import { request as requestPlain } from 'node:http';
import { request as requestTls } from 'node:https';
import { draw, happens } from './chance.ts';
import type { Delivery, Endpoint, Event } from './records.ts';
import { signatureOf, webhookBody } from './signature.ts';
import type { World } from './world.ts';

interface Receiver {
	url: string;
	endpointId: string | null;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** From one attempt to the next; with the last of them 24 hours are over. */
const RETRIES_MS: readonly number[] = [
	5_000,
	5 * MINUTE_MS,
	30 * MINUTE_MS,
	2 * HOUR_MS,
	5 * HOUR_MS,
	6.5 * HOUR_MS,
	9.5 * HOUR_MS,
];
/** Real time, so that a receiver has a chance at any time scale. */
const ANSWER_MS = 10_000;
const MOST_DELIVERIES = 20_000;

export function deliver(world: World, event: Event, receiver: Receiver): void {
	const { knobs, seed, deliveries } = world;
	const about = [seed, event.eventId, receiver.endpointId ?? 'callback'] as const;
	const delivery: Delivery = {
		eventId: event.eventId,
		eventType: event.eventType,
		...receiver,
		state: 'waiting',
		attempts: 0,
		last: null,
	};
	deliveries.push(delivery);
	if (deliveries.length > MOST_DELIVERIES) deliveries.shift();
	if (happens(knobs.webhookLostRate, ...about, 'lost')) {
		delivery.state = 'lost';
		return;
	}
	const lateMs = happens(knobs.webhookLateRate, ...about, 'late') ? knobs.webhookLateMs : 0;
	const delayMs = knobs.webhookDelayMs * (0.5 + draw(...about, 'delay')) + lateMs;
	plan(world, { event, delivery, retry: 0, inMs: delayMs });
	if (happens(knobs.webhookDuplicateRate, ...about, 'duplicate'))
		plan(world, { event, delivery, retry: RETRIES_MS.length, inMs: delayMs * (1 + 4 * draw(...about, 'second')) });
}

interface Attempt {
	event: Event;
	delivery: Delivery;
	/** How many came before; as many as there are retries: no other follows. */
	retry: number;
	inMs: number;
}

function plan(world: World, attempt: Attempt): void {
	const { clock, agenda } = world;
	agenda.at(clock.now() + attempt.inMs, () => void send(world, attempt));
}

async function send(world: World, { event, delivery, retry }: Attempt): Promise<void> {
	const { epoch } = world;
	const endpoint = delivery.endpointId === null ? undefined : world.endpoints.get(delivery.endpointId);
	if (delivery.endpointId !== null && endpoint === undefined) {
		delivery.state = 'given up';
		return;
	}
	delivery.url = endpoint?.url ?? delivery.url;
	delivery.attempts++;
	delivery.last = null;
	const result = await post(delivery.url, webhookBody(event), headersFor(world, event, endpoint));
	delivery.last = result;
	world.counts.webhook(result);
	if (/^2\d\d$/.test(result)) delivery.state = 'delivered';
	// What a restart forgot stays forgotten.
	if (delivery.state === 'delivered' || epoch !== world.epoch) return;
	const waitMs = RETRIES_MS[retry];
	if (waitMs !== undefined) {
		const jitter = 0.9 + 0.2 * draw(world.seed, event.eventId, retry);
		plan(world, { event, delivery, retry: retry + 1, inMs: waitMs * jitter });
	} else if (delivery.attempts > RETRIES_MS.length) delivery.state = 'given up';
}

/** A `callback_url` is signed only where the knob says so, with the secret of the first endpoint. */
function headersFor(world: World, event: Event, endpoint: Endpoint | undefined): Record<string, string> {
	const { knobs, clock } = world;
	const first = knobs.signCallbacks
		? [...world.endpoints.values()].find(({ account }) => account === event.account)
		: undefined;
	const seconds = Math.floor((knobs.clientClock === 'real' ? Date.now() : clock.now()) / 1000);
	const headers: Record<string, string> = {
		'content-type': 'application/json',
		'user-agent': 'heygen-simulator',
		'heygen-timestamp': String(seconds),
		'heygen-event-id': event.eventId,
	};
	const secret = (endpoint ?? first)?.secret;
	if (secret !== undefined)
		headers['heygen-signature'] = signatureOf(webhookBody(event), secret, knobs.secretPrefixInKey);
	return headers;
}

/** The status, or why there is none. */
function post(url: string, body: string, headers: Record<string, string>): Promise<string> {
	return new Promise((resolve) => {
		try {
			const send = url.startsWith('https:') ? requestTls : requestPlain;
			const signal = AbortSignal.timeout(ANSWER_MS);
			const request = send(url, { method: 'POST', headers, signal }, (answer) => {
				answer.on('error', () => {}).resume();
				resolve(String(answer.statusCode));
			});
			request.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.name));
			request.end(body);
		} catch {
			resolve('bad url');
		}
	});
}
