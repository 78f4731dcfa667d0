import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { post, rendersRunning, startApi, until } from './running-api.ts';

const order = { avatar_id: 'av_0001_ivan', script: 'Good morning.' };
const renderRuns = (url: string) => async () => (await rendersRunning(url)) === 1;

test('stops being healthy, goes on answering for a moment, finishes what runs', async (t) => {
	const { url, stop, output } = await startApi(t, { SPEED: '500', SHUTDOWN_DELAY_MS: '300' });
	const render = post(`${url}/v1/render`, order);
	await until(renderRuns(url));
	const code = stop();
	await until(async () => (await fetch(`${url}/healthz`)).status === 503);
	const other = await fetch(`${url}/v1/avatars`);
	assert.deepEqual([other.status, other.headers.get('connection')], [200, 'close']);
	assert.equal((await render).status, 200);
	assert.equal(await code, 0);
	assert.match(output.at(-1) ?? '', /"stopped"/);
	await assert.rejects(fetch(`${url}/healthz`));
});

test('cuts off what takes too long', async (t) => {
	const { url, stop } = await startApi(t, { SPEED: '1', SHUTDOWN_TIMEOUT_MS: '200' });
	const render = post(`${url}/v1/render`, order);
	await until(renderRuns(url));
	const code = stop();
	const answer = await render;
	assert.deepEqual([answer.status, answer.headers.get('retry-after')], [503, '1']);
	assert.equal(await code, 1);
});

test('a second signal ends it at once, its echo does not', async (t) => {
	const { url, process, exited } = await startApi(t, { SPEED: '1' });
	const render = assert.rejects(post(`${url}/v1/render`, order));
	await until(renderRuns(url));
	process.kill('SIGINT');
	process.kill('SIGINT');
	const first = await Promise.race([exited, new Promise((resolve) => setTimeout(resolve, 700, 'runs'))]);
	assert.equal(first, 'runs');
	process.kill('SIGINT');
	assert.equal(await exited, 1);
	await render;
});

test('a bad environment or a taken port ends it with a plain message', async (t) => {
	await assert.rejects(startApi(t, { SPEED: 'fast', LOG_LEVEL: 'loud' }), (error: Error) => {
		assert.match(error.message, /^ended with 2: /);
		assert.match(error.message, /LOG_LEVEL must be one of .* not 'loud'\nSPEED must be a number .* not 'fast'/);
		return true;
	});
	const { url, process } = await startApi(t);
	await assert.rejects(startApi(t, { PORT: new URL(url).port }), /^Error: ended with 1: .*EADDRINUSE/s);
	process.kill('SIGKILL');
	await once(process, 'exit');
});
