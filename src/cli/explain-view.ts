/** An explanation as lines for a terminal. */
import type { PoolConfig, ServiceConfig } from '../config/config.ts';
import { platformText } from '../config/platform-form.ts';
import { maskText, namesSecret } from '../config/problem.ts';
import { inert } from '../core/inert.ts';
import { formatDuration, formatShare, formatSize } from '../core/units.ts';
import type { HeaderPolicy, Policy } from '../gateway/config.ts';
import { isPlatform } from '../instances/kinds.ts';
import { formatRate } from '../resilience/rate.ts';
import { cacheOf, cacheText } from './explain-cache.ts';
import type { Answered, Considered, Explanation } from './explanation.ts';
import { plural } from './quantity.ts';
import type { InstanceStatus } from './status-answer.ts';
import { type Cell, type Column, table } from './table.ts';
import type { Terminal } from './terminal.ts';
import { clip, pad } from './text-width.ts';

/** Other routes that are listed; the rest is counted. */
const MOST_OTHERS = 40;

type Row = [head: string, text: string];

/** `live`: the instances that run; null when nothing is asked that runs. */
export function explanationLines(
	{ request, chosen, answered, others }: Explanation,
	live: InstanceStatus[] | null,
	terminal: Terminal,
): string[] {
	const width = terminal.size()?.columns ?? Number.POSITIVE_INFINITY;
	const { method, scheme, host, path, query } = request;
	const rows: Row[] =
		chosen === null
			? []
			: [
					['service', chosen.service],
					['route', routeText(chosen)],
					['takes', chosen.match],
				];
	const head = `${method} ${scheme ?? 'http'}://${host}${path}${query}`;
	const lines = [
		head,
		'',
		...[...rows, ...answerRows(answered), ...cacheRows(chosen, answered, method)].map(
			([name, text]) => `${pad(name, 10)}  ${inert(text)}`,
		),
	];
	const shown = lines.map((line) => clip(inert(line), width));
	if (live !== null && answered.by === 'instance') shown.push('', ...instanceLines(live, terminal));
	if (others.length > 0) shown.push('', ...otherLines(others, terminal));
	return shown;
}

function answerRows(answered: Answered): Row[] {
	if (answered.by === 'refusal') {
		const allow = answered.allow.length > 0 ? `; Allow: ${answered.allow.join(', ')}` : '';
		return [['answer', `${answered.status} ${answered.code}: no route takes it${allow}`]];
	}
	const { policy } = answered;
	const answerEdits = editRows('answer', policy.responseHeaders);
	if (answered.by === 'respond') {
		const { status, headers, body } = answered.answer;
		const fields = headers.map(([name, value]) => `${name}: ${shownValue(name, value)}`);
		const text = [`${status}`, ...fields, plural(Buffer.byteLength(body), 'byte')].join(', ');
		return [['answer', `fixed: ${text}`], ...answerEdits, ...limitRows(policy)];
	}
	if (answered.by === 'redirect')
		return [['answer', `${answered.redirect.status} to ${answered.redirect.to}`], ...answerEdits, ...limitRows(policy)];
	if (answered.by === 'files') return [['answer', `the file ${answered.file}`], ...answerEdits, ...limitRows(policy)];
	return [
		...poolRows(answered.service),
		...failoverRows(answered.service),
		['health', healthText(answered.service)],
		['outliers', outliersText(answered.service)],
		['balance', balanceText(answered.service)],
		['sent as', `${answered.target}, Host ${hostText(policy)}`],
		...editRows('request', policy.requestHeaders),
		...answerEdits,
		['timeouts', timeoutText(policy)],
		['retries', retryText(policy, answered.service)],
		['waits', waitText(policy, answered.service)],
		[
			'limits',
			`body ${formatSize(policy.bodyBytes)}, ${plural(answered.service.upstream.connections, 'connection')} to an instance from each worker`,
		],
		['in flight', concurrencyText(answered.service)],
		['priority', priorityText(policy)],
		...limitRows(policy),
	];
}

/** Where nothing is stored there is none. */
function cacheRows(chosen: Considered | null, answered: Answered, method: string): Row[] {
	if (chosen === null || answered.by !== 'instance' || !(method === 'GET' || method === 'HEAD')) return [];
	const policy = cacheOf(answered.service, chosen.route);
	return policy === null ? [] : [['cache', cacheText(policy)]];
}

