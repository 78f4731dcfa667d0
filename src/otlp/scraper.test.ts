import assert from 'node:assert/strict';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { Scraper, type ScrapeTarget } from './scraper.ts';

/** What is said of one target, a sentence each, as it comes. */
async function scrape(
	context: TestContext,
	answer: RequestListener,
	differs: Partial<ScrapeTarget> = {},
): Promise<{ next(): Promise<string>; scraper: Scraper; target: ScrapeTarget }> {
	const server = createServer(answer);
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	const said: string[] = [];
	let wake = (): void => {};
	const say = (text: string): void => {
		said.push(text);
		wake();
	};
	const scraper = new Scraper({
		points: (points) => say(`points ${points.map(({ name, value }) => `${name} ${value}`).join()}`),
		usage: ({ instance }, { cpuSeconds }) => say(`usage ${instance} ${cpuSeconds}`),
		changed: (_, reason) => say(`changed ${reason}`),
	});
	context.after(() => {
		scraper.stop();
		server.closeAllConnections();
		server.close();
	});
	const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/metrics`;
	const target: ScrapeTarget = {
		key: 'a',
		service: 's',
		instance: 'i',
		url,
		of: 'instance',
		intervalMs: 100,
		...differs,
	};
	scraper.update([target]);
	const next = async (): Promise<string> => {
		while (said.length === 0) await new Promise<void>((resolve) => (wake = resolve));
		return said.shift() as string;
	};
	return { next, scraper, target };
}

test('a page is read again and again; a fault is said once, and its end', async (context) => {
	let count = 0;
	const { next } = await scrape(context, (_, response) => {
		count++;
		if (count === 2 || count === 3) response.writeHead(500).end();
		else response.end(`process_cpu_seconds_total ${count}\n`);
	});
	const lines: string[] = [];
	for (let i = 0; i < 6; i++) lines.push(await next());
	assert.deepEqual(lines, [
		'points process_cpu_seconds_total 1',
		'usage i 1',
		'changed answered 500',
		'points process_cpu_seconds_total 4',
		'usage i 4',
		'changed ',
	]);
});

test('of a host only the usage is kept', async (context) => {
	const { next } = await scrape(
		context,
		(_, response) => response.end('node_cpu_seconds_total{cpu="0",mode="user"} 9\nnode_other 1\n'),
		{ of: 'host' },
	);
	assert.equal(await next(), 'usage i 9');
});

test('pages that are too large, packed ones too, those that are none, and redirects', async (context) => {
	const bomb = gzipSync(Buffer.alloc(50_000_000, 'a'));
	const packed = await scrape(context, (_, response) => {
		response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb);
	});
	assert.equal(await packed.next(), 'changed the page is larger than 4194304 bytes');
	const html = await scrape(context, (_, response) => response.end('<html>\n</html>'));
	assert.equal(await html.next(), 'changed the page is not in the text format of Prometheus');
	const elsewhere = await scrape(context, (_, response) => {
		response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end();
	});
	assert.equal(await elsewhere.next(), 'changed answered 302');
	const gone = await scrape(context, () => {}, { url: 'http://127.0.0.1:1/metrics' });
	assert.match(await gone.next(), /^changed could not be reached/);
});

test('a target that is gone is read no more; one that stays goes on', async (context) => {
	let count = 0;
	const { next, scraper, target } = await scrape(context, (_, response) => {
		count++;
		response.end('a 1\n');
	});
	assert.equal(await next(), 'points a 1');
	assert.equal(await next(), 'usage i null');
	scraper.update([target]);
	assert.equal(await next(), 'points a 1');
	scraper.update([]);
	const before = count;
	await new Promise((resolve) => setTimeout(resolve, 250));
	assert.equal(count, before);
});
