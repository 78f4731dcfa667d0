/** HeyGen as a plain service: what `preset: heygen` stands for. */
import type { AccountsInput, CreditInput, SpendInput, WebhooksInput } from './config.ts';
import { FINAL, RETRIED } from './heygen-codes.ts';

type Form = Record<string, unknown>;

const HEYGEN_URL = 'https://api.heygen.com';
/** The call that creates takes 31 s at the 99th percentile; a client that gives up earlier pays twice. */
const CREATE_TIME = '120s';
const READ_TIME = '30s';
/** How long a presigned URL is taken to live; asking again gives a fresh one. */
const FRESH = '10m';

const WORDS = { done: ['completed'], failed: ['failed'], unknown: ['not_found'] };
const ITEM = { items: '/data', id: '/video_id', state: '/status', code: '/error/code', message: '/error/message' };

export interface HeygenInput {
	accounts: AccountsInput;
	webhooks?: WebhooksInput | undefined;
	credit?: CreditInput | undefined;
	spend?: SpendInput | undefined;
}

/** The configuration of the service; what a person says beside `preset` is laid over it. */
export function heygenService({ accounts, webhooks, credit, spend }: HeygenInput): Form {
	const hook = webhooks === undefined ? {} : { webhook: webhookOf(webhooks) };
	const money = (price: Form): Form => ({
		credit: credit === 'off' || credit === false ? 'off' : { ...CREDIT, ...credit },
		spend: spend === 'off' || spend === false ? 'off' : { ...spend, price: { ...price, ...spend?.price } },
	});
	const creates = (external: Form, price: Form): Form => ({
		timeouts: { firstByte: CREATE_TIME },
		retry: { attempts: 1 },
		offload: { ...offloadOf(accounts), ...money(price), external: { ...external, reconcile: RECONCILE, ...hook } },
	});
	const external = externalOf('/v3/videos', { id: '/data/video_id', ids: 'video_ids' });
	return {
		instances: HEYGEN_URL,
		// Only what makes videos makes jobs, whatever others do.
		offload: 'off',
		host: 'instance',
		timeouts: { firstByte: READ_TIME },
		headers: {
			request: {
				set: Object.fromEntries(accounts.slice(0, 1).map(({ key }) => ['X-Api-Key', key])),
				remove: ['authorization'],
			},
		},
		routes: {
			'POST /v3/videos': creates(external, { ...SPOKEN, text: ['/script'] }),
			'POST /v3/templates/*': creates(external, { ...SPOKEN, text: ['/variables'] }),
			'POST /v3/video-translations': creates(
				externalOf('/v3/video-translations', {
					id: '/data/video_translation_ids',
					ids: 'video_translation_ids',
				}),
				{ each: TRANSLATION },
			),
			'POST /v3/assets': { timeouts: { firstByte: CREATE_TIME } },
			'GET /v3/avatars': LISTED,
			'GET /v3/avatars/looks': LISTED,
			'GET /v3/voices': LISTED,
		},
	};
}

/** What is left, by the way that the account is billed. */
const CREDIT: Form = {
	path: '/v3/users/me',
	left: [
		'/data/wallet/remaining_balance',
		'/data/subscription/credits/premium_credits/remaining',
		{ at: '/data/usage_based/spending_cap_usd', less: '/data/usage_based/spending_current_usd' },
	],
};

/**
 * Dollars, on the dear side: $0.067 for each second, and slow speech has 12 characters in one. What has no script is taken
 * for a video as long as the longest script makes one.
 */
const SPOKEN: Form = { perCharacter: 0.0056, otherwise: 28 };
/** Of a translation: how long its source is, is not known. A minute in one language. */
const TRANSLATION = 4;

/** Lists that seldom change, and are asked for by every page that lets somebody choose. */
const LISTED: Form = { cache: { ttl: '10m', staleIfError: '1d' } };

function offloadOf(accounts: AccountsInput): Form {
	const lanes = accounts.map(({ key, maxJobs = 10, name }, at) => [
		name ?? `account-${at + 1}`,
		{ concurrency: maxJobs, headers: { 'X-Api-Key': key } },
	]);
	return {
		lanes: Object.fromEntries(lanes),
		upstreamKey: { header: 'Idempotency-Key', life: '24h' },
		timeLimit: CREATE_TIME,
		attempts: 10,
		backoff: { base: '1s', most: '30s' },
		stamp: 'callback_id',
		errors: { code: '/error/code', message: '/error/message', retry: RETRIED, fail: FINAL },
	};
}

const externalOf = (path: string, { id, ids }: { id: string; ids: string }): Form => ({
	id,
	status: { path: `${path}/statuses?${ids}={ids}`, most: 100, ...ITEM, ...WORDS },
	result: { path: `${path}/{id}`, ready: '/data/video_url', wait: '30s', fresh: FRESH },
});

/** The history of webhooks has our id of a job; one that has not ended is not in it. */
const RECONCILE: Form = {
	path: '/v3/webhooks/events?limit=100',
	items: '/data',
	key: '/event_data/callback_id',
	id: '/event_data/video_id',
};

const webhookOf = ({ path = '/hooks/heygen', secret }: WebhooksInput): Form => ({
	path,
	signature: { header: 'Heygen-Signature', timestamp: { header: 'Heygen-Timestamp', tolerance: '5m' }, secret },
	eventId: 'Heygen-Event-Id',
	id: '/event_data/video_id',
	jobId: '/event_data/callback_id',
	word: '/event_type',
	done: ['avatar_video.success', 'video_translate.success'],
	failed: ['avatar_video.fail', 'video_translate.fail'],
});
