import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { BallastError } from '../core/errors.ts';
import { globFits } from '../core/glob.ts';
import type { FigureQuery } from '../core/metric.ts';
import { CATALOGUE } from './catalogue.ts';
import { parseFigureQuery } from './query-text.ts';

const known = {
	find: (name: string) => CATALOGUE.find(({ info }) => info.name === name)?.info,
	list: () => CATALOGUE.map(({ info }) => info),
	defaultOverMs: (name: string) => CATALOGUE.find(({ info }) => info.name === name)?.overMs ?? 0,
};
const parse = (text: string): FigureQuery => parseFigureQuery(text, known);

test('a figure, patterns, labels, a duration, in any order', () => {
	const [where, by] = [{}, []];
	assert.deepEqual(parse('p95'), { figure: 'p95', where, by, overMs: 300_000 });
	assert.deepEqual(parse('slo.budget'), { figure: 'slo.budget', where, by, overMs: 30 * 86_400_000 });
	assert.deepEqual(parse('  p95 service:videos  by route over 1m30s '), {
		figure: 'p95',
		where: { service: 'videos' },
		by: ['route'],
		overMs: 90_000,
	});
	assert.deepEqual(parse('requests over 1h by service, route class:5* service:"a b"'), {
		figure: 'requests',
		where: { class: '5*', service: 'a b' },
		by: ['service', 'route'],
		overMs: 3_600_000,
	});
	assert.deepEqual(parse('p99 route:"GET /v1/*" by service,pool').where, { route: 'GET /v1/*' });
});

test('what is wrong is told with its place, and what was meant', () => {
	const cases: [text: string, message: RegExp, at: number][] = [
		['', /expected a figure, such as `p95` \(at character 1\)/, 0],
		['eror_rate', /there is no figure `eror_rate`; did you mean `error_rate`\?/, 0],
		[
			' p95 servce:x',
			/`p95` has no label `servce`; it has service, route, pool, instance; did you mean `service`\?/,
			5,
		],
		['p95 by mount', /has no label `mount`/, 7],
		['p95 by', /expected a label behind `by`/, 6],
		['p95 by over 5m', /expected a label behind `by`/, 7],
		['p95 by route,,rout', /has no label `rout`/, 14],
		['p95 ovr 5m', /expected `label:pattern`, `by` or `over`, not `ovr`; did you mean `over`\?/, 4],
		['p95 over', /expected a duration such as 30s, 5m or 1h behind `over`/, 8],
		['p95 over 5', /behind `over`, not `5`/, 9],
		['p95 over 500d', /from 1s to 400d/, 9],
		['p95 route:', /expected a pattern behind `route:`/, 10],
		['p95 route:a route:b', /`route` is said twice/, 12],
		['p95 route:"a b', /the quotes that begin here do not end/, 10],
		['memory.used by service', /`memory.used` has no label `service`; it has none/, 15],
	];
	for (const [text, message, at] of cases) {
		assert.throws(
			() => parse(text),
			(error) => {
				assert.ok(error instanceof BallastError && error.code === 'bad_query');
				assert.match(error.message, message, text);
				assert.equal(error.details['at'], at, text);
				return true;
			},
		);
	}
});

test('any text is read or refused, at once', () => {
	const word = fc.constantFrom('p95', 'by', 'over', 'route', 'service:', '"', ',', '5m', 'route:*', ' ', '\n', 'é');
	fc.assert(
		fc.property(
			fc.oneof(
				fc.string({ maxLength: 2000 }),
				fc.array(word).map((words) => words.join(' ')),
			),
			(text) => {
				try {
					assert.ok(parse(text).overMs >= 1000);
				} catch (error) {
					assert.ok(error instanceof BallastError && error.code === 'bad_query');
				}
			},
		),
	);
});

test('a pattern fits as a regular expression of it would, without its cost', () => {
	const letters = fc.array(fc.constantFrom('a', 'b', '*', '.'), { maxLength: 8 }).map((all) => all.join(''));
	fc.assert(
		fc.property(letters, letters, (pattern, text) => {
			const regex = new RegExp(`^${pattern.replaceAll('.', '\\.').replaceAll(/\*+/g, '.*')}$`);
			assert.equal(globFits(pattern, text), regex.test(text));
		}),
	);
	const began = performance.now();
	assert.equal(globFits('*a'.repeat(100), 'a'.repeat(5000).concat('b')), false);
	assert.ok(performance.now() - began < 2000);
});
