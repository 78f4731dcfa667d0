/** What a person writes of a service with `preset: heygen`. */
import type { z } from 'zod';
import { integer, key, list, object, oneOf, reference, required, text } from '../../core/schema.ts';

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

export type AccountsInput = z.input<typeof accountsSchema>;
export type WebhooksInput = z.input<typeof webhooksSchema>;
