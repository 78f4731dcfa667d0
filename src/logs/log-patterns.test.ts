import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Drain, tokensOf } from './drain.ts';
import { LogPatterns } from './log-patterns.ts';
import { logEntry } from './testing-entries.ts';

const NOW = Date.UTC(2026, 5, 10, 12);
const MINUTE = 60_000;

test('identifiers are masked', () => {
	const text = (message: string) => tokensOf(message).join(' ');
	assert.equal(text('job 550e8400-e29b-41d4-a716-446655440000 took 12.5ms'), 'job <uuid> took <n>ms');
	assert.equal(text('from 10.0.0.1:8080 and fe80:0:0:1::1'), 'from <address> and <address>');
	assert.equal(text('commit deadbeef12 at 0x1f, 3 of 4'), 'commit <hex> at <hex> <n> of <n>');
	assert.equal(text('user17 of v2'), 'user17 of v2');
	assert.equal(text('one\ntwo'), 'one');
	assert.equal(tokensOf('a '.repeat(1000)).length, 60);
	assert.deepEqual(tokensOf('  '), []);
});

test('messages that differ in some words are one pattern', () => {
	const drain = new Drain();
	const one = drain.learn('logged in: user alice from London');
	const other = drain.learn('logged in: user bob from Paris');
	assert.equal(one?.id, other?.id);
	assert.equal(one?.tokens.join(' '), 'logged in: user <*> from <*>');
	assert.notEqual(drain.learn('connection refused by database or proxy')?.id, one?.id);
	assert.equal(drain.size, 2);
	const same = new Drain();
	same.learn('could not read file alpha for job seven');
	assert.equal(
		same.learn('could not read file beta for job eight')?.tokens.join(' '),
		'could not read file <*> for job <*>',
	);
});

test('there are never more than so many patterns, the least recent goes', () => {
	const drain = new Drain({ most: 100 });
	const kept = drain.learn('a message that stays here');
	for (let at = 0; at < 5000; at++) {
		const word = String.fromCharCode(97 + (at % 26), 97 + (Math.floor(at / 26) % 26), 97 + (Math.floor(at / 676) % 26));
		drain.learn(`${word} ${word}x ${word}y ${word}z`);
		if (at % 10 === 0) drain.learn('a message that stays here');
	}
	assert.ok(drain.size <= 100);
	assert.equal(drain.learn('a message that stays here')?.id, kept?.id);
});

test('patterns: how often, since when, what is new and what has grown', () => {
	const patterns = new LogPatterns();
	const say = (message: string, at: number, times = 1) => {
		for (let i = 0; i < times; i++) patterns.learn(logEntry(message, { timeMs: at, severity: 'error' }));
	};
	for (let minute = 70; minute > 0; minute--) {
		say(`steady work ${minute}`, NOW - minute * MINUTE, 3);
		say(`sometimes fails ${minute}`, NOW - minute * MINUTE, minute > 5 ? 1 : 30);
	}
	say('never seen before', NOW - 2 * MINUTE, 4);
	const list = patterns.list({ sinceMs: NOW - 3 * MINUTE }, NOW);
	assert.deepEqual(
		list.map(({ text, fresh, grown }) => ({ text, fresh, grown })),
		[
			{ text: 'never seen before', fresh: true, grown: false },
			{ text: 'sometimes fails <n>', fresh: false, grown: true },
			{ text: 'steady work <n>', fresh: false, grown: false },
		],
	);
	const steady = list[2];
	assert.deepEqual(
		[steady?.total, steady?.count, steady?.minutes.length, steady?.firstMs, steady?.lastMs],
		[210, 177, 60, NOW - 70 * MINUTE, NOW - MINUTE],
	);
	assert.equal(steady?.minutes.at(-1), 0);
	assert.equal(patterns.list({ limit: 1 }, NOW + 400 * MINUTE)[0]?.count, 0);
});

test('hostile messages are learned in bounded time', () => {
	const patterns = new LogPatterns(100);
	const started = performance.now();
	for (const text of [
		'x'.repeat(8192),
		'1'.repeat(8192),
		'a:'.repeat(4096),
		'1.'.repeat(4096),
		'a '.repeat(4096),
		'0x'.repeat(4096),
		'\x1b['.repeat(4096),
		'<*> <n>',
	])
		for (let i = 0; i < 20; i++) patterns.learn(logEntry(text));
	assert.ok(performance.now() - started < 1000);
	assert.ok(patterns.list({}, NOW).length <= 8);
});
