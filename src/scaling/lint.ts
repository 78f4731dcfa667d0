/** What of a policy will flap, never trigger, or fight another part of it. */
import { formatDuration, formatShare } from '../core/units.ts';
import type { LintFinding, Report } from './lint-finding.ts';
import { lintSchedules } from './lint-schedules.ts';
import { lintSignal, lintTwice } from './lint-signals.ts';
import { lintSteps } from './lint-steps.ts';
import type { Direction, ScalePolicy } from './policy.ts';

const LONG_WINDOW_MS = 86_400_000;

/** @param context.nowMs Schedules are looked at from here on. */
export function lintPolicy(policy: ScalePolicy, context: { nowMs: number }): LintFinding[] {
	const findings: LintFinding[] = [];
	const report: Report = (level, path, message) => findings.push({ level, path, message });
	lintBounds(policy, report);
	for (const signal of policy.signals) lintSignal(signal, policy, report);
	lintTwice(policy, report);
	lintSteps(policy, report);
	lintSchedules(policy, context.nowMs, report);
	lintDirection('out', policy, report);
	lintDirection('in', policy, report);
	lintCalm(policy, report);
	lintWindows(policy, report);
	return findings;
}

function lintBounds({ min, max, signals, steps, schedules }: ScalePolicy, report: Report): void {
	const asks = signals.length + steps.length > 0;
	if (min > max) report('error', 'min', `min ${min} is more than max ${max}.`);
	if (max === 0) report('error', 'max', 'max 0 lets nothing run.');
	if (min === max && asks && schedules.length === 0)
		report('warn', 'max', `With min and max both ${min} the size never changes, whatever is measured.`);
	// Up to one instance the requests themselves ask for, and their absence.
	if (!asks && schedules.length === 0 && max > Math.max(1, min))
		report(
			'error',
			'max',
			`Nothing says when to go from ${min} to ${max}: add a signal, such as \`perInstance: { cpu: 60% }\`.`,
		);
}

function lintDirection(name: 'out' | 'in', policy: ScalePolicy, report: Report): void {
	const direction: Direction = policy[name];
	const { tolerance, rates, select } = direction;
	if (name === 'in' && tolerance >= 1 && policy.signals.length > 0)
		report('warn', 'in.tolerance', 'With a tolerance of 100% no value is low enough for anything to go in.');
	const stuck = rates.filter((rate) => ('share' in rate ? rate.share : rate.instances) === 0);
	if (select !== 'none' && stuck.length > 0 && (select === 'min' || stuck.length === rates.length))
		report('warn', `${name}.by`, `A rate of 0 lets nothing go ${name}; \`select: none\` says so plainly.`);
	const hasValues = policy.signals.length + policy.steps.length > 0;
	if (name === 'in' && hasValues && direction.windowMs > LONG_WINDOW_MS)
		report(
			'warn',
			'in.window',
			`Over ${formatDuration(direction.windowMs)} the largest size counts: after one busy minute nothing goes in for as long.`,
		);
	if (hasValues && direction.cooldownMs > LONG_WINDOW_MS)
		report(
			'warn',
			`${name}.cooldown`,
			`After each change nothing goes ${name} for ${formatDuration(direction.cooldownMs)}.`,
		);
}

/** What keeps it from going out and in by turns. */
function lintCalm(policy: ScalePolicy, report: Report): void {
	const { signals, steps, windowMs, flaps } = policy;
	const inward = policy.in;
	if (signals.length + steps.length === 0 || inward.select === 'none' || policy.min === policy.max) return;
	if (inward.windowMs === 0 && inward.cooldownMs === 0) {
		const bounded = flaps === null ? '' : `, up to ${flaps.most} times within ${formatDuration(flaps.overMs)}`;
		report(
			'warn',
			'in.window',
			`It will flap${bounded}: with neither in.window nor a cooldown one low value lets instances go that the next one starts again.`,
		);
	} else if (Math.max(inward.windowMs, inward.cooldownMs) < windowMs) {
		report(
			'warn',
			'in.window',
			`Values are taken over ${formatDuration(windowMs)}, and for as long they are still those of the size before; let in.window or the cooldown be at least that.`,
		);
	}
	if (flaps !== null && flaps.most === 0)
		report('warn', 'flaps', 'With no turn allowed nothing goes in for as long as a scale-out is remembered.');
}

function lintWindows(policy: ScalePolicy, report: Report): void {
	const { panic, windowMs, brakeErrorRate, out } = policy;
	if (panic !== null && panic.windowMs >= windowMs)
		report(
			'error',
			'panic.window',
			`The panic window of ${formatDuration(panic.windowMs)} has to be shorter than the window of ${formatDuration(windowMs)}.`,
		);
	if (panic !== null && panic.threshold <= 1 + out.tolerance)
		report(
			'warn',
			'panic.threshold',
			`Each step out would be a panic: the threshold of ${formatShare(panic.threshold)} is within what any scale-out needs.`,
		);
	if (brakeErrorRate !== null && brakeErrorRate <= 0)
		report('error', 'brake', 'A brake at 0% holds always, and nothing ever goes in; `off` turns it off.');
}
