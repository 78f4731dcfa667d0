/** When the traffic of a service moves from pool to pool. */
import { DEFAULT_FAILOVER, type FailoverConfig, type FailoverInput } from '../balancing/failover-config.ts';
import { formatShare, parseDuration, parseShare } from '../core/units.ts';
import type { PoolConfig } from './config.ts';
import type { Place } from './scope.ts';

type Long = Exclude<FailoverInput, string>;

const long = (input: FailoverInput | undefined): Long =>
	typeof input === 'string' ? { threshold: input } : (input ?? {});

const shareOf = (text: string | undefined): number | undefined => (text === undefined ? undefined : parseShare(text));

/** More than `threshold`, where nothing else is said. */
const HYSTERESIS = 0.1;

/** What the service says over `defaults`, key by key. */
export function layFailover(
	inputs: { own: FailoverInput | undefined; base: FailoverInput | undefined },
	place: Place,
): FailoverConfig {
	const own = long(inputs.own);
	const said: Long = { ...long(inputs.base), ...own };
	const threshold = shareOf(said.threshold) ?? DEFAULT_FAILOVER.threshold;
	const usual = Math.min(1, Math.round((threshold + HYSTERESIS) * 1e6) / 1e6);
	// One that is inherited gives way to a threshold that is said here.
	const back = shareOf(own.back) ?? Math.max(threshold, shareOf(said.back) ?? usual);
	if (back < threshold) {
		const where = own.threshold === undefined ? ' where nothing is said here' : '';
		const message = `expected at least \`threshold\`, which is ${formatShare(threshold)}${where}: traffic that comes back below it would leave at once`;
		place.at('back').problem(message, { value: own.back, related: [place.at('threshold').path] });
	}
	const { hold, warmUp } = said;
	return {
		threshold,
		back,
		holdMs: hold === undefined ? DEFAULT_FAILOVER.holdMs : (parseDuration(hold) ?? DEFAULT_FAILOVER.holdMs),
		warmUp: warmUp === undefined || warmUp === 'off' ? 0 : (parseShare(warmUp) ?? 0),
	};
}

/** Says what of a service's own `failover` has no effect. */
export function warnOfFailover(input: FailoverInput | undefined, pools: readonly PoolConfig[], place: Place): void {
	if (input === undefined) return;
	if (pools.length < 2) {
		place.warn('this has no effect: the service has no second pool that could take over', { at: 'key' });
		return;
	}
	const { warmUp } = long(input);
	if (warmUp === undefined || warmUp === 'off') return;
	if (pools.some(({ priority }) => priority !== pools[0]?.priority)) return;
	place.at('warmUp').warn('this has no effect: all pools have the same priority', { at: 'key' });
}
