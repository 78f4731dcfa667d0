/** A decision in one sentence for people. */
import { inert } from '../core/inert.ts';
import { formatDuration } from '../core/units.ts';
import type { Clamp, Decision, Recommendation } from './decision.ts';
import type { ScalePolicy, Signal, StepPolicy } from './policy.ts';

const MOST_SENTENCE = 500;

type Told = Omit<Decision, 'state'>;

/** `videos: 4 → 6: CPU 83 % over target 60 %, limited by max 6`. One line, inert, at most 500 characters. */
export function sentence(pool: string, decision: Told, policy: ScalePolicy): string {
	const { before, wanted, desired } = decision;
	const text = `${pool}: ${outcome({ before, wanted, desired }, policy)}: ${reason(decision, policy)}`;
	return inert(text).slice(0, MOST_SENTENCE);
}

function outcome(
	{ before, wanted, desired }: Pick<Told, 'before' | 'wanted' | 'desired'>,
	policy: ScalePolicy,
): string {
	if (wanted !== desired) return `would go ${before} → ${wanted} (${policy.mode})`;
	return desired === before ? `stays at ${before}` : `${before} → ${desired}`;
}

function reason(decision: Told, policy: ScalePolicy): string {
	if (policy.mode === 'off') return 'scaling is off';
	const { before, wanted, raw, clamps } = decision;
	const last = clamps.findLast(({ by }) => by !== 'mode');
	if (wanted === 0 && before > 0 && last?.by !== 'max') return `no request for ${formatDuration(policy.idleMs)}`;
	if (before === 0 && wanted === 1 && last === undefined) return 'a request waits for an instance';
	const lead = decision.recommendations.find(({ size }) => size !== null && size === raw);
	const asked = Math.sign((raw ?? before) - before);
	const done = Math.sign(wanted - before);
	if (last !== undefined && (lead === undefined || (asked !== done && done !== 0) || last.by === 'by-hand'))
		return aloneOf(last);
	if (lead === undefined) return unsaid(decision, policy);
	const said = saidBy(lead, { policy, before });
	if (last === undefined) return said;
	return `${said}, ${asked !== done ? 'but ' : ''}${limitOf(last)}`;
}

function limitOf({ by, from, to, why }: Clamp): string {
	if (by === 'max') return `limited by ${why}`;
	return by === 'min' && to > from ? `kept at ${why}` : why;
}

function aloneOf({ by, why }: Clamp): string {
	if (by === 'min') return `below ${why}`;
	return by === 'max' ? `over ${why}` : why;
}

function unsaid({ recommendations, raw, before }: Told, { signals, steps }: ScalePolicy): string {
	if (raw !== null) return raw === before ? 'as scheduled' : `${raw} by schedule`;
	if (signals.length + steps.length === 0) return 'it has no signal';
	const failed = recommendations.find(({ size, note }) => size === null && note !== 'not reached');
	return failed === undefined ? 'no step is reached' : `${nameOf(failed.by)} is not known: ${failed.note}`;
}

function saidBy(lead: Recommendation, { policy, before }: { policy: ScalePolicy; before: number }): string {
	const signal = policy.signals.find(({ name }) => name === lead.by);
	if (signal !== undefined) return saidBySignal(lead, signal, { policy, before });
	const step = policy.steps.find(({ name }) => name === lead.by);
	return step === undefined ? lead.by : saidByStep(lead, step);
}

function saidBySignal(
	{ value, size, note }: Recommendation,
	signal: Signal,
	{ policy, before }: { policy: ScalePolicy; before: number },
): string {
	const each = signal.kind === 'total' ? ' an instance' : '';
	const target = `target ${formatAmount(signal.target, signal.unit)}${each}`;
	const amount = signal.kind === 'total' ? (value ?? 0) / Math.max(1, before) : (value ?? 0);
	const of = signal.kind === 'total' && before === 0 ? '' : each;
	const is = `${nameOf(signal.name)} ${formatAmount(amount, signal.unit)}${of}`;
	const over = amount > signal.target;
	if (note === 'within tolerance') {
		const { tolerance } = over ? policy.out : policy.in;
		return `${is} is within ${percent(tolerance)} of the ${target}`;
	}
	if (note !== '') return `${is}, ${target}: ${note}`;
	if (size === before || (before === 0 && !over)) return `${is} at ${target} needs ${size}`;
	return `${is} ${over ? 'over' : 'under'} ${target}`;
}

function saidByStep({ value, note, size }: Recommendation, step: StepPolicy): string {
	const is = `${nameOf(step.name)} ${formatAmount(value ?? 0, step.unit)}`;
	const band = step.bands.findLast(({ from }) => (step.when === 'above' ? (value ?? 0) >= from : (value ?? 0) <= from));
	const threshold = formatAmount((band ?? step.bands[0])?.from ?? 0, step.unit);
	if (note === '') return `${is} is ${step.when} ${threshold}`;
	return size === null ? `${is}: ${note}` : `${is} is not ${step.when} ${threshold}`;
}

function nameOf(name: string): string {
	return name === 'cpu' ? 'CPU' : name;
}

/** `83 %`, `350ms`, `512.0 MiB`, `250/s`, `4.5`. */
export function formatAmount(value: number, unit: Signal['unit']): string {
	if (unit === 'ratio') return percent(value);
	if (unit === 'seconds') return formatDuration(Math.round(value * 1000));
	if (unit === 'bytes') return bytes(value);
	return `${short(value)}${unit === 'per-second' ? '/s' : ''}`;
}

function percent(share: number): string {
	return `${short(share * 100)} %`;
}

/** Three digits are enough to see why. */
function short(value: number): string {
	if (Math.abs(value) >= 100 || value === 0) return `${Math.round(value)}`;
	return `${+value.toPrecision(Math.abs(value) >= 10 ? 2 : 1 + Number(Math.abs(value) >= 1))}`;
}

function bytes(value: number): string {
	const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
	let [amount, at] = [value, 0];
	while (Math.abs(amount) >= 1024 && at < units.length - 1) {
		amount /= 1024;
		at++;
	}
	return `${short(amount)} ${units[at]}`;
}
