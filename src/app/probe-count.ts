import type { Outcome } from '../health/decide.ts';

/** What the probes of a pool's instances came to, since this core began. */
export interface ProbeFigures {
	/** Probes that came to an end. */
	count: number;
	/** What they took together. */
	seconds: number;
	/** Those that failed: no connection, no answer, another answer than the expected one. */
	failed: Record<'unreachable' | 'silent' | 'answer', number>;
}

export const probeFigures = (): ProbeFigures => ({
	count: 0,
	seconds: 0,
	failed: { unreachable: 0, silent: 0, answer: 0 },
});

const CAUSES = { none: 'unreachable', silent: 'silent', answer: 'answer' } as const;

export function countProbe(figures: ProbeFigures, outcome: Outcome, tookMs: number): void {
	figures.count++;
	figures.seconds += tookMs / 1000;
	if (outcome.kind === 'failed') figures.failed[CAUSES[outcome.contact]]++;
}
