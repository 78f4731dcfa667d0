import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FigureInfo } from '../core/metric.ts';
import type { Alert } from './alert.ts';
import { alertWords } from './sentence.ts';
import { sampleRule } from './testing/sample-rule.ts';

const alertOf = (value: number, limit: number): Alert =>
	({ rule: 'sample', labels: { service: 'api' }, value, limit }) as unknown as Alert;
const RATE = { unit: 'number', perSecond: true } as FigureInfo;

test('over 0: what happened is told, not a bound that says nothing', () => {
	const rule = sampleRule('ejections by service > 0 over 1m keep 5m');
	const { summary, threshold } = alertWords(alertOf(0.0167, 0), rule, RATE);
	assert.deepEqual([summary, threshold], ['ejections of api is 0.0167/s; expected none.', 'any at all']);
	// It is kept, and nothing happened since.
	assert.equal(alertWords(alertOf(0, 0), rule, RATE).summary, 'ejections of api was not 0 a while ago; expected none.');
	const bounded = sampleRule('ejections by service > 0.5/m over 5m');
	assert.equal(alertWords(alertOf(1, 0.5 / 60), bounded, RATE).summary, 'ejections of api is 1/s, over 0.00833/s.');
});
