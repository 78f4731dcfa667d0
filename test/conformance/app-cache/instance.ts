/** One instance of an application with a cache, for tests with several: does what it is told over IPC. */
import pg from 'pg';
import { cacheQueries, createCache } from '../../../cache.ts';

export type Order =
	| { do: 'query'; text: string; values?: unknown[] }
	| { do: 'begin' | 'commit' | 'rollback' }
	| { do: 'in'; text: string }
	| { do: 'cached'; key: string; gives: string; tags: string[] }
	| { do: 'invalidate'; tags: string[] }
	| { do: 'delete'; key: string }
	| { do: 'counts' };

const [url, redis] = process.argv.slice(2) as [string, string];
const cache = await createCache({ redis });
const pool = await cacheQueries(new pg.Pool({ connectionString: url, max: 4 }), cache);
let client: pg.PoolClient | undefined;

async function carryOut(order: Order): Promise<unknown> {
	switch (order.do) {
		case 'query':
			return (await pool.query(order.text, order.values)).rows;
		case 'begin':
			client = await pool.connect();
			return void (await client.query('begin'));
		case 'in':
			return (await client?.query(order.text))?.rows;
		case 'commit':
		case 'rollback':
			await client?.query(order.do);
			client?.release();
			return undefined;
		case 'cached':
			return cache.cached(order.key, { ttl: '1h', tags: order.tags }, () => order.gives);
		case 'invalidate':
			return cache.invalidate(...order.tags);
		case 'delete':
			return cache.delete(order.key);
		case 'counts':
			return cache.counts();
	}
}

process.on('message', ({ id, order }: { id: number; order: Order }) => {
	carryOut(order).then(
		(result) => process.send?.({ id, result }),
		(error) => process.send?.({ id, error: String(error) }),
	);
});
process.on('disconnect', () => process.exit());
process.send?.({ id: 0 });
