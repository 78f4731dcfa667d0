/** Concurrency, priority, shedding: what a file says of them, and what contradicts itself. */
import { parseDuration, parseShare } from '../core/units.ts';
import type { PriorityPolicy } from '../gateway/config.ts';
import { complainOfFieldName } from '../gateway/config-syntax.ts';
import {
	ADAPTIVE,
	type ConcurrencyConfig,
	type ConcurrencyInput,
	OVERLOAD,
	type OverloadConfig,
	type OverloadInput,
	type PriorityInput,
} from '../resilience/overload-config.ts';
import type { Place } from './scope.ts';

/** null: no limit. */
export function resolveConcurrency(input: ConcurrencyInput | undefined): ConcurrencyConfig | null {
	if (input === undefined || input === 'off' || input === false) return null;
	if (typeof input === 'number') return { kind: 'fixed', limit: input };
	if (input === 'adaptive') return ADAPTIVE;
	if (input.limit !== 'adaptive') return { kind: 'fixed', limit: input.limit };
	// A bound that is said moves the other one's default.
	const min = input.min ?? Math.min(ADAPTIVE.min, input.max ?? ADAPTIVE.min);
	const max = input.max ?? Math.max(ADAPTIVE.max, min);
	return { kind: 'adaptive', min, max, tolerance: input.tolerance ?? ADAPTIVE.tolerance };
}

/** What contradicts itself in a `concurrency`. */
export function checkConcurrency(input: ConcurrencyInput | undefined, place: Place): void {
	if (typeof input !== 'object') return;
	if (input.limit !== 'adaptive') {
		for (const key of ['min', 'max', 'tolerance'] as const) {
			if (input[key] === undefined) continue;
			const message = `expected nothing here: \`${key}\` is for \`limit: adaptive\`, and this limit is ${input.limit}`;
			place.at(key).problem(message, { at: 'key', related: [place.at('limit').path] });
		}
	} else if (input.min !== undefined && input.max !== undefined && input.min > input.max) {
		const related = [place.at('max').path];
		place.at('min').problem(`expected at most \`max\`, which is ${input.max}`, { value: input.min, related });
	}
}

export function layPriority(base: PriorityPolicy, input: PriorityInput | undefined, place: Place): PriorityPolicy {
	if (input === undefined) return base;
	if (typeof input === 'string') return { default: input, header: null, from: 'trusted' };
	const message = complainOfFieldName(input.header);
	if (message !== undefined) place.at('header').problem(message, { value: input.header });
	return { default: input.default ?? 'normal', header: input.header.toLowerCase(), from: input.from ?? 'trusted' };
}

/** Says where a priority comes from a field that nobody is believed about, or that never arrives. */
export function checkPriority(
	node: { trust: readonly unknown[]; limits: { underscores: 'drop' | 'pass' } },
	input: PriorityInput | undefined,
	place: Place,
): void {
	if (typeof input !== 'object') return;
	const field = `\`${input.header}\``;
	if (input.from !== 'anyone' && node.trust.length === 0) {
		place
			.at('header')
			.problem(
				`expected a proxy in \`trust\` that is believed about ${field}, and there is none; or say \`from: anyone\`: every client then chooses its priority itself`,
				{ value: input.header },
			);
	}
	if (node.limits.underscores === 'drop' && input.header.includes('_'))
		place.at('header').problem(`expected another field than ${field}: \`underscores\` drops those with \`_\``, {
			value: input.header,
		});
}

/** null: off. */
export function resolveOverload(input: OverloadInput | undefined): OverloadConfig | null {
	if (input === 'off' || input === false) return null;
	return {
		lagMs: parseDuration(input?.lag ?? '') ?? OVERLOAD.lagMs,
		heap: parseShare(input?.heap ?? '') ?? OVERLOAD.heap,
	};
}
