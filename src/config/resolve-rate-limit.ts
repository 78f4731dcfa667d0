/** Rate limits: what a file says of them, and what contradicts itself or the rest. */
import { orList } from '../core/or-list.ts';
import type { LimitKeyPart, NodeLimits, Policy, RateLimitPolicy } from '../gateway/config.ts';
import { complainOfFieldName } from '../gateway/config-syntax.ts';
import { formatRate, parseRate, type Rate } from '../resilience/rate.ts';
import { parseLimitKey, type RateLimitInput } from '../resilience/rate-limit-config.ts';
import type { UserDefaults } from './schema.ts';
import type { Place } from './scope.ts';

type PolicyInput = Pick<UserDefaults, 'rateLimit' | 'headers'>;
type LongInput = Extract<RateLimitInput, { rate: string }>;
/** What stands alone, or in a list. */
type OneInput = string | LongInput;

/** Limits of one route, its service's included. */
const MOST_LIMITS = 8;
const MOST_REFILL_MS = 30 * 86_400_000;

/** What a file says at one place takes the place of what it inherits; `inherit` in a list puts that in front. */
export function layRateLimits(base: RateLimitPolicy[], input: PolicyInput, place: Place): RateLimitPolicy[] {
	const written = writtenLimits(input.rateLimit, place.at('rateLimit'));
	if (written === undefined) return base;
	const inherits = written.some(({ input: one }) => one === 'inherit');
	// `defaults` inherit from nothing; a route has two names more in its path than a service.
	if (inherits && place.path.length === 1)
		place.at('rateLimit').problem('expected limits: `defaults` have nothing to inherit');
	const of = place.path.length > 2 ? 'route' : 'service';
	const own = written.filter(({ input: one }) => one !== 'inherit');
	const limits = inherits ? [...base] : [];
	for (const { input: one, at } of own) {
		const limit = { ...resolveLimit(one, at), of } satisfies RateLimitPolicy;
		if (limits.some(({ name }) => name === limit.name)) {
			const where = typeof one === 'object' && one.name !== undefined ? at.at('name') : at;
			where.problem(`expected a name of its own; another limit here is \`${limit.name}\` too, so give this a \`name\``);
		}
		limits.push(limit);
	}
	if (limits.length > MOST_LIMITS)
		place.at('rateLimit').problem(`expected at most ${MOST_LIMITS} limits for a request`);
	return limits;
}

/** Each limit that is written at a place; undefined: nothing is said. */
function writtenLimits(input: RateLimitInput | undefined, place: Place): { input: OneInput; at: Place }[] | undefined {
	if (input === undefined) return undefined;
	if (input === 'off' || input === false) return [];
	if (Array.isArray(input)) return input.map((one, index) => ({ input: one as OneInput, at: place.at(index) }));
	return [{ input: input as OneInput, at: place }];
}

function resolveLimit(input: OneInput, place: Place): Omit<RateLimitPolicy, 'of'> {
	const long: Partial<LongInput> = typeof input === 'string' ? {} : input;
	const rate = rateOf(typeof input === 'string' ? input : input.rate);
	const burst = long.burst ?? rate.count;
	const key = resolveKey(long.key ?? 'address', place.at('key'));
	const refillMs = (burst * rate.perMs) / rate.count;
	if (refillMs > MOST_REFILL_MS) {
		const days = Math.ceil(refillMs / 86_400_000);
		place
			.at('burst')
			.problem(`expected a burst that is there again within 30d; at ${formatRate(rate)} this one takes ${days}d`, {
				value: burst,
				related: [place.at('rate').path],
			});
	}
	if (long.from === 'anyone' && !key.some(({ from }) => from === 'header')) {
		place.at('from').problem('expected nothing here: the limit counts by no header field', {
			at: 'key',
			related: [place.at('key').path],
		});
	}
	return {
		name: long.name ?? defaultName(key, rate),
		...rate,
		burst,
		key,
		from: long.from ?? 'trusted',
		full: long.full ?? 'admit',
		entries: long.entries ?? 65_536,
	};
}

function rateOf(text: string): Rate {
	const found = parseRate(text);
	return typeof found === 'string' ? { count: 1, perMs: 1000 } : found;
}

/** `everyone` is no part: nothing tells clients apart then. */
function resolveKey(input: NonNullable<LongInput['key']>, place: Place): LimitKeyPart[] {
	const parts: LimitKeyPart[] = [];
	const several = Array.isArray(input);
	for (const [index, text] of [input].flat().entries()) {
		const at = several ? place.at(index) : place;
		const part = parseLimitKey(text);
		if (part === undefined) continue;
		if (part.from === 'header') {
			const message = complainOfFieldName(part.name);
			if (message !== undefined) at.problem(message, { value: text });
			parts.push(part);
		} else if (part.from !== 'everyone') parts.push({ from: part.from });
		else if (several && input.length > 1)
			at.problem('expected `everyone` alone: it counts all clients together', { value: text });
		if (several && input.slice(0, index).includes(text)) at.problem('expected each part once', { value: text });
	}
	return parts;
}

function defaultName(key: readonly LimitKeyPart[], rate: Rate): string {
	const words = key.map((part) => (part.from === 'header' ? part.name.replaceAll('`', '-') : part.from));
	const by = words.length === 0 ? 'everyone' : words.join('+').slice(0, 80);
	return `${by}-${formatRate(rate)}`;
}

/** A field that does not reach the instances as the client's proxy sent it says nothing of the client. */
export function checkLimitedFields({ rateLimit, requestHeaders }: Policy, input: PolicyInput, place: Place): void {
	if (input.rateLimit === undefined && input.headers?.request === undefined) return;
	for (const { name, key } of rateLimit) {
		for (const part of key) {
			if (part.from !== 'header') continue;
			const removed = requestHeaders.remove.includes(part.name);
			const set = requestHeaders.set.some(([field]) => field.toLowerCase() === part.name);
			if (!removed && !set) continue;
			const edit = removed ? 'remove' : 'set';
			const at = input.rateLimit === undefined ? place.at('headers', 'request', edit) : place.at('rateLimit');
			const what = removed ? 'takes out of the request' : 'sets itself';
			at.problem(
				`conflict: the limit \`${name}\` counts by \`${part.name}\`, which \`headers.request.${edit}\` ${what}; count by another field`,
				{ at: 'key', related: [place.at('headers').path] },
			);
		}
	}
}

/** Says where a limit counts by a field that nobody is believed about, or that never arrives. */
export function checkLimitTrust(
	node: { trust: readonly unknown[]; limits: Pick<NodeLimits, 'underscores'> },
	policies: readonly { input: PolicyInput; place: Place }[],
): void {
	for (const { input, place } of policies) {
		for (const { input: one, at } of writtenLimits(input.rateLimit, place.at('rateLimit')) ?? []) {
			if (typeof one === 'string') continue;
			const names = [one.key ?? []].flat().flatMap((text) => {
				const part = parseLimitKey(text);
				return part?.from === 'header' ? [part.name] : [];
			});
			if (names.length === 0) continue;
			const said = orList(names.map((name) => `\`${name}\``));
			if (one.from !== 'anyone' && node.trust.length === 0) {
				at.at('key').problem(
					`expected a proxy in \`trust\` that is believed about ${said}, and there is none; or say \`from: anyone\`: every client then chooses its key itself`,
				);
			}
			if (node.limits.underscores === 'drop' && names.some((name) => name.includes('_')))
				at.at('key').problem(`expected another field than ${said}: \`underscores\` drops those with \`_\``);
		}
	}
}
