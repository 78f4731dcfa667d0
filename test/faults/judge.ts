/** Tests that measure: each criterion of a fault with what was found, for the test and for the table of `npm run faults`. */
import assert from 'node:assert/strict';
import { appendFileSync } from 'node:fs';
import { test } from 'node:test';
import { FAULTS, type Fault } from './plan.ts';

export interface Finding {
	fault: Fault;
	criterion: string;
	measured: string;
	/** `skipped`: `measured` says why. */
	verdict: 'met' | 'not met' | 'skipped';
}

/** A file that gets each finding as a line of JSON. */
const REPORT = process.env['BALLAST_FAULTS_REPORT'];

/** Keeps what was found. */
export function report(finding: Finding): void {
	if (REPORT !== undefined) appendFileSync(REPORT, `${JSON.stringify(finding)}\n`);
}

/** What was measured for one criterion, and whether that meets it. A criterion that is not met does not end the test. */
export type Judge = (criterion: string, measured: string, met: boolean) => void;

/** What a test of a fault works with. */
export interface Bench {
	/** What is given to it is disposed of at the end, the last first. */
	readonly stack: AsyncDisposableStack;
	/** Says that a criterion is not measured here; the reason is printed and stands in the table. */
	leaveOut(criterion: string, why: string): void;
}

/** A test of one fault. `part` tells apart the tests of one fault. It fails when it throws or any criterion is not met. */
export function faultTest(fault: Fault, part: string, measure: (judge: Judge, bench: Bench) => Promise<unknown>): void {
	test(`fault ${fault}: ${FAULTS[fault]}${part === '' ? '' : `: ${part}`}`, async (context) => {
		const missed: string[] = [];
		let judged = 0;
		const judge: Judge = (criterion, measured, met) => {
			judged++;
			report({ fault, criterion, measured, verdict: met ? 'met' : 'not met' });
			context.diagnostic(`${criterion}: ${measured}${met ? '' : ' (not met)'}`);
			if (!met) missed.push(`${criterion}: ${measured}`);
		};
		try {
			await using stack = new AsyncDisposableStack();
			const leaveOut = (criterion: string, why: string) => {
				judged++;
				report({ fault, criterion, measured: why, verdict: 'skipped' });
				context.skip(why);
			};
			await measure(judge, { stack, leaveOut });
		} catch (error) {
			const [why = ''] = (error as Error).message.split('\n');
			report({ fault, criterion: part === '' ? 'the test itself' : part, measured: why, verdict: 'not met' });
			throw error;
		}
		assert.ok(judged > 0, 'nothing was judged');
		assert.deepEqual(missed, []);
	});
}

/** The value that this share (0…1) of all do not exceed; NaN of nothing. */
export function percentile(values: readonly number[], share: number): number {
	const sorted = values.toSorted((a, b) => a - b);
	return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}

/** A duration for the table: `3.2 ms`, `140 ms`. */
export const ms = (value: number): string => `${value < 10 ? value.toFixed(1) : value.toFixed(0)} ms`;

/** `12,345` */
export const count = (value: number): string => Math.round(value).toLocaleString('en-US');
