import assert from 'node:assert/strict';
import test from 'node:test';
import type { RuleExpression } from './rule.ts';
import { readRule } from './rule-text.ts';
import { KNOWN_FIGURES } from './testing/known-figures.ts';

const good = (text: string): RuleExpression => {
	const read = readRule(text, KNOWN_FIGURES);
	assert.ok('rule' in read, 'problems' in read ? `${text}: ${read.problems.join('\n')}` : '');
	return read.rule;
};
const bad = (text: string): string => {
	const read = readRule(text, KNOWN_FIGURES);
	assert.ok('problems' in read && read.problems.length > 0, `${text} was read`);
	return read.problems.join('\n');
};

test('a threshold, its window and its wait', () => {
	const { condition, forMs, keepMs, guards } = good('p95 > 500ms for 1m');
	assert.deepEqual(condition, {
		kind: 'threshold',
		bound: { query: { figure: 'p95', where: {}, by: [], overMs: 60_000 }, comparison: '>', value: 0.5 },
		until: null,
	});
	assert.deepEqual([forMs, keepMs, guards], [60_000, 0, []]);
});

test('every clause, in any order', () => {
	const rule = good(
		'error_rate service:vid* route:"GET /v1/*" by route,class>=2.5% until < 1% keep 5m and requests class:2xx > 60/m over 5m for 2m',
	);
	const where = { service: 'vid*', route: 'GET /v1/*' };
	assert.deepEqual(rule.condition, {
		kind: 'threshold',
		bound: {
			query: { figure: 'error_rate', where, by: ['route', 'class'], overMs: 300_000 },
			comparison: '>=',
			value: 0.025,
		},
		until: 0.01,
	});
	assert.deepEqual(rule.guards, [
		{
			query: { figure: 'requests', where: { ...where, class: '2xx' }, by: ['route', 'class'], overMs: 300_000 },
			comparison: '>',
			value: 1,
		},
	]);
	assert.deepEqual([rule.forMs, rule.keepMs], [120_000, 300_000]);
	assert.deepEqual(
		good('p95 service:videos by route over 5m > 500ms').condition,
		good('p95 > 500ms by route over 5m service:videos').condition,
	);
});

test('absence, change, burn rates', () => {
	assert.deepEqual(good('absent requests service:videos for 10m').condition, {
		kind: 'absent',
		query: { figure: 'requests', where: { service: 'videos' }, by: [], overMs: 60_000 },
	});
	assert.deepEqual(good('requests down 50% against 1w over 10m').condition, {
		kind: 'change',
		query: { figure: 'requests', where: {}, by: [], overMs: 600_000 },
		direction: 'down',
		share: 0.5,
		againstMs: 604_800_000,
	});
	const burn = good('burn fast service:videos').condition;
	assert.ok(burn.kind === 'burn');
	assert.deepEqual(
		[burn.query.by, burn.query.where, burn.pairs.map(({ factor }) => factor)],
		[['service', 'route'], { service: 'videos' }, [14.4, 6]],
	);
});

test('each figure takes values of its unit', () => {
	for (const text of [
		'instances.ready < 2',
		'queue.age > 10m',
		'bytes.out > 10MB/s',
		'memory service:a > 1.5GiB',
		'cpu by instance > 180%',
		'certificate.expires_in < 14d',
		'slo.budget < 0%',
		'apdex < 85%',
		'shed > 0',
		'memory.used > 90%',
	])
		good(text);
	const said = {
		'p95 > 500': 'expected a duration such as 500ms for `p95`, not `500`; write `500s`',
		'p95 > 5%': 'expected a duration such as 500ms for `p95`, not `5%`',
		'error_rate > 2': 'expected a share such as 5% for `error_rate`, not `2`; write `2%`',
		'error_rate > 0.02': 'expected a share such as 5% for `error_rate`, not `0.02`; write `2%`',
		'requests > 5': 'expected a rate such as 10/s for `requests`, not `5`; write `5/s`',
		'bytes.in > 10MB': 'expected a size a second such as 10MB/s for `bytes.in`, not `10MB`; write `10MB/s`',
		'instances.ready < 2s': 'expected a number such as 2 for `instances.ready`, not `2s`',
		'memory > 512': 'expected a size such as 10MB for `memory`, not `512`; write `512MB`',
	};
	for (const [text, message] of Object.entries(said)) assert.equal(bad(text), message, text);
});

test('what can never fire is refused, and what always would', () => {
	assert.equal(bad('error_rate > 100%'), '`error_rate > 100%` can never be met: it is from 0% to 100%');
	assert.match(bad('error_rate >= 101%'), /can never be met/);
	assert.match(bad('p95 < 0'), /can never be met: it is never below 0ms/);
	assert.match(bad('cpu > 120%'), /can never be met/);
	assert.match(bad('instances.ready >= 0'), /always holds/);
	assert.match(bad('apdex > 100%'), /can never be met/);
	assert.match(bad('p95 > 1s until < 2s'), /expected `until` at most as high as the threshold, 1s/);
	assert.match(bad('p95 > 1s until > 2s'), /expected `until <`, since it fires at `>`/);
	assert.match(bad('requests down 100% against 1w'), /less than 100%/);
});

test('unknown figures, labels and words say what was meant', () => {
	assert.equal(bad('eror_rate > 2%'), 'there is no figure `eror_rate`; did you mean `error_rate`?');
	assert.equal(bad('instances.redy < 2'), 'there is no figure `instances.redy`; did you mean `instances.ready`?');
	assert.match(bad('nonsense > 2'), /there is no figure `nonsense`; known are requests/);
	assert.equal(bad('p95 rout:x > 1s'), '`p95` has no label `rout`; did you mean `route`?');
	assert.equal(bad('memory.used by service > 90%'), '`memory.used` has no label `service`; it has no labels');
	assert.match(bad('p95 > 1s fr 1m'), /`fr` has no meaning here; did you mean `for`\?/);
	assert.match(bad('p95 > 1s for 5'), /expected a duration such as 30s behind `for`, not `5`; write `5s`/);
	assert.match(bad('p95 > 1s for 8d'), /from 0s to 7d/);
	assert.match(bad('p95'), /expected a comparison behind `p95`, such as `p95 > 500ms`/);
	assert.match(bad('p95 ='), /expected a value behind `=`; the rule ends there/);
	assert.match(bad('p95 == 1s'), /expected >, >=, < or <=, not `==`/);
	assert.match(bad('> 5'), /expected a figure; found `>`/);
	assert.match(bad('for 5m'), /expected a figure first/);
	assert.match(bad('burn fats'), /did you mean `burn fast`/);
	assert.match(bad('burn'), /expected `fast` or `slow`/);
	assert.match(bad('p95 > 1s and requests'), /expected >, >=, < or <= behind `and requests`/);
	assert.match(bad('requests down 50%'), /expected `against` and a duration/);
	assert.match(bad('p95 > 1s > 2s'), /expected one comparison/);
	assert.match(bad('"p95"'), /expected quotes only behind a label/);
	assert.match(bad(''), /expected a rule such as/);
	// All at once, where one does not follow from the other.
	assert.deepEqual(bad('p95 rout:x > 500 for 5 and nothing > 2').split('\n').length, 4);
});

test('hostile text ends in a sentence, soon', () => {
	for (const text of [
		'('.repeat(400),
		'a'.repeat(501),
		'\u001b[31m > 2',
		'p95 > '.repeat(80),
		'p95 '.repeat(120),
		'x:"'.repeat(160),
	]) {
		const from = performance.now();
		assert.ok(bad(text).length < 400);
		assert.ok(performance.now() - from < 1000);
	}
});
