import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Delta } from './directives.ts';
import { judgeAnswer } from './judge-answer.ts';
import { parseSurrogate } from './surrogate-control.ts';
import { answerOf, judgingOf, policyOf } from './testing/messages.ts';

const ageOf = (text: string): unknown => {
	const said = parseSurrogate(text);
	return said === null ? null : said.noStore ? 'no-store' : said.maxAge;
};

test('lifetimes, and what is stale for a while', () => {
	assert.equal(ageOf('max-age=60'), 60);
	assert.equal(ageOf('content="ESI/1.0, x", MaX-aGe=60'), 60);
	const said = parseSurrogate('max-age=60+600');
	assert.deepEqual([said?.maxAge, said?.staleWhileRevalidate], [60, 600]);
	assert.equal(ageOf('no-store'), 'no-store');
	assert.equal(ageOf('no-store, max-age=60'), 'no-store');
	assert.equal(ageOf('max-age=60, content="a, no-store'), 'no-store', 'half a quoted string');
});

test('what is for us wins over what is for all, and what is for others does not count', () => {
	assert.equal(ageOf('max-age=60;other'), null);
	assert.equal(ageOf('no-store;other, max-age=60'), 60);
	assert.equal(ageOf('max-age=60, max-age=5;ballast'), 5);
	assert.equal(ageOf('max-age=5;Ballast, max-age=60'), 5);
	assert.equal(ageOf('no-store, max-age=60;ballast'), 60);
	assert.equal(ageOf('max-age=60, no-store;ballast'), 'no-store');
	assert.equal(ageOf('max-age=60;a;ballast'), 60);
});

test('what cannot be read is no lifetime, what is not known is nothing', () => {
	for (const text of [
		'max-age',
		'max-age =60',
		'max-age= 60',
		'max-age=-1',
		'max-age=1.5',
		'max-age=60+',
		'max-age=60+x',
		'max-age=1, max-age=2',
	])
		assert.equal(ageOf(text), Delta.invalid, text);
	for (const text of ['', 'foo', 'content="ESI/1.0"', 'no-store-remote', ',,;,', ';ballast'])
		assert.equal(ageOf(text), null, text);
	assert.equal(ageOf('x,'.repeat(200)), 'no-store');
});

test('it counts where the route says so, in the place of Cache-Control and Expires, and behind CDN-Cache-Control', () => {
	const lines = ['Cache-Control: no-store', 'Surrogate-Control: max-age=60'];
	const judge = (surrogate: boolean, ...more: string[]) =>
		judgeAnswer(judgingOf(answerOf([...lines, ...more]), { policy: policyOf({ surrogate }) })).stored?.freshMs;
	assert.equal(judge(false), undefined);
	assert.equal(judge(true), 60_000);
	assert.equal(judge(true, 'Expires: 0'), 60_000);
	assert.equal(judge(true, 'CDN-Cache-Control: max-age=7'), 7000);
	assert.equal(judge(true, 'CDN-Cache-Control: &'), 60_000);
});
