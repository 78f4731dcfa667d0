/** Targets that cannot be reached, and signals that are there twice. */
import { formatShare } from '../core/units.ts';
import type { Report } from './lint-finding.ts';
import type { ScalePolicy, Signal } from './policy.ts';
import { formatAmount } from './sentence.ts';

/** Where a signal stands in the configuration. */
export function pathOf({ kind, name }: Signal): string {
	return kind === 'level' ? `keep.${name}` : `perInstance.${name}`;
}

export function lintSignal(signal: Signal, policy: ScalePolicy, report: Report): void {
	const { target, source, unit } = signal;
	const path = pathOf(signal);
	if (!(target > 0) || !Number.isFinite(target)) {
		report('error', path, 'A target is above 0.');
		return;
	}
	const given = givenTo(source.from, policy);
	const most = target * (1 + policy.out.tolerance);
	if (given !== null && most >= 1 - 1e-9)
		report(
			'warn',
			path,
			`It never scales out: an instance is given ${given} and uses at most 100 % of it, but only more than ${formatAmount(most, unit)} (the target and a tolerance of ${formatShare(policy.out.tolerance)}) asks for another.`,
		);
}

/** What of a source an instance cannot have more of; null: it has no end. */
export function givenTo(from: Signal['source']['from'], { size }: ScalePolicy): string | null {
	if (from === 'cpu' && size.cpu !== null) return `${size.cpu} ${size.cpu === 1 ? 'core' : 'cores'}`;
	return from === 'memory' && size.memoryBytes !== null ? formatAmount(size.memoryBytes, 'bytes') : null;
}

export function lintTwice({ signals, steps }: ScalePolicy, report: Report): void {
	const names = new Set<string>();
	for (const signal of signals) {
		if (names.has(signal.name)) report('error', pathOf(signal), `There are two signals named ${signal.name}.`);
		names.add(signal.name);
		const first = signals.find((other) => other.kind === signal.kind && alike(other, signal));
		if (first !== undefined && first !== signal && first.name !== signal.name)
			report(
				'warn',
				pathOf(signal),
				`It measures the same as ${pathOf(first)}; only the lower of the two targets counts.`,
			);
	}
	for (const [at, step] of steps.entries()) {
		const signal = signals.find(({ name }) => name === step.name);
		if (signal !== undefined && !alike(signal, step))
			report('error', `steps.${at}`, `A signal is named ${step.name}, too, and measures something else.`);
	}
}

/** Whether two measure the same. */
export function alike(one: Pick<Signal, 'source'>, other: Pick<Signal, 'source'>): boolean {
	return JSON.stringify(one.source) === JSON.stringify(other.source);
}
