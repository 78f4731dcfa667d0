/** What a person writes of copies of results. Import the types only where zod must not be loaded. */
import { z } from 'zod';
import { duration, integer, key, list, object, oneOf, reference, required, size, text } from '../../core/schema.ts';
import { allowed, plain } from '../webhooks/config.ts';

const YEAR = 366 * 86_400_000;
const EXPECTED_ENDPOINT = 'a URL such as https://minio.internal:9000';
const EXPECTED_BUCKET = 'the name of a bucket';
const EXPECTED_PREFIX = 'a beginning such as films/';

const s3Schema = object({
	bucket: required(
		text(EXPECTED_BUCKET, (value) =>
			/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(value) ? undefined : `expected ${EXPECTED_BUCKET}`,
		),
		'The bucket.',
		{ example: 'films' },
	),
	region: key(
		text('a region such as eu-central-1', (value) =>
			/^[a-z0-9-]{1,40}$/.test(value) ? undefined : 'expected a region such as eu-central-1',
		),
		'Its region.',
		{ default: 'us-east-1', example: 'eu-central-1' },
	),
	endpoint: key(
		text(EXPECTED_ENDPOINT, (value) =>
			/^https?:\/\/[A-Za-z0-9.[\]:-]{1,255}\/?$/.test(value) && URL.canParse(value)
				? undefined
				: `expected ${EXPECTED_ENDPOINT}`,
		),
		'Of another store that speaks like S3.',
		{ defaultText: 'AWS', example: 'https://minio.internal:9000' },
	),
	prefix: key(
		text(EXPECTED_PREFIX, (value) =>
			/^[A-Za-z0-9_./-]{0,200}$/.test(value) ? undefined : `expected ${EXPECTED_PREFIX}`,
		),
		'What the names of copies begin with.',
		{ defaultText: 'nothing', example: 'films/' },
	),
	accessKeyId: required(reference, 'Who signs, by reference.', { example: { env: 'AWS_ACCESS_KEY_ID' } }),
	secretAccessKey: required(reference, 'The key that signs, by reference.', {
		example: { env: 'AWS_SECRET_ACCESS_KEY' },
	}),
});

export const mediaSchema = object({
	to: required(
		oneOf(
			[
				text('a folder such as ./films', (value) => (value === '' ? 'expected a folder such as ./films' : undefined)),
				s3Schema,
			],
			'a folder such as ./films, or an object with bucket, accessKeyId and secretAccessKey',
		),
		'A folder that is only for this, or a bucket of S3.',
		{ example: './films' },
	),
	most: key(size(1, 1_099_511_627_776), 'Largest file; a larger one stays where it is.', {
		default: '2GiB',
		example: '500MB',
	}),
	keep: key(duration(60_000, 100 * YEAR), 'In a folder: how long a copy is kept. In S3 the bucket says it.', {
		default: '30d',
		example: '7d',
	}),
	room: key(size(1, 1_125_899_906_842_624), 'In a folder: how much all may come to; then the oldest go.', {
		default: '100GiB',
		example: '10GB',
	}),
	allow: key(
		list(allowed, 'addresses, ranges or names', 0),
		'Addresses that are not public, from which files may come all the same.',
		{
			default: [],
			example: ['10.20.0.0/16'],
		},
	),
	http: key(list(plain, 'hosts', 0), 'Hosts from which files may come by http; with a port, that one is allowed too.', {
		default: [],
		example: ['127.0.0.1:9480'],
	}),
	ports: key(list(integer(1, 65_535), 'ports'), 'Ports that a URL may name.', { default: [443], example: [443, 8443] }),
});

const off = z.literal(['off', false], { error: 'expected off' });
export const mediaOrOff = oneOf([mediaSchema, off], 'an object with to, or off');

export type MediaInput = z.input<typeof mediaOrOff>;
