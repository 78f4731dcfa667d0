/** What is too small, too big, or unlike the others. */
import type { Finding } from './finding.ts';
import type { InstanceObserved, Observed, ServiceObserved } from './observed.ts';
import { LEAST_REQUESTS } from './review-load.ts';
import { counted, percent, rate, size, time } from './words.ts';

/** What an instance is meant to use of its core. */
const TARGET_CPU = 0.6;
/** An average that one could do without: of a core. */
const IDLE_CPU = 0.15;
/** One for the work and one for when it dies. */
const LEAST_INSTANCES = 2;
/** A day has nights: less says nothing about what is too big. */
const LEAST_OVER_MS = 3_600_000;
/** Of a limit that is never met. */
const UNUSED_LIMIT = 0.1;
const LEAST_LIMIT = 50;
/** So many times the median of the others. */
const SLOWER = 3;
const MORE_ERRORS = 5;
const LEAST_ERRORS = 0.01;
/** Memory that grows by this share in the time, to at least so many bytes. */
const GROWTH = 0.5;
const LEAST_MEMORY = 200e6;
/** Starts of instances, a day. */
const MANY_STARTS = 10;

export function tooSmall(service: ServiceObserved, { fromMs, toMs }: Observed): Finding[] {
	const { name, ready, desired, starts } = service;
	const found: Finding[] = [];
	if (desired > 0 && ready < desired)
		found.push({
			kind: 'small',
			weight: ready === 0 ? 'problem' : 'advice',
			about: { service: name },
			text: `${name} has ${counted(ready, 'ready instance')} of ${desired}: \`ballast status\` says why.`,
			figures: [
				{ name: 'instances.ready', value: ready, unit: 'number' },
				{ name: 'instances.desired', value: desired, unit: 'number' },
			],
		});
	const days = (toMs - fromMs) / 86_400_000;
	const started = starts * 86_400;
	if (started >= MANY_STARTS && starts * 86_400 * days >= 3)
		found.push({
			kind: 'failing',
			weight: 'problem',
			about: { service: name },
			text: `Instances of ${name} were started ${rate(starts)}: they die, or are scaled up and down all the time. \`ballast events service:${name}\` says which.`,
			figures: [{ name: 'instances.starts', value: starts, unit: 'number' }],
		});
	return found;
}

export function tooBig(service: ServiceObserved, { fromMs, toMs }: Observed): Finding[] {
	if (toMs - fromMs < LEAST_OVER_MS) return [];
	const { name, concurrency, instances } = service;
	const found: Finding[] = [];
	const known = instances.filter(({ local, cpu }) => local && !Number.isNaN(cpu.mean));
	const used = known.reduce((sum, { cpu }) => sum + cpu.mean, 0);
	const peak = known.reduce((sum, { cpu }) => sum + cpu.most, 0);
	// By the peak, not the mean: what is too big at night may be just right at noon.
	const enough = Math.max(LEAST_INSTANCES, Math.ceil(peak / TARGET_CPU));
	if (known.length === instances.length && known.length > enough && used / known.length < IDLE_CPU)
		found.push({
			kind: 'big',
			weight: 'advice',
			about: { service: name },
			text: `${name} has ${known.length} instances that used ${percent(used / known.length)} of a core on average and ${percent(Math.max(...known.map(({ cpu }) => cpu.most)))} at most; ${enough} would do.`,
			figures: [{ name: 'cpu', value: used / known.length, unit: 'ratio' }],
		});
	if (
		concurrency !== null &&
		!concurrency.adaptive &&
		concurrency.limit >= LEAST_LIMIT &&
		concurrency.inFlight.most < concurrency.limit * UNUSED_LIMIT
	)
		found.push({
			kind: 'big',
			weight: 'note',
			about: { service: name },
			text: `${name} may have ${concurrency.limit} requests under way and never had more than ${Math.ceil(concurrency.inFlight.most)}: as a protection the limit is too far away.`,
			figures: [{ name: 'in_flight', value: concurrency.inFlight.most, unit: 'number' }],
		});
	return found;
}

export function uneven(service: ServiceObserved, { fromMs, toMs }: Observed): Finding[] {
	const seconds = (toMs - fromMs) / 1000;
	const { name } = service;
	const found = service.instances.filter(({ local }) => local).flatMap((each) => growing(name, each, toMs - fromMs));
	const busy = service.instances.filter(({ requests }) => requests * seconds >= LEAST_REQUESTS);
	if (busy.length < 3) return found;
	for (const instance of busy) {
		const others = busy.filter((each) => each !== instance);
		const [p95, errors] = [median(others.map((each) => each.p95)), median(others.map((each) => each.errorRate))];
		const about = { service: name, instance: instance.id };
		if (instance.p95 >= p95 * SLOWER)
			found.push({
				kind: 'uneven',
				weight: 'advice',
				about,
				text: `${instance.id} is slower than the other instances of ${name}: p95 of ${time(instance.p95)} against ${time(p95)}.`,
				figures: [{ name: 'p95', value: instance.p95, unit: 'seconds' }],
			});
		if (instance.errorRate >= LEAST_ERRORS && instance.errorRate >= errors * MORE_ERRORS)
			found.push({
				kind: 'uneven',
				weight: 'problem',
				about,
				text: `${instance.id} fails more often than the other instances of ${name}: ${percent(instance.errorRate)} of its requests against ${percent(errors)}.`,
				figures: [{ name: 'error_rate', value: instance.errorRate, unit: 'ratio' }],
			});
	}
	return found;
}

function growing(service: string, { id, memoryBefore, memoryNow }: InstanceObserved, overMs: number): Finding[] {
	if (!(memoryNow >= LEAST_MEMORY && memoryNow >= memoryBefore * (1 + GROWTH)) || overMs < LEAST_OVER_MS) return [];
	const text = `${id} uses ${size(memoryNow)} of memory, from ${size(memoryBefore)} ${time(overMs / 1000)} ago: it may be leaking.`;
	return [
		{
			kind: 'uneven',
			weight: 'advice',
			about: { service, instance: id },
			text,
			figures: [{ name: 'memory', value: memoryNow, unit: 'bytes' }],
		},
	];
}

function median(values: readonly number[]): number {
	const sorted = values.filter((value) => !Number.isNaN(value)).toSorted((a, b) => a - b);
	return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
