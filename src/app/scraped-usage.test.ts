import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ScrapeTarget } from '../otlp/scraper.ts';
import type { Usage } from '../otlp/usage-of.ts';
import { ScrapedUsage } from './scraped-usage.ts';

const target = (instance: string, of: ScrapeTarget['of']): ScrapeTarget => ({
	key: `${instance} ${of}`,
	service: 'api',
	instance,
	url: 'http://10.0.0.5/metrics',
	of,
	intervalMs: 1000,
});
const usage = (cpuSeconds: number | null, memoryBytes: number | null): Usage => ({
	cpuSeconds,
	memoryBytes,
	cores: null,
	memoryTotalBytes: null,
	openFiles: null,
});
const away = { id: 'api-1', pool: 'main', pid: null };

test('of two pages of an instance its own counts, and its machine where that says nothing', () => {
	const scraped = new ScrapedUsage();
	scraped.set(target('api-1', 'host'), usage(5000, 9e9));
	scraped.set(target('api-1', 'instance'), usage(2, null));
	scraped.set(target('api-1', 'host'), usage(5001, 9e9));
	const [one, ...others] = scraped.readings([away]);
	assert.deepEqual(others, []);
	assert.deepEqual(one, {
		service: 'api',
		pool: 'main',
		instance: 'api-1',
		cpuSeconds: 0,
		memoryBytes: 9e9,
		fds: Number.NaN,
		processes: Number.NaN,
	});
});

test('what a process used before it was first read is no growth, and one that began anew goes on', () => {
	const scraped = new ScrapedUsage();
	const cpuAfter = (seconds: number | null): number | undefined => {
		scraped.set(target('api-1', 'instance'), usage(seconds, 1));
		return scraped.readings([away])[0]?.cpuSeconds;
	};
	assert.deepEqual([1000, 1002, null, 1003, 0.5, 1].map(cpuAfter), [0, 2, 2, 3, 3.5, 4]);
});

test('one that runs here is looked at itself, and one that is gone is forgotten', () => {
	const scraped = new ScrapedUsage();
	scraped.set(target('api-1', 'instance'), usage(1, 1));
	assert.deepEqual(scraped.readings([{ ...away, pid: 7 }]), []);
	assert.deepEqual(scraped.readings([]), []);
	assert.equal(scraped.readings([away]).length, 1);
	scraped.keep(new Set());
	assert.deepEqual(scraped.readings([away]), []);
});
