/** What `ballast simulate` is told of instances and the way to them. */
import { integerOption, type ParsedArguments } from '../config/arguments.ts';
import { BallastError } from '../core/errors.ts';
import { inert } from '../core/inert.ts';
import { parseDuration } from '../core/units.ts';
import { type Distribution, fromQuantiles, lognormal, timeText } from '../scaling/simulator/distribution.ts';
import type { EngineName } from '../scaling/simulator/engine.ts';
import type { Model } from '../scaling/simulator/model.ts';
import { parseDistribution, parseShortTime } from '../scaling/simulator/parse-distribution.ts';
import type { ReadTrace } from '../scaling/simulator/read-trace.ts';

/** Fewer requests are not learned from. */
const FEW = 20;
/** What a text model takes for each token that it makes, where nothing is said. */
const TOKEN_MS = 20;

export function textOption(parsed: ParsedArguments, name: string): string | undefined {
	return parsed.values.get(name)?.at(-1);
}

export interface ModelFacts {
	trace: ReadTrace;
	/** What a running Ballast knows of service times; null: it was not asked. */
	known: Distribution | null;
	/** Of an instance. */
	cores: number;
}

/** The model, and where its service times come from. Throws `bad_command`. */
export function modelOptions(
	parsed: ParsedArguments,
	{ trace, known, cores }: ModelFacts,
): { model: Model; serviceTimeFrom: string } {
	const { distribution: serviceTime, from: serviceTimeFrom } =
		known === null ? serviceTimeOption(parsed, trace) : { distribution: known, from: 'learned from the metrics' };
	const concurrency = integerOption(parsed, 'concurrency', [1, 100_000]) ?? 10;
	const cpu = textOption(parsed, 'cpu-time');
	const cpuMs = cpu === undefined ? null : timeOf('cpu-time', cpu);
	if (cpuMs !== null && cpuMs > serviceTime.meanMs * cores)
		throw wrong(
			'cpu-time',
			`a request that takes ${timeText(serviceTime.meanMs)} cannot need ${timeText(cpuMs)} of CPU`,
		);
	const [warmUpMs, warmUpFactor] = warmUpOption(parsed);
	const model: Model = {
		...{ serviceTime, concurrency, cpuMs, cores, warmUpMs, warmUpFactor },
		startUp: parseDistribution(textOption(parsed, 'start-up') ?? '2s', '--start-up'),
		patienceMs: timeOf('timeout', textOption(parsed, 'timeout') ?? '10s'),
		queue: integerOption(parsed, 'queue', [0, 10_000_000]) ?? Number.POSITIVE_INFINITY,
		hold: integerOption(parsed, 'hold', [0, 10_000_000]) ?? 1000,
	};
	return { model, serviceTimeFrom };
}

/** `0.04/h`, `30/month`; null: not said. Of an hour. */
export function costOption(parsed: ParsedArguments): number | null {
	const text = textOption(parsed, 'cost');
	if (text === undefined) return null;
	const found = /^(\d+(?:\.\d+)?)\/(h|hour|day|month)$/.exec(text);
	if (found === null) throw wrong('cost', 'expected a cost such as 0.04/h, 1/day or 30/month');
	return Number(found[1]) / ({ h: 1, hour: 1, day: 24, month: 730 }[found[2] as string] as number);
}

export function engineOption(parsed: ParsedArguments): EngineName | null {
	const text = textOption(parsed, 'engine') ?? 'auto';
	if (text === 'auto') return null;
	if (text === 'events' || text === 'fluid') return text;
	throw wrong('engine', 'expected events, fluid or auto');
}

/** `--load 2`: twice as many requests. */
export function loadOption(parsed: ParsedArguments): number {
	const text = textOption(parsed, 'load') ?? '1';
	const factor = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
	if (factor > 0 && factor <= 1e6) return factor;
	throw wrong('load', 'expected a factor above 0, such as 2 or 0.5');
}

function serviceTimeOption(
	parsed: ParsedArguments,
	{ load, works }: ReadTrace,
): { distribution: Distribution; from: string } {
	const text = textOption(parsed, 'service-time');
	const tokens = /^tokens:(.*)$/.exec(text ?? '');
	if (tokens !== null && (works !== 'tokens' || load.works.count === 0))
		throw wrong('service-time', 'tokens are known of an Azure LLM inference trace only');
	if (text !== undefined && tokens === null)
		return { distribution: parseDistribution(text, '--service-time'), from: 'given' };
	if (load.works.count < FEW) return { distribution: lognormal(80, 400) as Distribution, from: 'assumed' };
	const each = works === 'ms' ? 1 : tokens === null ? TOKEN_MS : timeOf('service-time', tokens[1] as string);
	const { works: times } = load;
	const at = (share: number) => timeText(Number(((times.percentile(share) ?? 0) * each).toPrecision(2)));
	const distribution = fromQuantiles(
		`p50 ${at(0.5)}, p95 ${at(0.95)}, p99 ${at(0.99)}`,
		Array.from({ length: 1001 }, (_, n) => [n / 1000, (times.percentile(n / 1000) ?? 0) * each] as const),
	);
	if (works === 'ms') return { distribution, from: 'learned from the trace' };
	return { distribution, from: `${timeText(each)} for each token of the trace` };
}

/** `10s` or `10s:2`: so long, and so many times slower. */
function warmUpOption(parsed: ParsedArguments): [number, number] {
	const text = textOption(parsed, 'warm-up');
	if (text === undefined) return [0, 1];
	const found = /^([^:]+?)(?::(\d+(?:\.\d+)?))?$/.exec(text);
	const ms = parseDuration(found?.[1] ?? '');
	const factor = Number(found?.[2] ?? 1);
	if (ms === undefined || !(factor >= 1 && factor <= 100))
		throw wrong('warm-up', 'expected a duration, and how many times slower an instance is so long: 30s:2');
	return [ms, factor];
}

function timeOf(option: string, text: string): number {
	const ms = parseShortTime(text);
	if (ms !== undefined && ms > 0) return ms;
	throw wrong(option, `expected a time such as 80ms or 10s, not \`${inert(text)}\``);
}

function wrong(option: string, why: string): BallastError {
	return new BallastError('bad_command', `--${option}: ${why}`);
}
