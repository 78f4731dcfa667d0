/** How many instances there are, and by what that is decided, as a person writes it. */
import { z } from 'zod';
import {
	choice,
	duration,
	integer,
	key,
	list,
	map,
	notEmpty,
	object,
	oneOf,
	required,
	share,
	size,
	text,
	valueOrReference,
} from '../core/schema.ts';
import { complainOfChange, complainOfFlaps, complainOfRate, complainOfThreshold, complainOfUrl } from './scale-text.ts';

const count = integer(1, 10_000);
const least = integer(0, 10_000);
const off = z.literal(['off', false], { error: 'expected off' });

const cores = z
	.number({ error: 'expected cores, such as 0.5 or 2' })
	.min(0.05, { error: 'expected at least 0.05 cores' })
	.max(1024, { error: 'expected at most 1024 cores' });

/** `60%`, `200`, `300ms`, `512MiB`: the unit is that of the figure, which `resolve` knows. */
const target = oneOf(
	[
		z.number({ error: 'expected a number' }).positive({ error: 'expected a number above 0' }),
		text('a value with its unit, such as 60%, 300ms or 512MiB', notEmpty('a value with its unit')),
	],
	'a value with its unit, such as 60%, 200 or 300ms',
);

const targets = (of: string) => map(target, of);

const prometheusMetric = object({
	prometheus: required(text('a URL', complainOfUrl, 'URL'), 'Address of the Prometheus that is asked.', {
		example: 'http://127.0.0.1:9090',
	}),
	query: required(text('a PromQL expression', notEmpty('a PromQL expression')), 'What it is asked: one value.', {
		example: 'sum(backlog)',
	}),
	headers: key(
		map(valueOrReference, 'fields and values'),
		'Fields of the request, such as `authorization`; secrets by reference.',
		{
			default: {},
			example: { authorization: { env: 'PROMETHEUS_TOKEN' } },
		},
	),
});

const bands = map(text('a change such as +1, -50% or =8', complainOfChange), 'bounds and changes');

const step = object({
	metric: required(
		text('a signal or figure', notEmpty('a signal or figure')),
		'What the bounds are of: a name that `perInstance` takes, too.',
		{
			example: 'queue.length',
		},
	),
	above: key(bands, 'From a value on: a change of the size.', {
		defaultText: 'none',
		example: { 100: '+1', 500: '+50%' },
	}),
	below: key(bands, 'From a value down: a change of the size.', {
		defaultText: 'none',
		example: { 10: '-1' },
	}),
});

const schedule = object({
	cron: required(text('a cron expression', notEmpty('a cron expression')), 'When it begins.', {
		example: '0 8 * * 1-5',
	}),
	timezone: key(text('a time zone', notEmpty('a time zone')), 'Of which the hours are.', {
		defaultText: "the machine's",
		example: 'Europe/Berlin',
	}),
	for: required(duration(60_000, 31 * 86_400_000), 'How long it lasts.', { example: '10h' }),
	min: key(least, 'Least instances meanwhile.', { defaultText: 'as without it', example: 6 }),
	max: key(count, 'Most instances meanwhile.', { defaultText: 'as without it', example: 20 }),
});

/** `4 per 15s`, `100% per 1m`. */
const rate = text('a rate such as `4 per 15s` or `100% per 1m`', complainOfRate);

const direction = (window: string) =>
	object({
		tolerance: key(share(0, 1), 'How far a value may be from its target without a change.', {
			default: '10%',
			example: '5%',
		}),
		window: key(
			duration(0, 3_600_000),
			'What is asked for counts only when it was asked for all this time: the least of it scales out, the largest scales in.',
			{ defaultText: window, example: '30s' },
		),
		cooldown: key(duration(0, DAY_MS), 'Least time since the last change.', {
			defaultText: window,
			example: '60s',
		}),
		by: key(
			oneOf([rate, list(rate, 'rates')], 'a rate such as `4 per 15s`, or a list of them'),
			'How fast it may go.',
			{
				defaultText: 'see docs/scaling.md',
				example: ['4 per 15s', '100% per 15s'],
			},
		),
		select: key(choice('max', 'min', 'none'), 'Which of the rates counts: the one that allows most, or least.', {
			default: 'max',
			example: 'min',
		}),
	});

const DAY_MS = 86_400_000;

const vertical = object({
	mode: key(choice('recommend', 'apply'), 'Only say what size would do, or give it.', {
		default: 'recommend',
		example: 'apply',
	}),
	minCpu: key(cores, 'Least cores.', { default: 0.1, example: 0.5 }),
	maxCpu: key(cores, 'Most cores.', { defaultText: 'none', example: 4 }),
	minMemory: key(size(1_048_576, 2 ** 44), 'Least memory.', { default: '64MiB', example: '128MiB' }),
	maxMemory: key(size(1_048_576, 2 ** 44), 'Most memory.', { defaultText: 'none', example: '4GiB' }),
});

