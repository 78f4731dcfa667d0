/** Policies: what a file says of them, and how defaults, service and route lie over one another. */
import { formatDuration, parseDuration, parseSize } from '../core/units.ts';
import type { HeaderPolicy, Policy, Timeouts } from '../gateway/config.ts';
import { complainOfFieldName, complainOfFieldValue } from '../gateway/config-syntax.ts';
import { layCdn } from './resolve-cdn.ts';
import { layCompress } from './resolve-compress.ts';
import { layPriority } from './resolve-overload.ts';
import { checkLimitedFields, layRateLimits } from './resolve-rate-limit.ts';
import { DEFAULT_HOLD_MS, DEFAULT_RETRY, layRetry } from './resolve-retry.ts';
import type { UserDefaults } from './schema.ts';
import type { Place } from './scope.ts';

export type PolicyInput = Pick<
	UserDefaults,
	| 'timeouts'
	| 'limits'
	| 'host'
	| 'strip'
	| 'rewrite'
	| 'headers'
	| 'retry'
	| 'hold'
	| 'rateLimit'
	| 'priority'
	| 'cdn'
	| 'compress'
>;

export const DEFAULT_POLICY: Policy = {
	timeouts: { connectMs: 2000, firstByteMs: 60_000, requestMs: 300_000, streamIdleMs: 60_000 },
	bodyBytes: 10_485_760,
	host: { kind: 'preserve' },
	path: { strip: null, rewrite: null },
	requestHeaders: { set: [], remove: [] },
	responseHeaders: { set: [], remove: [] },
	retry: DEFAULT_RETRY,
	holdMs: DEFAULT_HOLD_MS,
	rateLimit: [],
	priority: { header: null, from: 'trusted', default: 'normal' },
	cdn: null,
	compress: null,
};

/** A service's or route's policy: what the input says, laid over what it inherits. */
export function layPolicy(base: Policy, input: PolicyInput, place: Place): Policy {
	const body = input.limits?.body;
	const { strip, rewrite } = input;
	const timeouts = layTimeouts(base.timeouts, input, place);
	const policy: Policy = {
		timeouts,
		...layRetry(base, input, place, timeouts),
		bodyBytes: body === undefined ? base.bodyBytes : (parseSize(body) ?? base.bodyBytes),
		host: hostPolicy(input.host) ?? base.host,
		path: {
			strip: strip === undefined ? base.path.strip : typeof strip === 'string' && strip !== 'off' ? strip : null,
			rewrite:
				rewrite === undefined ? base.path.rewrite : typeof rewrite === 'object' ? rewritePolicy(rewrite, place) : null,
		},
		requestHeaders: layHeaders(base.requestHeaders, input, place.at('headers', 'request')),
		responseHeaders: layHeaders(base.responseHeaders, input, place.at('headers', 'response')),
		rateLimit: layRateLimits(base.rateLimit, input, place),
		priority: layPriority(base.priority, input.priority, place.at('priority')),
		cdn: layCdn(base.cdn, input.cdn, place.at('cdn')),
		compress: layCompress(base.compress, input.compress),
	};
	checkLimitedFields(policy, input, place);
	return policy;
}

const ms = (text: string | undefined, otherwise: number) =>
	text === undefined ? otherwise : (parseDuration(text) ?? otherwise);

const ORDER = ['connect', 'firstByte', 'request'] as const;

function layTimeouts(base: Timeouts, { timeouts }: PolicyInput, place: Place): Timeouts {
	if (timeouts === undefined) return base;
	const result: Timeouts = {
		connectMs: ms(timeouts.connect, base.connectMs),
		firstByteMs: ms(timeouts.firstByte, base.firstByteMs),
		requestMs: ms(timeouts.request, base.requestMs),
		streamIdleMs: ms(timeouts.idle, base.streamIdleMs),
	};
	checkOrder(timeouts, result, place.at('timeouts'));
	return shortened(result, timeouts);
}

/** What is said here must hold: a time that a longer one cuts off is a mistake. */
function checkOrder(said: NonNullable<PolicyInput['timeouts']>, result: Timeouts, place: Place): void {
	const values = { connect: result.connectMs, firstByte: result.firstByteMs, request: result.requestMs };
	for (const [at, shorter] of ORDER.entries()) {
		const longer = ORDER[at + 1];
		if (longer === undefined || said[shorter] === undefined || values[shorter] <= values[longer]) continue;
		const where = said[longer] === undefined ? ' where nothing is said here' : '';
		place.at(shorter).problem(`expected at most \`${longer}\`, which is ${formatDuration(values[longer])}${where}`, {
			value: said[shorter],
			related: [place.at(longer).path],
		});
	}
}

