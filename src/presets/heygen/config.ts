/** What a person writes of a service with `preset: heygen`. */
import type { z } from 'zod';
import { choice, integer, key, list, object, oneOf, reference, required, text } from '../../core/schema.ts';
import { type CreditInput, creditSchema } from '../../jobs/external/credit-config.ts';
import { type MediaInput, mediaOrOff } from '../../jobs/media/media-config.ts';
import { type SpendInput, spendSchema } from '../../jobs/spend/config.ts';

const secrets = oneOf(
	[reference, list(reference, 'references')],
	'`{ env: NAME }`, `{ file: ./path }`, or a list of them',
);

export const accountsSchema = list(
	object({
		key: required(reference, 'The API key, by reference. Clients neither see nor set it.', {
			example: { env: 'HEYGEN_API_KEY' },
		}),
		maxJobs: key(integer(1, 1000), 'Jobs that the account may have under way at a time.', { default: 10, example: 3 }),
		name: key(
			text('a name of letters, digits, `-` and `_`', (value) =>
				/^[A-Za-z0-9_-]{1,40}$/.test(value) ? undefined : 'expected a name of letters, digits, `-` and `_`',
			),
			'What it is called in figures; jobs under way keep the account of this name.',
			{ defaultText: '`account-1`, `account-2` …', example: 'main' },
		),
	}),
	'accounts',
);

const PATH = 'a path such as /hooks/heygen';

export const webhooksSchema = object({
	path: key(
		text(PATH, (value) => (/^\/[\x21-\x7e]{1,200}$/.test(value) ? undefined : `expected ${PATH}`)),
		'Path at which Ballast takes them; register it with HeyGen.',
		{ default: '/hooks/heygen', example: '/webhooks/videos' },
	),
	secret: required(secrets, 'The secret of the endpoint, `whsec_…`, by reference; several while it is rotated.', {
		example: { env: 'HEYGEN_WEBHOOK_SECRET' },
	}),
});

/** Keys of a service that are for its preset. */
export const presetKeys = {
	preset: key(
		choice('heygen'),
		'What is known of this API is filled in; what the service says itself is laid over it. `ballast print` shows what comes of it.',
		{ defaultText: 'none', example: 'heygen' },
	),
	accounts: key(accountsSchema, 'Of a preset: the accounts among which its jobs are shared out.', {
		defaultText: 'none',
		example: [{ key: { env: 'HEYGEN_API_KEY' }, maxJobs: 10 }],
	}),
	webhooks: key(webhooksSchema, 'Of a preset: the webhooks by which the API tells of ends.', {
		defaultText: 'none: only asking finds them',
		example: { secret: { env: 'HEYGEN_WEBHOOK_SECRET' } },
	}),
	credit: key(creditSchema, 'Of a preset: how it is asked what is left at each account, as `offload.credit`.', {
		defaultText: 'each 5 min, low below 20',
		example: { below: 100 },
	}),
	media: key(mediaOrOff, 'Of a preset: where results are copied to, as `offload.external.result.media`.', {
		default: 'off',
		example: { to: './films' },
	}),
	spend: key(spendSchema, 'Of a preset: what its jobs may cost, as `offload.spend`; prices are those of the preset.', {
		defaultText: 'as much as comes; it is counted all the same',
		example: { perTenant: 20, total: 500 },
	}),
};

export type { CreditInput, MediaInput, SpendInput };
export type AccountsInput = z.input<typeof accountsSchema>;
export type WebhooksInput = z.input<typeof webhooksSchema>;
