/** What has too much to do, and what fails. */
import type { Finding } from './finding.ts';
import type { HostObserved, Observed, ServiceObserved } from './observed.ts';
import { counted, percent, rate, time } from './words.ts';

/** Shares of a machine that leave no room for a burst. */
const HOST_CPU = 0.85;
const HOST_MEMORY = 0.9;
const DISK = 0.85;
const DISK_SOON_S = 7 * 86_400;
const LAG_S = 0.05;
/** Of its one core: Node.js runs JavaScript on one, and waits grow steeply from there. */
const INSTANCE_CPU = 0.8;
const CONCURRENCY = 0.9;
/** Of requests. */
const REFUSED = 0.001;
const HELD = 0.01;
const ERRORS = 0.01;
const RETRIES = 0.05;
/** Less is no traffic to judge by: requests in the time. */
export const LEAST_REQUESTS = 100;

export function saturatedHost({ cores, cpu, memory, disks, lag }: HostObserved): Finding[] {
	const found: Finding[] = [];
	if (cpu.mean >= HOST_CPU) {
		const text = `The machine's ${counted(cores, 'core')} ${cores === 1 ? 'was' : 'were'} ${percent(cpu.mean)} busy on average and ${percent(cpu.most)} at most: requests wait for them. More or larger machines, or fewer instances on this one.`;
		found.push(saturated(text, { cpu: cpu.mean }, 'ratio'));
	}
	if (memory.most >= HOST_MEMORY) {
		const text = `The machine's memory was up to ${percent(memory.most)} in use (${percent(memory.mean)} on average); the system ends processes when nothing is left.`;
		found.push(saturated(text, { 'memory.used': memory.most }, 'ratio'));
	}
	for (const { mount, used, fullInS } of disks) {
		const soon = fullInS < DISK_SOON_S;
		if (!(used >= DISK) && !soon) continue;
		const when = soon ? `; as it grows now it is full in ${time(fullInS)}` : '';
		const text = `${mount} is ${percent(used)} full${when}. Keep logs for less long (\`store\`, \`logs\`), or give it more room.`;
		found.push(saturated(text, { 'disk.used': used }, 'ratio'));
	}
	if (lag.mean >= LAG_S) {
		const text = `Ballast's own event loop was ${time(lag.mean)} late on average and ${time(lag.most)} at most: it has too little CPU, or too few workers.`;
		found.push(saturated(text, { 'event_loop.lag': lag.mean }, 'seconds'));
	}
	return found;
}

export function saturatedService(service: ServiceObserved): Finding[] {
	const { name, concurrency, instances } = service;
	const found: Finding[] = [];
	const local = instances.filter(({ local }) => local);
	const busy = local.filter(({ cpu }) => cpu.mean >= INSTANCE_CPU);
	if (busy.length > 0) {
		const all = busy.length === local.length;
		const mean = busy.reduce((sum, { cpu }) => sum + cpu.mean, 0) / busy.length;
		const who = all
			? `${local.length === 1 ? 'The only instance' : `All ${local.length} instances`} of ${name}`
			: `${counted(busy.length, 'instance')} of ${name} (${busy
					.slice(0, 3)
					.map(({ id }) => id)
					.join(', ')})`;
		const advice = all
			? 'Run more of them, or look at what they do: `ballast profile`.'
			: 'The others have room: look at how requests are balanced.';
		const text = `${who} used ${percent(mean)} of a core on average. ${advice}`;
		found.push({ ...saturated(text, { cpu: mean }, 'ratio'), about: { service: name } });
	}
	if (concurrency !== null && concurrency.inFlight.most >= concurrency.limit * CONCURRENCY) {
		const { limit, inFlight } = concurrency;
		const text = `${name} had up to ${Math.round(inFlight.most)} requests under way, of ${Math.round(limit)} that it may have${service.shed > 0 ? `; ${rate(service.shed)} were refused` : ''}.`;
		found.push({ ...saturated(text, { in_flight: inFlight.most }, 'number'), about: { service: name } });
	}
	return found;
}

export function failingService(
	service: ServiceObserved,
	{ fromMs, toMs }: Pick<Observed, 'fromMs' | 'toMs'>,
): Finding[] {
	const { name, requests, errorRate, retryRate } = service;
	if (requests * ((toMs - fromMs) / 1000) < LEAST_REQUESTS) return [];
	const found: Finding[] = [];
	const add = (text: string, figure: string, value: number) =>
		found.push({
			kind: 'failing',
			weight: 'problem',
			about: { service: name },
			text,
			figures: [{ name: figure, value, unit: 'ratio' }],
		});
	if (errorRate >= ERRORS) {
		const worst = service.routes
			.filter((route) => route.errorRate >= ERRORS)
			.toSorted((a, b) => b.errorRate * b.requests - a.errorRate * a.requests)[0];
		const where = worst === undefined ? '' : `, most of them of ${worst.name} (${percent(worst.errorRate)})`;
		add(`${percent(errorRate)} of the requests to ${name} failed${where}.`, 'error_rate', errorRate);
	}
	if (retryRate >= RETRIES)
		add(
			`${percent(retryRate)} of the requests to ${name} were tried again: its instances refuse or drop them.`,
			'retry_rate',
			retryRate,
		);
	for (const [figure, perSecond, why] of [
		['shed', service.shed, 'refused to protect it'],
		['limited', service.limited, 'over a rate limit'],
	] as const) {
		const share = perSecond / requests;
		if (share >= REFUSED) add(`${percent(share)} of the requests to ${name} were ${why}.`, figure, share);
	}
	if (service.held / requests >= HELD)
		add(
			`${percent(service.held / requests)} of the requests to ${name} had to wait for an instance.`,
			'held',
			service.held / requests,
		);
	return [...found, ...outlying(service)];
}

/** Few ejections are what ejecting is for. */
const EJECTIONS_A_DAY = 10;

function outlying({ name, ejections, routes }: ServiceObserved): Finding[] {
	const found: Finding[] = [];
	if (ejections * 86_400 >= EJECTIONS_A_DAY)
		found.push({
			kind: 'failing',
			weight: 'problem',
			about: { service: name },
			text: `Instances of ${name} were taken out ${rate(ejections)} because their requests failed. \`ballast events service:${name}\` says which.`,
			figures: [{ name: 'ejections', value: ejections, unit: 'number' }],
		});
	for (const { name: route, budgetLeft } of routes) {
		if (!(budgetLeft < 0)) continue;
		found.push({
			kind: 'failing',
			weight: 'problem',
			about: { service: name, route },
			text: `${route} of ${name} missed its objective: its error budget is spent, and ${percent(-budgetLeft)} more.`,
			figures: [{ name: 'slo.budget', value: budgetLeft, unit: 'ratio' }],
		});
	}
	return found;
}

function saturated(text: string, figures: Record<string, number>, unit: Finding['figures'][number]['unit']): Finding {
	const told = Object.entries(figures).map(([name, value]) => ({ name, value, unit }));
	return { kind: 'saturated', weight: 'problem', about: {}, text, figures: told };
}