export const scaleLong = object({
	min: key(least, 'Least instances. 0: none while nothing is asked for; the next request waits until one is ready.', {
		defaultText: '2, or `max` if that is smaller',
		example: 2,
	}),
	max: key(count, 'Most instances.', { defaultText: 'the same as `min`', example: 8 }),
	mode: key(
		choice('on', 'scale-out-only', 'shadow', 'off'),
		'`shadow`: what would be done is said and kept, and not done.',
		{ default: 'on', example: 'shadow' },
	),
	perInstance: key(
		targets('signals and targets'),
		'What one instance is to have: `cpu`, `memory`, `requestsPerSecond`, `inFlight`, or any figure of `ballast metrics`. The signal that asks for most instances wins.',
		{ defaultText: 'none', example: { cpu: '60%', requestsPerSecond: 200 } },
	),
	keep: key(
		targets('figures and targets'),
		'What the service as a whole is to have, and more instances bring down: `p95`, `p99` or any figure.',
		{ defaultText: 'none', example: { p95: '300ms' } },
	),
	metrics: key(
		map(prometheusMetric, 'names and queries'),
		'Values from elsewhere, by a name for `perInstance`, `keep` and `steps`.',
		{
			defaultText: 'none',
			example: { backlog: { prometheus: 'http://127.0.0.1:9090', query: 'sum(backlog)' } },
		},
	),
	steps: key(list(step, 'steps'), 'Changes of the size by bounds.', {
		defaultText: 'none',
		example: [{ metric: 'queue.length', above: { 100: '+1', 500: '+50%' } }],
	}),
	schedule: key(list(schedule, 'schedules'), 'Other bounds at certain times.', {
		defaultText: 'none',
		example: [{ cron: '0 8 * * 1-5', for: '10h', min: 6 }],
	}),
	window: key(duration(1000, 3_600_000), 'Time over which values are taken.', { default: '30s', example: '1m' }),
	panic: key(
		oneOf(
			[
				off,
				object({
					window: key(duration(1000, 600_000), 'Short time over which values are taken, too.', {
						default: '6s',
						example: '10s',
					}),
					threshold: key(
						text('a share above 100%, such as 200%', complainOfThreshold, 'share'),
						'It counts once it asks for so many times the instances that are ready. Nothing goes in meanwhile.',
						{ default: '200%', example: '150%' },
					),
				}),
			],
			'off, or an object with window and threshold',
		),
		'Sees a rush at once.',
		{ default: { window: '6s', threshold: '200%' }, example: 'off' },
	),
	peakOver: key(duration(0, DAY_MS), 'Sized for the peak of this time.', { default: '0s', example: '10m' }),
	cooldown: key(
		duration(0, DAY_MS),
		'Least time from a change until instances go in, and the time over which fewer must be enough.',
		{ default: '5m', example: '60s' },
	),
	out: key(direction('0s'), 'How it goes out.', { default: {}, example: { by: '2 per 30s' } }),
	in: key(direction('`cooldown`'), 'How it goes in.', { default: {}, example: { by: '1 per 1m' } }),
	warmUp: key(
		oneOf([z.literal('learned', { error: 'expected learned' }), duration(0, 3_600_000)], 'learned or a duration'),
		'Time from ready until the CPU of an instance says something.',
		{ default: 'learned', example: '30s' },
	),
	flaps: key(
		oneOf([off, text('so many in a time, such as `3 per 10m`', complainOfFlaps)], 'off, or so many in a time'),
		'Most turns from out to in; after them nothing goes in for a while.',
		{ default: '3 per 10m', example: 'off' },
	),
	brake: key(
		oneOf([off, share(0.001, 1)], 'off or a share'),
		'Share of failed requests from which on nothing goes in.',
		{
			default: '20%',
			example: '5%',
		},
	),
	idle: key(duration(1000, DAY_MS), 'With `min: 0`: time without a request until the last instance goes.', {
		default: '5m',
		example: '15m',
	}),
	size: key(
		object({
			cpu: key(cores, 'Cores.', { defaultText: 'not bounded', example: 1 }),
			memory: key(size(16_777_216, 2 ** 44), 'Memory.', { defaultText: 'not bounded', example: '512MiB' }),
		}),
		'What each instance is given: processes, containers, or by the command `size`; of AWS and Azure the smallest of the listed types that has it. `cpu` and `memory` in `perInstance` are shares of it.',
		{
			defaultText: 'of `run` one core and what the machine has, else what the platform gives',
			example: { cpu: 1, memory: '512MiB' },
		},
	),
	vertical: key(
		oneOf([off, choice('recommend', 'apply'), vertical], 'off, recommend, apply or an object'),
		'Sizes from what instances really use: said, or given where a size can be given.',
		{ default: 'recommend', example: 'apply' },
	),
	nativeAutoscaler: key(
		choice('refuse', 'warn'),
		"Where the platform's own autoscaler is at work on the same instances: do nothing, or only say it.",
		{ default: 'refuse', example: 'warn' },
	),
});

export const scaleSchema = oneOf([count, scaleLong], 'a number of instances or an object with min, max');

export type ScaleInput = z.input<typeof scaleSchema>;
export type ScaleLong = z.input<typeof scaleLong>;
