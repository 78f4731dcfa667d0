import type { AlertRule } from '../rule.ts';
import { readRule } from '../rule-text.ts';
import { KNOWN_FIGURES } from './known-figures.ts';

/** A rule of this text; it throws what is wrong with it. */
export function sampleRule(text: string, more: Partial<AlertRule> = {}): AlertRule {
	const read = readRule(text, KNOWN_FIGURES);
	if ('problems' in read) throw new Error(read.problems.join('\n'));
	return {
		...read.rule,
		name: 'sample',
		severity: 'critical',
		notify: null,
		summary: null,
		runbook: null,
		repeatMs: 14_400_000,
		inhibits: [],
		...more,
	};
}
