import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Verdict } from '../health/decide.ts';
import type { Life } from '../instances/provider.ts';
import { type Change, type Facts, NEW_INSTANCE, stateOf, transition, usable } from './fleet-state.ts';

const LIVES: Life[] = ['pending', 'running', 'leaving', 'exited'];
const VERDICTS: Verdict[] = ['unknown', 'healthy', 'unhealthy', 'draining'];
const life = (to: Life, changes: { fresh?: boolean; held?: boolean } = {}): Change => ({
	kind: 'life',
	life: to,
	fresh: false,
	held: false,
	...changes,
});
const after = (...changes: Change[]): Facts => changes.reduce(transition, NEW_INSTANCE);

test('the table, line by line', () => {
	const facts: Facts = { ...NEW_INSTANCE, life: 'running' };
	const rows: [Partial<Facts>, string][] = [
		[{ life: 'pending' }, 'starting'],
		[{ life: 'exited', verdict: 'healthy' }, 'down'],
		[{ life: 'leaving', verdict: 'healthy' }, 'draining'],
		[{ verdict: 'healthy', drained: true }, 'draining'],
		[{}, 'starting'],
		[{ verdict: 'healthy' }, 'ready'],
		[{ verdict: 'draining' }, 'draining'],
		[{ verdict: 'unhealthy' }, 'down'],
		[{ verdict: 'healthy', ejected: true }, 'down'],
		[{ verdict: 'unknown', ejected: true }, 'starting'],
		[{ life: 'leaving', held: true, verdict: 'healthy' }, 'ready'],
		[{ life: 'leaving', held: true, verdict: 'unhealthy' }, 'down'],
	];
	for (const [changes, state] of rows) assert.equal(stateOf({ ...facts, ...changes }), state, JSON.stringify(changes));
});

test('a life: start, ready, end, start again needs a new verdict', () => {
	const ready = after(life('running'), { kind: 'verdict', verdict: 'healthy' });
	assert.equal(stateOf(ready), 'ready');
	const ended = transition(ready, life('exited'));
	assert.equal(stateOf(ended), 'down');
	// A probe that was under way comes in late.
	assert.equal(stateOf(transition(ended, { kind: 'verdict', verdict: 'healthy' })), 'down');
	assert.equal(stateOf(transition(ended, life('running', { fresh: true }))), 'starting');
});

test('what is not ready can be used when it was ready, and is ejected or only answers its probes wrongly', () => {
	const proven: Facts = { ...NEW_INSTANCE, life: 'running', verdict: 'unhealthy', proven: true, contact: 'answer' };
	const rows: [Partial<Facts>, string][] = [
		[{}, 'yes'],
		[{ contact: 'silent' }, 'silent'],
		[{ contact: 'none' }, 'no'],
		[{ proven: false }, 'no'],
		[{ verdict: 'healthy' }, 'no'],
		[{ verdict: 'healthy', ejected: true, contact: 'none' }, 'yes'],
		[{ verdict: 'draining' }, 'no'],
		[{ drained: true }, 'no'],
		[{ life: 'leaving' }, 'no'],
		[{ life: 'exited' }, 'no'],
	];
	for (const [changes, expected] of rows)
		assert.equal(usable({ ...proven, ...changes }), expected, JSON.stringify(changes));
});

test('leaving and back keeps the verdict; a fresh address does not', () => {
	const leaving = after(life('running'), { kind: 'verdict', verdict: 'healthy' }, life('leaving'));
	assert.equal(stateOf(leaving), 'draining');
	assert.equal(stateOf(transition(leaving, life('running'))), 'ready');
	assert.equal(stateOf(transition(leaving, life('running', { fresh: true }))), 'starting');
});

test('properties: ready needs a healthy verdict since the last start, and no drain', () => {
	const change: fc.Arbitrary<Change> = fc.oneof(
		fc.record({
			kind: fc.constant('life' as const),
			life: fc.constantFrom(...LIVES),
			fresh: fc.boolean(),
			held: fc.boolean(),
		}),
		fc.record({ kind: fc.constant('verdict' as const), verdict: fc.constantFrom(...VERDICTS) }),
		fc.record({ kind: fc.constant('drained' as const), drained: fc.boolean() }),
		fc.record({ kind: fc.constant('held' as const), held: fc.boolean() }),
		fc.record({ kind: fc.constant('ejected' as const), ejected: fc.boolean() }),
	);
	fc.assert(
		fc.property(fc.array(change, { maxLength: 30 }), (changes) => {
			let facts = NEW_INSTANCE;
			let healthy = false;
			for (const each of changes) {
				facts = transition(facts, each);
				if (each.kind === 'verdict' && facts.verdict === each.verdict) healthy = each.verdict === 'healthy';
				if (each.kind === 'life' && (each.fresh || each.life === 'pending' || each.life === 'exited')) healthy = false;
				if (stateOf(facts) !== 'ready') continue;
				assert.ok(healthy && !facts.drained && !facts.ejected && (facts.life === 'running' || facts.held));
			}
		}),
		{ seed: 7, numRuns: 500 },
	);
});