/** The only pool, or each of them with its place in the order. */
function poolRows({ pools }: ServiceConfig): Row[] {
	if (pools.length === 0) return [['pool', 'none']];
	const [only] = pools;
	if (pools.length === 1 && only?.region === null) return [['pool', instancesText(only)]];
	return pools.map((pool) => {
		const { name, priority, region, weight } = pool;
		const where = region === null ? '' : ` in ${region}`;
		const share = weight === 1 ? '' : `, ×${weight}`;
		return ['pool', `${name} (priority ${priority}${where}${share}): ${instancesText(pool)}`];
	});
}

/** `run node server.js, 2 to 8 instances`. */
function instancesText({ instances, scale }: PoolConfig): string {
	if (instances.kind === 'urls') {
		return instances.urls
			.map(
				({ host, port, tls, weight }) =>
					`${tls ? 'https' : 'http'}://${host}:${port}${weight === 1 ? '' : ` ×${weight}`}`,
			)
			.join(', ');
	}
	if (instances.kind === 'dns') {
		return `dns ${instances.name}:${instances.port}${instances.tls ? ' over TLS' : ''}, looked up every ${formatDuration(instances.resolveMs)}`;
	}
	const size = scale.min === scale.max ? plural(scale.min, 'instance') : `${scale.min} to ${scale.max} instances`;
	if (isPlatform(instances)) return `${platformText(instances)}, ${size}`;
	return `run ${maskText(instances.command.join(' '))}, ${size}`;
}

function failoverRows({ failover }: ServiceConfig): Row[] {
	if (failover === null) return [];
	const { threshold, back, holdMs, warmUp } = failover;
	const warm = warmUp === 0 ? '' : `; the next is kept warm with ${formatShare(warmUp)}`;
	const text = `to the next priority below ${formatShare(threshold)} ready, back from ${formatShare(back)} after ${formatDuration(holdMs)}${warm}`;
	return [['failover', text]];
}

function healthText({ health }: ServiceConfig): string {
	const what = health.kind === 'tcp' ? 'TCP connect' : `${health.method} ${health.path}`;
	return `${what} every ${formatDuration(health.intervalMs)}; out after ${plural(health.unhealthyAfter, 'failure')}, in after ${health.healthyAfter}`;
}

function outliersText({ outliers, slowStartMs }: ServiceConfig): string {
	const { failures, latency, successRate, ejection, most } = outliers;
	const causes = [
		...(failures === 0 ? [] : [`${plural(failures, 'failure')} in a row`]),
		...(successRate === null ? [] : ['more failures than the others']),
		...(latency === null ? [] : ['slower than the others']),
	];
	const out =
		causes.length === 0
			? 'none'
			: `${causes.join(', ')}: out for ${formatDuration(ejection.baseMs)} and longer, at most ${formatShare(most)} of a pool`;
	return slowStartMs === 0 ? out : `${out}; slow start of ${formatDuration(slowStartMs)}`;
}

function balanceText({ balance }: ServiceConfig): string {
	const { by, key, loadFactor, cookie } = balance;
	if (by === 'cookie' && cookie !== null)
		return `cookie ${cookie.name}, ${cookie.ttlMs === null ? 'until the browser closes' : `for ${formatDuration(cookie.ttlMs)}`}`;
	if (key === null) return by;
	const bound = loadFactor === 0 ? 'unbounded' : `at most ${loadFactor} × the mean load`;
	return `${by} by ${key.from === 'address' ? 'address' : `${key.from} ${key.name}`}, ${bound}`;
}

function hostText({ host }: Policy): string {
	if (host.kind === 'set') return host.value;
	return host.kind === 'instance' ? 'of the instance' : 'as the client sent it';
}

function timeoutText({ timeouts }: Policy): string {
	const { connectMs, firstByteMs, requestMs, streamIdleMs } = timeouts;
	return `connect ${formatDuration(connectMs)}, first byte ${formatDuration(firstByteMs)}, request ${formatDuration(requestMs)}, idle ${formatDuration(streamIdleMs)}`;
}

function retryText({ retry }: Policy, { retryBudget }: ServiceConfig): string {
	if (retry.attempts === 1) return 'off';
	const on = [
		...(retry.connect ? ['failed connect'] : []),
		...(retry.reset ? ['reset'] : []),
		...(retry.timeout ? ['time-out'] : []),
		...retry.statuses,
	].join(', ');
	const budget =
		retryBudget === null ? 'no budget' : `budget ${formatShare(retryBudget.share)} or ${retryBudget.floor} a second`;
	return `${retry.attempts} attempts on ${on}; ${budget}; bodies up to ${formatSize(retry.bodyBytes)}`;
}

