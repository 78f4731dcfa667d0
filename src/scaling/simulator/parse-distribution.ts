/** Distributions of times as people write them: `lognormal:mean=80ms,p99=400ms`. */
import { closest } from '../../core/closest.ts';
import { BallastError } from '../../core/errors.ts';
import { inert } from '../../core/inert.ts';
import { orList } from '../../core/or-list.ts';
import { parseDuration } from '../../core/units.ts';
import {
	constant,
	type Distribution,
	exponential,
	fromQuantiles,
	lognormal,
	timeText,
	uniform,
} from './distribution.ts';

interface Form {
	/** Values that must be there, in the order in which they may stand without their names. */
	values: readonly string[];
	make(ms: readonly number[]): Distribution | undefined;
	/** Why `make` gives nothing. */
	wrong?: string;
}

const FORMS: Readonly<Record<string, Form>> = {
	constant: { values: ['mean'], make: ([mean = 0]) => constant(mean) },
	exponential: { values: ['mean'], make: ([mean = 0]) => exponential(mean) },
	lognormal: {
		values: ['mean', 'p99'],
		make: ([mean = 0, p99 = 0]) => lognormal(mean, p99),
		wrong: 'p99 is to be 1 to 14.9 times the mean',
	},
	uniform: {
		values: ['from', 'to'],
		make: ([from = 0, to = 0]) => (to >= from ? uniform(from, to) : undefined),
		wrong: '`to` is to be at least `from`',
	},
	quantiles: {
		values: ['p50', 'p95', 'p99'],
		make: ([p50 = 0, p95 = 0, p99 = 0]) => (p50 <= p95 && p95 <= p99 ? quantiles({ p50, p95, p99 }) : undefined),
		wrong: 'p50, p95 and p99 are to rise',
	},
};

/** ms of `80ms`, `0.4ms`, `250us`, `1.5s`, `2m`; undefined: it is none. */
export function parseShortTime(text: string): number | undefined {
	const found = /^(\d+(?:\.\d+)?)(us|µs|ms|s)$/.exec(text);
	if (found === null) return parseDuration(text);
	return Number(found[1]) * ({ us: 0.001, µs: 0.001, ms: 1, s: 1000 }[found[2] as string] as number);
}

/** Throws `bad_command`. `what`: the option, for errors. */
export function parseDistribution(text: string, what: string): Distribution {
	const plain = parseShortTime(text);
	if (plain !== undefined) return constant(checked(plain, text, what));
	const [name = '', rest = ''] = split(text);
	const form = Object.hasOwn(FORMS, name) ? FORMS[name] : undefined;
	if (form === undefined) {
		const near = closest(name, Object.keys(FORMS));
		throw wrong(what, near === undefined ? `\`${text}\` is none` : `did you mean \`${near}\`?`);
	}
	const made = form.make(valuesOf(form, rest, { text, what }));
	if (made === undefined) throw wrong(what, form.wrong ?? '');
	return made;
}

/** What is known of times by their percentiles. */
export function quantiles({ p50, p95, p99 }: { p50: number; p95: number; p99: number }): Distribution {
	const known = [
		[0, p50 / 4],
		[0.5, p50],
		[0.95, p95],
		[0.99, p99],
		[1, p99 * 1.5],
	] as const;
	return fromQuantiles(`p50 ${timeText(p50)}, p95 ${timeText(p95)}, p99 ${timeText(p99)}`, known);
}

function valuesOf(form: Form, rest: string, { text, what }: { text: string; what: string }): number[] {
	const found = new Map<string, number>();
	for (const [at, word] of rest.split(',').filter(Boolean).entries()) {
		const [, name = form.values[at] ?? '', value = word] = /^([a-z]\w*)=(.*)$/.exec(word) ?? [];
		if (!form.values.includes(name))
			throw wrong(what, `\`${text}\` takes ${orList(form.values)}, not \`${name || word}\``);
		found.set(name, checked(parseShortTime(value) ?? Number.NaN, word, what));
	}
	return form.values.map((name) => {
		const ms = found.get(name);
		if (ms === undefined) throw wrong(what, `\`${text}\` lacks ${name}`);
		return ms;
	});
}

function checked(ms: number, text: string, what: string): number {
	if (ms > 0 && ms <= 86_400_000) return ms;
	throw wrong(what, `\`${text}\` is no time above 0 and up to a day, such as 80ms or 1.5s`);
}

function split(text: string): [string, string] {
	const at = text.indexOf(':');
	return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}

function wrong(what: string, why: string): BallastError {
	return new BallastError(
		'bad_command',
		`${what}: ${inert(why)}\nit takes a time such as 80ms, or lognormal:mean=80ms,p99=400ms, exponential:80ms, uniform:from=1s,to=3s, quantiles:p50=20ms,p95=90ms,p99=300ms`,
	);
}
