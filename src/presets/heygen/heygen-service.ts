/** HeyGen as a plain service: what `preset: heygen` stands for. */
import type { AccountsInput, CreditInput, MediaInput, SpendInput, WebhooksInput } from './config.ts';
import { FINAL, RETRIED } from './heygen-codes.ts';

type Form = Record<string, unknown>;

const HEYGEN_URL = 'https://api.heygen.com';
/** The call that creates takes 31 s at the 99th percentile; a client that gives up earlier pays twice. */
const CREATE_TIME = '120s';
/** A client that did not ask for a job waits so long for its turn. */
const HOLD = '60s';
const READ_TIME = '30s';
/** Twenty minutes are usual at peak; one that takes so long is stuck. */
const VIDEO_LIMIT = '2h';
const TRANSLATION_LIMIT = '6h';
/** How long a presigned URL is taken to live; asking again gives a fresh one. */
const FRESH = '10m';

const WORDS = { done: ['completed'], failed: ['failed'], unknown: ['not_found'] };
const ITEM = { items: '/data', id: '/video_id', state: '/status', code: '/error/code', message: '/error/message' };

export interface HeygenInput {
	accounts: AccountsInput;
	webhooks?: WebhooksInput | undefined;
	credit?: CreditInput | undefined;
	spend?: SpendInput | undefined;
	media?: MediaInput | undefined;
}

/** The configuration of the service; what a person says beside `preset` is laid over it. */
export function heygenService({ accounts, webhooks, credit, spend, media }: HeygenInput): Form {
	const hook = webhooks === undefined ? {} : { webhook: webhookOf(webhooks) };
	const money = (price: Form): Form => ({
		credit: credit === 'off' || credit === false ? 'off' : { ...CREDIT, ...credit },
		spend: spend === 'off' || spend === false ? 'off' : { ...spend, price: { ...price, ...spend?.price } },
	});
	const creates = (external: Form, price: Form): Form => ({
		timeouts: { firstByte: CREATE_TIME },
		retry: { attempts: 1 },
		offload: {
			...offloadOf(accounts),
			...money(price),
			external: { ...external, ...copied(external, media), reconcile: RECONCILE, ...hook },
		},
	});
	const external = externalOf('/v3/videos', { id: '/data/video_id', ids: 'video_ids', limit: VIDEO_LIMIT });
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
					limit: TRANSLATION_LIMIT,
				}),
				{ each: TRANSLATION, times: '/output_languages', otherwise: TRANSLATION * LANGUAGES_MOST },
			),
			'POST /v3/assets': { timeouts: { firstByte: CREATE_TIME } },
			'GET /v3/avatars': LISTED,
			'GET /v3/avatars/looks': LISTED,
			'GET /v3/voices': LISTED,
			...(isLimited(spend) ? UNCOUNTED : {}),
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
/** Of a translation into one language: how long its source is, is not known. A minute. */
const TRANSLATION = 4;
/** What is charged where its languages cannot be counted: a body of so many kilobytes names many. */
const LANGUAGES_MOST = 100;

/** Whether somebody may spend so much and no more. */
function isLimited(spend: SpendInput | undefined): boolean {
	if (typeof spend !== 'object') return false;
	const { perTenant, total, tenants = {} } = spend;
	return [perTenant, total, ...Object.values(tenants)].some((most) => typeof most === 'number');
}

/** What else makes something, such as batches, nobody counts: beside a limit it would be the way around that. */
const UNCOUNTED: Form = {
	'POST /v3/*': {
		respond: {
			status: 403,
			headers: { 'content-type': 'application/json' },
			body: JSON.stringify({
				error: { code: 'forbidden', message: 'What this call costs is not counted, and spending is limited here.' },
			}),
		},
	},
	'POST /v3/webhooks/*': {},
};

/** Lists that seldom change, and are asked for by every page that lets somebody choose. */
const LISTED: Form = { cache: { ttl: '10m', staleIfError: '1d' } };

function offloadOf(accounts: AccountsInput): Form {
	const lanes = accounts.map(({ key, maxJobs = 10, name }, at): [string, Form] => [
		name ?? `account-${at + 1}`,
		{ concurrency: maxJobs, headers: { 'X-Api-Key': key } },
	]);
	const [first] = lanes.map(([name]) => name);
	return {
		// All other calls have the key of the first account: only there they find such a video.
		when: { hold: HOLD, ...(first === undefined ? {} : { lane: first }) },
		lanes: Object.fromEntries(lanes),
		upstreamKey: { header: 'Idempotency-Key', life: '24h' },
		timeLimit: CREATE_TIME,
		attempts: 10,
		backoff: { base: '1s', most: '30s' },
		stamp: 'callback_id',
		errors: { code: '/error/code', message: '/error/message', retry: RETRIED, fail: FINAL },
	};
}

const externalOf = (path: string, { id, ids, limit }: { id: string; ids: string; limit: string }): Form => ({
	id,
	status: { path: `${path}/statuses?${ids}={ids}`, most: 100, ...ITEM, ...WORDS },
	cancel: { path: `${path}/{id}` },
	limit,
	result: { path: `${path}/{id}`, ready: '/data/video_url', wait: '30s', fresh: FRESH },
});

/** With copies of its results, where they are wanted. */
const copied = ({ result }: Form, media: MediaInput | undefined): Form =>
	media === undefined ? {} : { result: { ...(result as Form), media } };

/** The history of webhooks has our id of a job; one that has not ended is not in it. Newest first. */
const RECONCILE: Form = {
	path: '/v3/webhooks/events?limit=100',
	items: '/data',
	key: '/event_data/callback_id',
	id: '/event_data/video_id',
	next: { token: '/next_token', field: 'token' },
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