/** Times that are inherited give way to a shorter one that is said here. */
function shortened(times: Timeouts, said: NonNullable<PolicyInput['timeouts']>): Timeouts {
	const firstByteMs = said.firstByte === undefined ? Math.min(times.firstByteMs, times.requestMs) : times.firstByteMs;
	const connectMs = said.connect === undefined ? Math.min(times.connectMs, firstByteMs) : times.connectMs;
	return { ...times, connectMs, firstByteMs };
}

function hostPolicy(host: PolicyInput['host']): Policy['host'] | undefined {
	if (host === undefined) return undefined;
	return typeof host === 'string' ? { kind: host } : { kind: 'set', value: host.set.toLowerCase() };
}

function rewritePolicy(rewrite: { from: string; to: string }, place: Place): Policy['path']['rewrite'] {
	const at = place.at('rewrite', 'to');
	const groups = (new RegExp(`${rewrite.from}|`, 'u').exec('')?.length ?? 1) - 1;
	const highest = Math.max(0, ...[...rewrite.to.matchAll(/\$(\d{1,2})/g)].map((found) => Number(found[1])));
	if (highest > groups) {
		const has = groups === 0 ? 'no group' : groups === 1 ? 'one group' : `${groups} groups`;
		at.problem(`expected groups that \`from\` has; it has ${has}, not \`$${highest}\``, { value: rewrite.to });
	}
	return { pattern: rewrite.from, replacement: rewrite.to };
}

function layHeaders(base: HeaderPolicy, input: PolicyInput, place: Place): HeaderPolicy {
	const side = place.path.at(-1) as 'request' | 'response';
	const edits = input.headers?.[side];
	if (edits === undefined) return base;
	const remove = (typeof edits.remove === 'string' ? [edits.remove] : (edits.remove ?? [])).map((name) =>
		name.toLowerCase(),
	);
	const secret: string[] = [];
	const set: [string, string][] = [];
	for (const [name, value] of Object.entries(edits.set ?? {})) {
		const at = place.at('set', name);
		const message =
			complainOfSetField(name, side, set) ?? (remove.includes(name.toLowerCase()) ? SET_AND_REMOVED : undefined);
		if (message !== undefined) at.problem(message, { at: 'key' });
		const text = typeof value === 'object' ? at.secret(value) : String(value);
		if (text === undefined) continue;
		if (typeof value === 'object') secret.push(name.toLowerCase());
		const wrong = complainOfFieldValue(text);
		if (wrong !== undefined) at.problem(wrong, { value: text });
		set.push([name, text]);
	}
	if (side === 'request' && remove.includes('host')) {
		place.at('remove').problem('expected other fields; the Host of a request is chosen by `host`');
	}
	return mergeHeaders(base, { set, remove, secret });
}

const SET_AND_REMOVED = 'expected a field that is not also in `remove`; setting a field replaces it';

function complainOfSetField(name: string, side: 'request' | 'response', set: [string, string][]): string | undefined {
	const lower = name.toLowerCase();
	if (side === 'request' && lower === 'host')
		return 'expected another field; write `host: { set: … }` for the Host of a request';
	if (set.some(([other]) => other.toLowerCase() === lower))
		return 'expected each field once; the case of letters does not count';
	return complainOfFieldName(name);
}

/** What the upper one sets replaces what the lower one sets or removes, and what it removes is set no more. */
function mergeHeaders(lower: HeaderPolicy, upper: Required<HeaderPolicy>): HeaderPolicy {
	const own = new Map(upper.set.map((entry) => [entry[0].toLowerCase(), entry]));
	const kept = lower.set.filter(([name]) => !upper.remove.includes(name.toLowerCase()));
	const replaced = kept.map((entry) => own.get(entry[0].toLowerCase()) ?? entry);
	const set = [...replaced, ...upper.set.filter((entry) => !replaced.includes(entry))];
	const remove = [...new Set([...lower.remove.filter((name) => !own.has(name)), ...upper.remove])];
	const inherited = (lower.secret ?? []).filter((name) => !own.has(name) && !upper.remove.includes(name));
	const secret = [...inherited, ...upper.secret];
	return { set, remove, ...(secret.length === 0 ? {} : { secret }) };
}
