/** Counts of a load and their sum. */
import type { Outcome } from './request.ts';
import type { Plan } from './traffic.ts';

export interface LoadSummary {
	/** Answered or failed. */
	requests: number;
	ok: number;
	failed: number;
	/** By kind. */
	failures: Record<string, number>;
	/** Broken off at the end of the load. */
	unfinished: number;
	/** Not sent, as too many were in flight. */
	held: number;
	statuses: Record<string, number>;
	routes: Record<string, { ok: number; failed: number }>;
	/** Of all but the slow ones, ms. */
	p50Ms: number;
	p95Ms: number;
	p99Ms: number;
	maxMs: number;
	/** Milliseconds since 1970, null without a failure. */
	firstFailureAt: number | null;
	lastFailureAt: number | null;
	/** The first ones. */
	examples: { at: number; route: string; failure: string; detail: string }[];
}

export interface Counts {
	add(plan: Plan, outcome: Outcome): void;
	hold(): void;
	summary(): LoadSummary;
}

const maxExamples = 20;
/** Latencies fall into buckets of 5 % from 0.05 ms on. */
const growth = Math.log(1.05);
const smallestMs = 0.05;

export function newCounts(): Counts {
	const sum: LoadSummary = {
		requests: 0,
		ok: 0,
		failed: 0,
		failures: {},
		unfinished: 0,
		held: 0,
		statuses: {},
		routes: {},
		p50Ms: 0,
		p95Ms: 0,
		p99Ms: 0,
		maxMs: 0,
		firstFailureAt: null,
		lastFailureAt: null,
		examples: [],
	};
	const buckets = new Uint32Array(400);
	const addOk = (plan: Plan, { status, ms }: { status: number; ms: number }) => {
		sum.ok++;
		sum.statuses[status] = (sum.statuses[status] ?? 0) + 1;
		if (plan.slow) return;
		sum.maxMs = Math.max(sum.maxMs, ms);
		const bucket = Math.ceil(Math.log(Math.max(ms, smallestMs) / smallestMs) / growth);
		const index = Math.min(bucket, buckets.length - 1);
		buckets[index] = (buckets[index] ?? 0) + 1;
	};
	const addFailed = (plan: Plan, { failure, detail }: { failure: string; detail: string }) => {
		const at = Date.now();
		sum.failed++;
		sum.failures[failure] = (sum.failures[failure] ?? 0) + 1;
		sum.firstFailureAt ??= at;
		sum.lastFailureAt = at;
		if (sum.examples.length < maxExamples) sum.examples.push({ at, route: plan.name, failure, detail });
	};
	return {
		add: (plan, outcome) => {
			if (outcome.kind === 'unfinished') return void sum.unfinished++;
			sum.requests++;
			const route = (sum.routes[plan.name] ??= { ok: 0, failed: 0 });
			route[outcome.kind]++;
			if (outcome.kind === 'ok') addOk(plan, outcome);
			else addFailed(plan, outcome);
		},
		hold: () => void sum.held++,
		summary: () => ({
			...structuredClone(sum),
			p50Ms: quantile(buckets, 0.5),
			p95Ms: quantile(buckets, 0.95),
			p99Ms: quantile(buckets, 0.99),
			maxMs: round(sum.maxMs),
		}),
	};
}

function quantile(buckets: Uint32Array, share: number): number {
	const total = buckets.reduce((sum, count) => sum + count, 0);
	let left = Math.ceil(total * share);
	if (total === 0) return 0;
	const index = buckets.findIndex((count) => (left -= count) <= 0);
	return round(smallestMs * Math.exp(index * growth));
}

function round(ms: number): number {
	return Math.round(ms * 100) / 100;
}
