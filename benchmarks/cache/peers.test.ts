import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type Origin, SIZES, startOrigin } from './origin.ts';
import { BALLAST, BALLAST_UNCACHED, nginxCache, VARNISH } from './peers.ts';

const ANY_CORE = '0,1';

describe('a cache that is measured', () => {
	let folder: string;
	let origin: Origin;
	before(async () => {
		folder = await mkdtemp(join(tmpdir(), 'ballast-bench-test-'));
		origin = await startOrigin(folder, ANY_CORE);
	});
	after(async () => {
		await origin.stop();
		await rm(folder, { recursive: true });
	});

	for (const peer of [BALLAST, nginxCache(true), VARNISH, BALLAST_UNCACHED]) {
		const skip = peer.version() === undefined ? `${peer.name} is not installed` : false;
		test(`${peer.name} asks for an answer ${peer === BALLAST_UNCACHED ? 'each time' : 'once'}`, { skip }, async () => {
			const setup = { folder: join(folder, peer.name.replace(/\W+/g, '-')), upstreams: [origin.port], cores: ANY_CORE };
			const running = await peer.start(setup);
			try {
				const before = await origin.requests();
				for (let i = 0; i < 4; i++) {
					const answer = await fetch(`http://127.0.0.1:${running.port}/10k`);
					assert.equal(answer.status, 200);
					assert.equal((await answer.arrayBuffer()).byteLength, SIZES['10k']);
				}
				const asked = (await origin.requests()) - before;
				assert.equal(asked, peer === BALLAST_UNCACHED ? 4 : 1);
			} finally {
				await running.stop();
			}
		});
	}
});
