/**
 * What share of requests the cache's store answers on a load of Zipf(0.9), beside LRU, the best fixed choice and
 * Belady's, with a memory for 1, 5 and 10 % of the objects' bytes: `node benchmarks/cache-hit-ratio.ts`. The target, 3
 * points of the optimum, is held against the best fixed choice: what is above it needs to know the future of a load that
 * is drawn at random. `--quick`: a fifth of all.
 */
import { hitRatios } from './cache/hit-ratio.ts';
import { webLength } from './cache/zipf-trace.ts';
import { conclude, quick } from './stability/verdict.ts';

const OBJECTS = quick ? 20_000 : 100_000;

await conclude('cache-hit-ratio', async () => [
	...hitRatios(OBJECTS, 'one size', () => 794),
	...hitRatios(OBJECTS, 'web sizes', webLength),
]);
