/** How a new version of a service takes over: `deploy`. Import the types only where zod must not be loaded. */
import { z } from 'zod';
import { closest } from '../core/closest.ts';
import { choice, duration, integer, key, list, object, oneOf, text } from '../core/schema.ts';
import { parseShare } from '../core/units.ts';

/** Which requests go to the new version: a share of all, or those that a header field or cookie marks. */
export type DeployBy = { kind: 'weight' } | { kind: 'header' | 'cookie'; name: string };

/** Roll-outs of one service, resolved. */
export interface DeployConfig {
	/** Shares of the requests that the new version takes one after the other, growing, each above 0 and below 1. Then all. */
	steps: number[];
	/** Least time of a step, ms. */
	everyMs: number;
	/** Judged requests of the new version that a step needs at least. */
	requests: number;
	/** How many more of its requests may fail than of the old version's: a share, 0…0.5. */
	errors: number;
	/** How many times the old version's time it may take, > 1; null: time does not count. */
	latency: number | null;
	/** Header names are lower case. */
	by: DeployBy;
	/** Share of the safe requests that is copied to the new version before it gets any of its own; 0: none. */
	mirror: number;
	/** Instances of the new version until it takes over; null: as many as its share needs. */
	instances: number | null;
	/** Most time of a step, ms. */
	giveUpMs: number;
}

export const DEFAULT_DEPLOY: DeployConfig = {
	steps: [0.01, 0.05, 0.25, 0.5],
	everyMs: 60_000,
	requests: 200,
	errors: 0.01,
	latency: 1.5,
	by: { kind: 'weight' },
	mirror: 0,
	instances: null,
	giveUpMs: 3_600_000,
};

const SHARE = 'a share such as 5%';

const share = (complain: (share: number) => string | undefined) =>
	text(
		SHARE,
		(value) => {
			const found = parseShare(value);
			return found === undefined ? `expected ${SHARE}` : complain(found);
		},
		'share',
	);

const within = (min: number, max: number) => (value: number) =>
	value < min || value > max ? `expected a share from ${min * 100}% to ${max * 100}%` : undefined;

const off = choice('off');
const ratio = 'expected a number from 1.05 to 100, or off';
const by = 'weight, header:NAME or cookie:NAME';

export const deployLong = object({
	steps: key(
		list(share(within(0.001, 0.99)), 'shares such as 1%, 5%, 25%'),
		'Shares of the requests that the new version takes, one after the other, growing. After the last it takes all.',
		{ default: ['1%', '5%', '25%', '50%'], example: ['1%', '10%'] },
	),
	every: key(duration(100), 'Least time of a step.', { default: '1m', example: '10m' }),
	requests: key(
		integer(10, 1_000_000),
		'Judged requests of the new version that a step needs at least. It takes more where these do not tell whether three times `errors` are failing.',
		{ default: 200, example: 1000 },
	),
	errors: key(
		share(within(0, 0.5)),
		"How many more of its requests may fail than of the old version's: those without an answer, and those answered 5xx.",
		{ default: '1%', example: '0.5%' },
	),
	latency: key(
		oneOf(
			[off, z.number({ error: ratio }).min(1.05, { error: ratio }).max(100, { error: ratio })],
			'a number from 1.05 to 100, or off',
		),
		"How many times the old version's time it may take, by the median and by p95. Less than 5 ms more never counts.",
		{ default: 1.5, example: 2 },
	),
	by: key(
		text(by, complainOfBy),
		'Which requests go to it: a share of all, or those with this header field or cookie and no others (empty, `0`, `off` and `false` count as without).',
		{ default: 'weight', example: 'header:x-canary' },
	),
	mirror: key(
		oneOf([off, share(within(0.001, 1))], 'off or a share such as 10%'),
		'Share of the GET and HEAD requests without a body that are copied to the new version before it gets any of its own. Its answers are thrown away.',
		{ default: 'off', example: '10%' },
	),
	instances: key(integer(1, 1000), 'Instances of the new version until it takes all requests.', {
		defaultText: 'as many as its share needs, at least 1',
		example: 2,
	}),
	giveUp: key(
		duration(1000, 7 * 86_400_000),
		'Most time of a step. A version that could not be judged by then is rolled back.',
		{ default: '1h', example: '6h' },
	),
});

export const deploySchema = oneOf(
	[list(share(within(0.001, 0.99)), 'shares such as 1%, 5%, 25%'), deployLong],
	'a list of shares or an object with steps, every, requests, errors, latency, by, mirror, instances, giveUp',
);

export type DeployInput = z.input<typeof deploySchema>;

/** `header:X-Canary` → { kind: 'header', name: 'x-canary' }; undefined when it is none. */
export function parseDeployBy(value: string): DeployBy | undefined {
	if (value === 'weight') return { kind: 'weight' };
	const found = /^(header|cookie):([!#$%&'*+\-.^_`|~0-9A-Za-z]{1,128})$/.exec(value);
	if (found === null) return undefined;
	const kind = found[1] as 'header' | 'cookie';
	const name = found[2] as string;
	return { kind, name: kind === 'header' ? name.toLowerCase() : name };
}

function complainOfBy(value: string): string | undefined {
	if (parseDeployBy(value) !== undefined) return undefined;
	const near = closest(value.split(':', 1)[0] ?? '', ['weight', 'header', 'cookie']);
	if (near === undefined) return `expected ${by}`;
	return `expected ${by}; did you mean \`${near === 'weight' ? near : `${near}:${value.split(':', 2)[1] || 'NAME'}`}\`?`;
}
