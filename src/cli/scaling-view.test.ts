import assert from 'node:assert/strict';
import { test } from 'node:test';
import { policyOf } from '../scaling/testing-policy.ts';
import { readDecision, readPools } from './scaling-answer.ts';
import { decisionLines, poolLines } from './scaling-view.ts';
import type { Terminal } from './terminal.ts';

const terminal: Terminal = { out: () => {}, err: () => {}, size: () => null, colours: false, env: {} };

const decided = (providerTrouble: unknown) => ({
	...{ id: 'a-1', atMs: 0, pool: 'videos', mode: 'on', sentence: 'videos: stays at 4: all is well', outcome: '' },
	samples: { ready: 4, warming: 0, starting: 0, held: 0, errorRate: null, idleForMs: 0, providerTrouble },
	decision: { before: 4, desired: 4, wanted: 4, raw: 4, panic: false, recommendations: [], clamps: [] },
});

function shown(providerTrouble: unknown): [string[], string] {
	const last = decided(providerTrouble);
	const pools = readPools([{ pool: 'videos', policy: policyOf(), last, advice: '' }]);
	const line = decisionLines(readDecision(last), terminal, 0).find((one) => one.startsWith('size 4')) ?? '';
	return [poolLines(pools, terminal).slice(3), line];
}

test('which direction a provider holds is shown, whatever is decided', () => {
	assert.deepEqual(shown({ out: 'exceeded quota\u001b[2J', in: null })[0].length, 1);
	const [[full = ''], line] = shown({ out: 'exceeded quota\u001b[2J', in: null });
	assert.match(full, /^videos: nothing goes out: exceeded quota/);
	assert.ok(!full.includes('\u001b') && !line.includes('\u001b'));
	assert.match(line, /4 ready, nothing goes out: exceeded quota/);
	assert.deepEqual(shown({ out: 'no room', in: 'a rollout' })[0], [
		'videos: nothing goes out: no room',
		'videos: nothing goes in: a rollout',
	]);
	assert.deepEqual(shown({ out: 'no answer', in: 'no answer' })[0], ['videos: the size stays as it is: no answer']);
	for (const none of [{ out: null, in: null }, null, 'of an earlier form', undefined, 7])
		assert.deepEqual(shown(none), [[], 'size 4, mode on: 4 ready']);
});
