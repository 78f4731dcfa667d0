import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { ServiceCells, ServiceColumn } from '../core/service-cells.ts';
import { BUDGET_SECONDS, BudgetWindow, RetryBudget } from './retry-budget.ts';

const taken = (budget: RetryBudget, most: number): number => {
	let count = 0;
	while (count < most && budget.take()) count++;
	return count;
};

test('retries are a share of the requests of the window, or the floor', () => {
	fc.assert(
		fc.property(fc.nat(5000), fc.integer({ min: 0, max: 100 }), fc.nat(20), (requests, percent, floor) => {
			const cells = new ServiceCells(2);
			new BudgetWindow(cells).everySecond();
			cells.add(0, ServiceColumn.requests, requests >> 1);
			cells.add(1, ServiceColumn.requests, requests - (requests >> 1));
			const share = percent / 100;
			const allowed = Math.max(Math.floor(requests * share), floor * BUDGET_SECONDS);
			assert.equal(taken(new RetryBudget(cells, { share, floor }), 100_000), allowed);
		}),
		{ numRuns: 200 },
	);
});

test('the window moves on: what was used comes back after it', () => {
	const cells = new ServiceCells(1);
	const window = new BudgetWindow(cells);
	const budget = new RetryBudget(cells, { share: 0.2, floor: 0 });
	window.everySecond();
	cells.add(0, ServiceColumn.requests, 100);
	assert.equal(taken(budget, 1000), 20);
	for (let second = 0; second < BUDGET_SECONDS - 1; second++) window.everySecond();
	assert.equal(taken(budget, 1000), 0);
	window.everySecond();
	assert.equal(taken(budget, 1000), 0, 'what was asked before the window earns nothing in it');
	cells.add(0, ServiceColumn.requests, 50);
	assert.equal(taken(budget, 1000), 10);
});

test('counts that wrap change nothing, and without a budget every retry is allowed', () => {
	const cells = new ServiceCells(1);
	cells.add(0, ServiceColumn.requests, 0x7fffffff);
	const window = new BudgetWindow(cells);
	window.everySecond();
	cells.add(0, ServiceColumn.requests, 100);
	assert.equal(taken(new RetryBudget(cells, { share: 0.1, floor: 0 }), 1000), 10);
	assert.equal(taken(new RetryBudget(cells, null), 1000), 1000);
});
