import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Episode, followEpisode, QUIET_MS } from './episode.ts';

test('it begins with the first refusal and is over after a while without', () => {
	let episode: Episode | null = null;
	const told: unknown[] = [];
	const look = (nowMs: number, refused: number) => {
		const next = followEpisode(episode, refused, nowMs);
		({ episode } = next);
		if (next.tell !== null) told.push([nowMs, next.tell]);
	};
	look(0, 0);
	look(200, 3);
	look(400, 0);
	look(5000, 4);
	look(5000 + QUIET_MS - 1, 0);
	look(5000 + QUIET_MS, 0);
	look(5000 + QUIET_MS + 200, 0);
	assert.deepEqual(told, [
		[200, { what: 'begins' }],
		[5000 + QUIET_MS, { what: 'over', episode: { sinceMs: 200, lastMs: 5000, refused: 7 } }],
	]);
	look(20_000, 1);
	assert.equal(told.length, 3);
});

test('property: all refusals are told of, by lines that are at least 10 s apart', () => {
	const looks = fc.array(fc.tuple(fc.integer({ min: 1, max: 8000 }), fc.integer({ min: 0, max: 5 })));
	fc.assert(
		fc.property(looks, (seen) => {
			let episode: Episode | null = null;
			let [nowMs, refused, told, lastEnd] = [0, 0, 0, -QUIET_MS];
			for (const [elapsedMs, now] of [...seen, [QUIET_MS, 0] as const]) {
				nowMs += elapsedMs;
				refused += now;
				const next = followEpisode(episode, now, nowMs);
				({ episode } = next);
				if (next.tell?.what === 'begins') assert.ok(nowMs > lastEnd);
				if (next.tell?.what === 'over') {
					assert.ok(nowMs - next.tell.episode.sinceMs >= QUIET_MS);
					told += next.tell.episode.refused;
					lastEnd = nowMs;
				}
			}
			assert.equal(told, refused);
		}),
	);
});
