/** What a person writes of webhooks. Import the types only where zod must not be loaded. */
import { z } from 'zod';
import {
	bool,
	choice,
	duration,
	integer,
	key,
	list,
	object,
	oneOf,
	reference,
	required,
	text,
} from '../../core/schema.ts';
import { isPlainHost, isReachable, isReceiver } from './config-words.ts';

const HOUR = 3_600_000;
const EXPECTED_URL = 'an absolute https URL';
const url = text(EXPECTED_URL, (value) => (URL.canParse(value) ? undefined : `expected ${EXPECTED_URL}`));
const EXPECTED_ALLOW = 'an address, a range such as 10.0.0.0/8, or the name of a host';
export const allowed = text(EXPECTED_ALLOW, (value) => (isReachable(value) ? undefined : `expected ${EXPECTED_ALLOW}`));
const EXPECTED_HOST = 'a host such as hooks.internal or 127.0.0.1:8080';
export const plain = text(EXPECTED_HOST, (value) => (isPlainHost(value) ? undefined : `expected ${EXPECTED_HOST}`));

const secrets = oneOf(
	[reference, list(reference, 'references')],
	'`{ env: NAME }` or `{ file: ./path }`, or a list of them while one takes the place of another',
);
const SECRET = '`whsec_` and base64 of 24 to 64 bytes. Each of several signs.';
const EXPECTED_RECEIVER = 'a host such as hooks.example.com, or *.example.com for all below it';
const receiver = text(EXPECTED_RECEIVER, (value) => (isReceiver(value) ? undefined : `expected ${EXPECTED_RECEIVER}`));

/** Of a service or route, within `offload`. */
export const offloadWebhookSchema = oneOf(
	[
		choice('asked'),
		url,
		object({
			url: key(
				oneOf([url, reference], `${EXPECTED_URL}, or a reference such as { env: NAME }`),
				'Who is told of each end; by reference where the URL itself is to be kept secret.',
				{ defaultText: 'none', example: 'https://hooks.example.com/jobs' },
			),
			asked: key(bool(), "Whether a client's own `Webhook-URL` goes before it.", { default: false, example: true }),
			secret: key(secrets, `What the receiver at \`url\` knows, by reference: ${SECRET}`, {
				defaultText: 'as `jobs.webhooks` says for its host',
				example: { env: 'ORDERS_SECRET' },
			}),
		}),
		z.literal(['off', false], { error: 'expected off' }),
	],
	'asked, a URL such as https://hooks.example.com/jobs, an object such as { url: https://…, asked: true }, or off',
);

/** Of the node, within `jobs`. */
export const webhooksSchema = object({
	secret: key(secrets, `What receivers know that have no secret of their own, by reference: ${SECRET}`, {
		defaultText: 'only receivers with one of their own are called',
		example: { env: 'WEBHOOK_SECRET' },
	}),
	receivers: key(
		list(
			object({
				host: required(receiver, 'Whose secret it is.', { example: 'hooks.example.com' }),
				secret: required(secrets, `By reference: ${SECRET}`, { example: { file: './example-secret' } }),
			}),
			'receivers',
			0,
		),
		'Hosts with a secret of their own, so that no receiver can sign for another. The first that fits holds.',
		{ default: [], example: [{ host: 'hooks.example.com', secret: { env: 'EXAMPLE_SECRET' } }] },
	),
	allow: key(
		list(allowed, 'addresses, ranges or names', 0),
		'Addresses that are not public, and may be called all the same. A name opens private and loopback addresses for itself; link-local ones and metadata only their ranges do.',
		{ default: [], example: ['10.20.0.0/16', 'hooks.internal'] },
	),
	http: key(list(plain, 'hosts', 0), 'Hosts that may be called by http; with a port, that one is allowed too.', {
		default: [],
		example: ['hooks.internal:8080'],
	}),
	ports: key(list(integer(1, 65_535), 'ports'), 'Ports that a URL may name.', {
		default: [443],
		example: [443, 8443],
	}),
	timeLimit: key(duration(100, 60_000), 'Most time for one call.', { default: '20s', example: '15s' }),
	concurrency: key(integer(1, 1000), 'Most calls under way.', { default: 32, example: 64 }),
	perHost: key(integer(1, 1000), 'Most calls under way to the hosts of one domain; domains take turns.', {
		default: 4,
		example: 8,
	}),
	retries: key(
		list(duration(10, 168 * HOUR), 'durations', 0),
		'Pauses before the second try, the third and so on; up to a fifth more is added at random.',
		{ default: ['5s', '5m', '30m', '2h', '5h', '10h', '14h', '20h', '1d'], example: ['5s', '1m', '10m'] },
	),
});

export type WebhooksInput = z.input<typeof webhooksSchema>;
export type OffloadWebhookInput = z.input<typeof offloadWebhookSchema>;