function waitText({ holdMs }: Policy, { breaker }: ServiceConfig): string {
	const bound = breaker.inFlight === 0 ? '' : `; at most ${breaker.inFlight} in flight at an instance`;
	return `${holdMs === 0 ? 'not' : `up to ${formatDuration(holdMs)}`} for an instance${bound}`;
}

/** `per-client: 100/s, 200 at once, by header x-api-key; over all routes of the service`. */
function limitRows({ rateLimit }: Policy): Row[] {
	return rateLimit.map(({ name, burst, key, from, full, of, ...rate }) => {
		const parts = key.map((part) => (part.from === 'header' ? `header ${part.name} (of ${from})` : part.from));
		const by = parts.length === 0 ? 'all clients together' : `by ${parts.join(' and ')}`;
		const whose = of === 'service' ? 'over all routes of the service' : 'of this route alone';
		const room = full === 'refuse' ? '; refuses when its table is full' : '';
		return ['rate limit', `${name}: ${formatRate(rate)}, ${burst} at once, ${by}; ${whose}${room}`];
	});
}

function concurrencyText({ concurrency }: ServiceConfig): string {
	if (concurrency === null) return 'as many as come';
	if (concurrency.kind === 'fixed') return `at most ${concurrency.limit} under way`;
	const { min, max, tolerance } = concurrency;
	return `adaptive, ${min} to ${max} under way; up to ${tolerance} × the latency of the uncrowded service`;
}

function priorityText({ priority: { header, from, default: level } }: Policy): string {
	return header === null
		? level
		: `by ${header}, of ${from === 'anyone' ? 'anyone' : 'trusted proxies'}; else ${level}`;
}

function editRows(name: string, { set, remove }: HeaderPolicy): Row[] {
	const rows: Row[] = set.map(([field, value]) => [name, `sets ${field}: ${shownValue(field, value)}`]);
	if (remove.length > 0) rows.push([name, `removes ${remove.join(', ')}`]);
	return rows;
}

function shownValue(name: string, value: string): string {
	return namesSecret(name) ? '***' : maskText(value);
}

const routeText = ({ route, service }: Considered) =>
	route === '*' ? `what no named route of ${service} takes` : route;

const INSTANCE_COLUMNS: Column[] = [
	{ title: 'INSTANCE', least: 12 },
	{ title: 'STATE' },
	{ title: 'ADDRESS', drop: 1 },
	{ title: 'IN FLIGHT', align: 'right', drop: 2 },
];

function instanceLines(live: readonly InstanceStatus[], terminal: Terminal): string[] {
	if (live.length === 0) return ['no instance runs'];
	const rows = live.map(({ id, state, host, port, inFlight }): Cell[] => [
		{ text: inert(id) },
		{ text: inert(state), ...(state === 'ready' ? { colour: 'green' } : { colour: 'yellow' }) },
		{ text: inert(`${host}:${port}`) },
		{ text: String(inFlight) },
	]);
	return table(INSTANCE_COLUMNS, rows, terminal);
}

const OTHER_COLUMNS: Column[] = [
	{ title: 'NOT', least: 12 },
	{ title: 'SERVICE', drop: 2 },
	{ title: 'TAKES', drop: 1, least: 16 },
	{ title: 'BECAUSE' },
];

const REASONS: Record<Considered['outcome'], string> = {
	chosen: '',
	'less specific': 'it fits, but less specifically',
	host: 'another host',
	path: 'another path',
	method: 'another method',
	header: 'a header is missing',
};

/** The nearest first: what fits but for one part tells more than what does not. */
function otherLines(others: readonly Considered[], terminal: Terminal): string[] {
	const nearness = ['less specific', 'header', 'method', 'path', 'host'];
	const sorted = others.toSorted((a, b) => nearness.indexOf(a.outcome) - nearness.indexOf(b.outcome));
	const rows = sorted
		.slice(0, MOST_OTHERS)
		.map(({ route, service, match, outcome }): Cell[] => [
			{ text: inert(route) },
			{ text: inert(service) },
			{ text: inert(match) },
			{ text: REASONS[outcome] },
		]);
	const more = others.length > MOST_OTHERS ? [`… and ${plural(others.length - MOST_OTHERS, 'route')} more`] : [];
	return [...table(OTHER_COLUMNS, rows, terminal), ...more];
}
