/** Probes: what a file says of them, laid over what is there already. */
import { parseDuration } from '../core/units.ts';
import { complainOfFieldName, complainOfFieldValue } from '../gateway/config-syntax.ts';
import { type BodyMatch, type HealthConfig, type HealthInput, parseStatuses } from '../health/config.ts';
import { namesSecret } from './problem.ts';
import type { Place } from './scope.ts';

/** A TCP connect every 2 s. */
export const DEFAULT_HEALTH: HealthConfig = {
	kind: 'tcp',
	method: 'GET',
	path: '/',
	headers: [],
	secretHeaders: [],
	body: null,
	intervalMs: 2000,
	timeoutMs: 2000,
	healthyAfter: 1,
	unhealthyAfter: 2,
	statuses: [[200, 399]],
};

type LongHealth = Exclude<HealthInput, string>;

/** What only a probe that sends a request has. */
const HTTP_KEYS = ['method', 'path', 'headers', 'body', 'statuses'] as const;

/** Probes: what the input says, over what it inherits. */
export function layHealth(base: HealthConfig, input: HealthInput | undefined, place: Place): HealthConfig {
	const own = longHealth(input);
	if (own.kind === 'tcp') {
		for (const key of HTTP_KEYS) {
			if (own[key] !== undefined)
				place.at(key).problem('expected nothing here: a `tcp` probe only connects', { at: 'key' });
		}
	}
	const kind = own.kind ?? base.kind;
	const times = {
		intervalMs: ms(own.interval, base.intervalMs),
		timeoutMs: ms(own.timeout, base.timeoutMs),
		healthyAfter: own.healthyAfter ?? base.healthyAfter,
		unhealthyAfter: own.unhealthyAfter ?? base.unhealthyAfter,
	};
	return kind === 'tcp' ? { ...DEFAULT_HEALTH, ...times } : { kind, ...request(base, own, place), ...times };
}

type RequestParts = Pick<HealthConfig, (typeof HTTP_KEYS)[number] | 'secretHeaders'>;

function request(base: HealthConfig, own: LongHealth, place: Place): RequestParts {
	const statuses = own.statuses === undefined ? undefined : [own.statuses].flat();
	const method = own.method ?? base.method;
	const body = own.body === undefined ? base.body : bodyMatch(own.body);
	if (method === 'HEAD' && body !== null && (own.method !== undefined || own.body !== undefined)) {
		const key = own.body === undefined ? 'method' : 'body';
		const message =
			key === 'body'
				? 'expected nothing here: an answer to HEAD has no body; use `method: GET`'
				: 'expected GET: an answer to HEAD has no body that `body` could be found in';
		place.at(key).problem(message, key === 'body' ? { at: 'key' } : { value: own.method });
	}
	return {
		method,
		path: own.path ?? base.path,
		...(own.headers === undefined
			? { headers: base.headers, secretHeaders: base.secretHeaders }
			: probeHeaders(own.headers, place.at('headers'))),
		body,
		statuses: statuses?.map((text) => parseStatuses(text) ?? [200, 399]) ?? base.statuses,
	};
}

function probeHeaders(
	input: NonNullable<LongHealth['headers']>,
	place: Place,
): Pick<HealthConfig, 'headers' | 'secretHeaders'> {
	const headers: [string, string][] = [];
	const secretHeaders: string[] = [];
	for (const [name, value] of Object.entries(input)) {
		const at = place.at(name);
		const wrong = complainOfProbeField(name, headers);
		if (wrong !== undefined) at.problem(wrong, { at: 'key' });
		const text = typeof value === 'object' ? at.secret(value) : String(value);
		if (text === undefined) continue;
		if (typeof value === 'object') secretHeaders.push(name.toLowerCase());
		else if (namesSecret(name) && text !== '')
			at.warn(`a secret stands in the file; write \`${name}: { env: … }\` or \`{ file: … }\``);
		const complaint = complainOfFieldValue(text);
		if (complaint !== undefined) at.problem(complaint, { value: text });
		headers.push([name, text]);
	}
	return { headers, secretHeaders };
}

function complainOfProbeField(name: string, others: readonly [string, string][]): string | undefined {
	const lower = name.toLowerCase();
	if (lower === 'host') return 'expected another field; the Host of a probe is what `host` of the service says';
	if (others.some(([other]) => other.toLowerCase() === lower))
		return 'expected each field once; the case of letters does not count';
	return complainOfFieldName(name);
}

function bodyMatch(input: NonNullable<LongHealth['body']>): BodyMatch {
	return typeof input === 'string' ? { kind: 'text', text: input } : { kind: 'pattern', source: input.matches };
}

function longHealth(input: HealthInput | undefined): LongHealth {
	if (input === undefined) return {};
	if (typeof input === 'string') return input === 'tcp' ? { kind: 'tcp' } : { kind: 'http', path: input };
	const asksHttp = input.kind === undefined && HTTP_KEYS.some((key) => input[key] !== undefined);
	return asksHttp ? { ...input, kind: 'http' } : input;
}

const ms = (text: string | undefined, otherwise: number) =>
	text === undefined ? otherwise : (parseDuration(text) ?? otherwise);
