/** Two nodes that share jobs by a real Redis: one takes them in, the other carries them out. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type Ballast, startBallast } from '../support/ballast.ts';
import { type Answer, connect } from '../support/raw-client.ts';
import { type RawUpstream, startUpstream } from '../support/raw-upstream.ts';
import { NO_REDIS, RedisServer } from '../support/redis.ts';
import { eventually, get, post } from '../support/suite.ts';

const ASYNC = 'Prefer: respond-async';
const STORE = './own';

async function ask({ port }: Ballast, request: string): Promise<Answer> {
	const client = await connect(port);
	try {
		client.send(request);
		return await client.answer();
	} finally {
		client.destroy();
	}
}

describe('jobs in a Redis that two nodes share', { skip: NO_REDIS }, () => {
	let redis: RedisServer;
	let upstream: RawUpstream;
	let taking: Ballast;
	let running: Ballast;

	const JOBS_KEY = randomBytes(32).toString('base64');
	const start = (run: boolean): Promise<Ballast> =>
		startBallast(
			{
				workers: 1,
				stop: '0s',
				store: STORE,
				state: { redis: { url: { env: 'REDIS_URL' } } },
				cache: { redis: 'off' },
				jobs: {
					run,
					store: 'redis',
					encryption: { key: { env: 'JOBS_KEY' } },
					webhooks: { secret: { env: 'SECRET' }, allow: ['127.0.0.1'], http: [new URL(upstream.url).host] },
				},
				services: {
					app: { instances: [upstream.url], limits: { body: '8MiB' }, offload: { webhook: 'asked' } },
				},
			},
			{ env: { REDIS_URL: redis.url, JOBS_KEY, SECRET: `whsec_${randomBytes(32).toString('base64')}` } },
		);
	const bodies = ({ folder }: Ballast): string[] => readdirSync(join(folder, STORE, 'jobs', 'bodies'));
	const resultOf = (location: string): Promise<Answer> =>
		eventually(
			() => ask(taking, get(`${location}/result`)),
			({ status }) => status !== 409,
		);

	before(async () => {
		redis = await RedisServer.start();
		upstream = await startUpstream();
		[taking, running] = await Promise.all([start(false), start(true)]);
	});
	after(async () => {
		await Promise.all([taking?.stop(), running?.stop()]);
		await upstream?.close();
		await redis?.end();
	});

	test('a job that one node took in is carried out by the other, bodies and all', async () => {
		const large = 'x'.repeat(300_000);
		upstream.on('/large', (request, peer) => {
			const text = `${request.body.length} ${large}`;
			peer.send(`HTTP/1.1 201 Made\r\nContent-Length: ${text.length}\r\n\r\n${text}`);
		});
		const answer = await ask(taking, post('/large', large, ASYNC));
		assert.equal(answer.status, 202, answer.raw);
		const result = await resultOf(answer.field('location') as string);
		assert.deepEqual([result.status, result.text], [201, `300000 ${large}`]);
		for (const node of [taking, running]) {
			await eventually(
				async () => bodies(node),
				(files) => files.length === 0,
			);
		}
	});

	test('what is over 1 MiB is refused, and an answer over it fails the job', async () => {
		const large = 'x'.repeat(1_100_000);
		assert.equal((await ask(taking, post('/', large, ASYNC))).status, 413);
		upstream.on('/huge', (_, peer) => {
			peer.send(`HTTP/1.1 200 OK\r\nContent-Length: ${large.length}\r\n\r\n${large}`);
		});
		const answer = await ask(taking, post('/huge', '', ASYNC));
		const location = answer.field('location') as string;
		const { state, error } = await eventually(
			async () => (await ask(taking, get(location))).json() as { state: string; error: { code: string } },
			(job) => job.state === 'failed',
		);
		assert.deepEqual([state, error.code], ['failed', 'body_too_large']);
	});

	test('the end of a job is told once, by the node that carries jobs out', async () => {
		const told: string[] = [];
		upstream.on('/hook', ({ body }, peer) => {
			told.push(body.toString());
			peer.send('HTTP/1.1 204 No Content\r\n\r\n');
		});
		const answer = await ask(taking, post('/', 'a', ASYNC, `Webhook-URL: ${upstream.url}/hook`));
		assert.equal(answer.status, 202, answer.raw);
		const [text = ''] = await eventually(
			async () => told,
			({ length }) => length > 0,
		);
		const id = (answer.field('location') as string).split('/').at(-1);
		assert.equal((JSON.parse(text) as { data: { id: string } }).data.id, id);
		await eventually(
			() => redis.ask('ZCARD', 'ballast:{ballast:jobs}:nd'),
			(count) => count === ':0\r\n',
		);
		assert.equal(told.length, 1);
	});

	test('what does not suit jobs is told', async () => {
		await eventually(
			async () => taking.output(),
			(log) => log.includes('appendonly yes'),
		);
	});

	test('without Redis nothing is taken in: 503, and as ever afterwards', async () => {
		await redis.end();
		assert.equal((await ask(taking, post('/', 'a', ASYNC))).status, 503);
		assert.equal((await ask(taking, post('/', 'a'))).status, 200, 'other requests are answered');
		await redis.begin();
		await eventually(
			() => ask(taking, post('/', 'a', ASYNC)),
			({ status }) => status === 202,
			20_000,
		);
	});
});
