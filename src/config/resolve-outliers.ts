/** Outlier detection and slow start of a pool: what the service says, over `defaults`, over what is usual. */
import type { BalanceBy } from '../balancing/config.ts';
import { formatDuration, formatShare, parseDuration, parseShare } from '../core/units.ts';
import type {
	LatencyConfig,
	OutlierConfig,
	OutliersInput,
	SlowStartInput,
	SuccessRateConfig,
} from '../health/outlier-config.ts';
import type { Place } from './scope.ts';

type Long = Exclude<OutliersInput, 'off' | false>;

export interface Layers<T> {
	own: T | undefined;
	base: T | undefined;
}

/** Balanced so, instances get requests of different kinds: to compare them says nothing of the instances. */
const BY_KEY: readonly BalanceBy[] = ['ip-hash', 'consistent-hash', 'cookie'];
const SHARE = 0.5;
const LEAST_PANIC = 0.01;

/** Everything off. */
export const OUTLIERS_OFF: OutlierConfig = {
	failures: 0,
	connectFailures: 0,
	flaps: 0,
	successRate: null,
	latency: null,
	windowMs: 10_000,
	ejection: { baseMs: 30_000, mostMs: 300_000 },
	most: SHARE,
	panic: 0,
};

export function resolveOutliers({ own, base }: Layers<OutliersInput>, by: BalanceBy, place: Place): OutlierConfig {
	if (isOff(own) || (own === undefined && isOff(base))) return OUTLIERS_OFF;
	const said: Long = { ...long(base), ...long(own) };
	const compared = !BY_KEY.includes(by);
	return {
		failures: count(said.failures, 5),
		connectFailures: count(said.connectFailures, 3),
		flaps: count(said.flaps, 3),
		successRate: successRate(said.successRate, compared),
		latency: latency(said.latency, compared),
		windowMs: ms(said.window, 10_000),
		ejection: ejection(said.ejection, own === undefined ? undefined : place.at('ejection')),
		...shares(said, long(own), place),
	};
}

const isOff = (input: unknown): input is 'off' | false => input === 'off' || input === false;
const long = (input: OutliersInput | undefined): Long => (input === undefined || isOff(input) ? {} : input);
const count = (input: number | 'off' | false | undefined, otherwise: number): number =>
	isOff(input) ? 0 : (input ?? otherwise);

function successRate(input: Long['successRate'], compared: boolean): SuccessRateConfig | null {
	if (isOff(input) || (input === undefined && !compared)) return null;
	const said = typeof input === 'number' ? { deviations: input } : (input ?? {});
	return { deviations: said.deviations ?? 1.9, requests: ('requests' in said ? said.requests : undefined) ?? 50 };
}

function latency(input: Long['latency'], compared: boolean): LatencyConfig | null {
	if (isOff(input) || (input === undefined && !compared)) return null;
	const said = typeof input === 'number' ? { factor: input } : (input ?? {});
	return { factor: said.factor ?? 3, leastMs: ms('least' in said ? said.least : undefined, 100) };
}

function ejection(input: Long['ejection'], place: Place | undefined): OutlierConfig['ejection'] {
	const said = typeof input === 'string' ? { base: input } : (input ?? {});
	const baseMs = ms(said.base, 30_000);
	const mostMs = ms(said.most, Math.max(baseMs, 300_000));
	if (mostMs < baseMs) {
		place?.at('most').problem(`expected at least \`base\`, which is ${formatDuration(baseMs)}`, {
			value: said.most,
			related: [place.at('base').path],
		});
	}
	return { baseMs, mostMs };
}

/**
 * `most` and `panic` are two ends of one thing: what may be ejected leaves 1 − `most` of the pool ready.
 * Were that below the panic threshold, ejections alone would start the panic, which uses again what
 * was ejected. Of two that are both said neither can give way; one that is not said does.
 */
function shares(said: Long, own: Long, place: Place): Pick<OutlierConfig, 'most' | 'panic'> {
	const most = said.most === undefined ? undefined : round(parseShare(said.most) ?? SHARE);
	if (isOff(said.panic)) return { most: most ?? SHARE, panic: 0 };
	const panic = said.panic === undefined ? undefined : round(parseShare(said.panic) ?? SHARE);
	if (most === undefined) return { most: Math.min(SHARE, round(1 - (panic ?? SHARE))), panic: panic ?? SHARE };
	if (panic === undefined) {
		const left = Math.min(SHARE, round(1 - most));
		return { most, panic: left < LEAST_PANIC ? 0 : left };
	}
	const [left, free] = [formatShare(round(1 - most)), formatShare(round(1 - panic))];
	if (panic <= round(1 - most)) return { most, panic };
	if (own.panic !== undefined) {
		const message = `expected at most ${left}: \`most\` lets ${formatShare(most)} of the pool be ejected, which leaves ${left} ready; ejections alone would start the panic that uses them again`;
		place.at('panic').problem(message, { value: own.panic, related: [place.at('most').path] });
	} else if (own.most !== undefined) {
		const message = `expected at most ${free}: with less than ${formatShare(panic)} of the pool ready (\`panic\`) what is ejected is used again`;
		place.at('most').problem(message, { value: own.most, related: [place.at('panic').path] });
	}
	return { most, panic };
}

/** 1 − 0.9 is not 0.1; and what is printed is read again as the same. */
const round = (value: number): number => Number(value.toFixed(6));

/** A ramp needs weights that are looked at, and requests that may go anywhere. */
const RAMPLESS: Partial<Record<BalanceBy, string>> = {
	'round-robin': '`round-robin` looks at no weights; use `weighted-round-robin`',
	'ip-hash': 'with `ip-hash` a weight that changes would move clients to other instances and back',
	'consistent-hash': 'with `consistent-hash` a weight that changes would move keys to other instances and back',
	cookie: 'with `cookie` clients stay at their instance',
};

/** ms; 0: off. */
export function resolveSlowStart({ own, base }: Layers<SlowStartInput>, by: BalanceBy, place: Place): number {
	const input = own ?? base;
	const why = RAMPLESS[by];
	if (why === undefined) return input === undefined || isOff(input) ? 0 : ms(input, 0);
	if (own !== undefined && !isOff(own)) place.warn(`this has no effect: ${why}`, { at: 'key' });
	return 0;
}

const ms = (text: string | undefined, otherwise: number) =>
	text === undefined ? otherwise : (parseDuration(text) ?? otherwise);
