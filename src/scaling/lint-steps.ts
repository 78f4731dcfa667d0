/** Steps that are never reached, that fight each other, or that fight a target. */
import type { Report } from './lint-finding.ts';
import { alike, givenTo, pathOf } from './lint-signals.ts';
import type { ScalePolicy, StepChange, StepPolicy } from './policy.ts';
import { formatAmount } from './sentence.ts';
import { wholeShare } from './steps.ts';

const MOST_SIZES = 1000;

export function lintSteps(policy: ScalePolicy, report: Report): void {
	for (const [at, step] of policy.steps.entries()) {
		const path = `steps.${at}.${step.when}`;
		if (step.bands.length === 0) {
			report('error', path, 'It has no threshold.');
			continue;
		}
		lintBands(step, { path, policy, report });
		lintAgainstTargets(step, { path, policy, report });
		if (step.when === 'below') lintAgainstSteps(step, { path, policy, report });
	}
}

interface At {
	path: string;
	policy: ScalePolicy;
	report: Report;
}

function lintBands(step: StepPolicy, { path, policy, report }: At): void {
	const { when, unit, bands, source } = step;
	const outwards = when === 'above' ? 1 : -1;
	const given = givenTo(source.from, policy);
	for (const [at, { from, to, change }] of bands.entries()) {
		const threshold = formatAmount(from, unit);
		if (to !== null && (to - from) * outwards <= 0)
			report('error', path, `The band from ${threshold} to ${formatAmount(to, unit)} holds no value.`);
		const before = bands[at - 1];
		if (before !== undefined && (before.to === null || (from - before.to) * outwards < 0))
			report('error', path, `The band from ${threshold} lies within the one before it and is never reached.`);
		if (when === 'above' && given !== null && from > 1)
			report(
				'warn',
				path,
				`${threshold} is never reached: an instance is given ${given} and uses at most 100 % of it.`,
			);
		lintChange(change, { step, threshold, path, policy, report });
	}
}

function lintChange(
	change: StepChange,
	{ step, threshold, path, policy, report }: At & { step: StepPolicy; threshold: string },
): void {
	const above = step.when === 'above';
	const amount = 'by' in change ? change.by : 'share' in change ? change.share : null;
	if (amount !== null && (above ? amount < 0 : amount > 0))
		report(
			'error',
			path,
			`At ${threshold} it would go ${above ? 'in' : 'out'}, but a step ${step.when} only goes ${above ? 'out' : 'in'}.`,
		);
	if (amount === 0 && step.bands.length === 1) report('warn', path, `At ${threshold} it changes nothing.`);
	if (!('to' in change)) return;
	if (change.to > policy.max) report('warn', path, `=${change.to} is over max ${policy.max}, which it is limited to.`);
	if (change.to < policy.min) report('warn', path, `=${change.to} is under min ${policy.min}, which it is kept at.`);
}

/** Of one measure: a step that says the opposite of a target, which the larger size always wins. */
function lintAgainstTargets(step: StepPolicy, { path, policy, report }: At): void {
	const nearest = step.bands[0]?.from ?? 0;
	for (const signal of policy.signals) {
		if (signal.kind === 'total' || !alike(signal, step)) continue;
		const threshold = formatAmount(nearest, step.unit);
		const target = `${pathOf(signal)} of ${formatAmount(signal.target, signal.unit)}`;
		if (step.when === 'below' && nearest > signal.target * (1 - policy.in.tolerance))
			report(
				'warn',
				path,
				`Below ${threshold} it would go in while ${target} still keeps or adds instances; the larger size wins.`,
			);
		if (step.when === 'above' && nearest < signal.target * (1 - policy.in.tolerance))
			report(
				'warn',
				path,
				`Above ${threshold} it goes out while ${target} would go in; the larger size wins, and the target never counts.`,
			);
	}
}

/** Azure's rule: what is left of the load after a scale-in must not call for a scale-out. */
function lintAgainstSteps(below: StepPolicy, { path, policy, report }: At): void {
	for (const above of policy.steps) {
		const out = above.bands[0];
		const nearest = below.bands[0];
		if (above.when !== 'above' || !alike(above, below) || out === undefined || nearest === undefined) continue;
		const [low, high] = [formatAmount(nearest.from, below.unit), formatAmount(out.from, above.unit)];
		if (nearest.from >= out.from) {
			report('error', path, `From ${high} to ${low} it would go in and out at once.`);
			continue;
		}
		if (below.source.from === 'requests' || below.source.from === 'in-flight') continue;
		const { sizes, of } = sizesThatFlap(nearest, out.from, policy);
		const first = sizes[0];
		if (first === undefined) continue;
		const where =
			sizes.length === of
				? 'never goes in there'
				: `does not go in there with ${first.size}${sizes.length > 1 ? `…${sizes.at(-1)?.size}` : ''} instances`;
		report(
			'warn',
			path,
			`${low} and ${high} are too near: with ${first.size - first.fewer} instead of ${first.size} instances ${low} becomes ${formatAmount(first.value, below.unit)}, which goes out again, so it ${where} until the value is lower.`,
		);
	}
}

function sizesThatFlap(
	{ from, change }: StepPolicy['bands'][number],
	threshold: number,
	{ min, max }: ScalePolicy,
): { sizes: { size: number; fewer: number; value: number }[]; of: number } {
	const sizes: { size: number; fewer: number; value: number }[] = [];
	const first = Math.max(2, min + 1);
	const last = Math.min(max, first + MOST_SIZES);
	for (let size = first; size <= last; size++) {
		const left = Math.max(1, min, leftOf(size, change));
		const value = (from * size) / left;
		if (left < size && value >= threshold) sizes.push({ size, fewer: size - left, value });
	}
	return { sizes, of: Math.max(0, last - first + 1) };
}

function leftOf(size: number, change: StepChange): number {
	if ('to' in change) return change.to;
	return size + ('by' in change ? change.by : wholeShare(size * change.share));
}
