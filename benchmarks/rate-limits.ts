/**
 * What a rate limit costs a request: reading the key, hashing it, and the take from the table that all workers share.
 * CPU time of the thread, so that a busy machine disturbs little. `--quick`: a tenth of the requests.
 */
import { once } from 'node:events';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { KeyedHash } from '../src/core/keyed-hash.ts';
import type { Addressed } from '../src/gateway/client-address.ts';
import type { RateLimitPolicy } from '../src/gateway/config.ts';
import { Trust } from '../src/gateway/forwarded.ts';
import { RateLimits } from '../src/gateway/rate-limits.ts';
import { GcraTable } from '../src/resilience/gcra-table.ts';
import { RequestHead } from '../src/wire/request-head.ts';
import { median } from './measure/ratios.ts';
import { conclude, type Line, quick } from './stability/verdict.ts';

const CLIENTS = 4096;
const HEADS = 16;
const REQUESTS = quick ? 200_000 : 2_000_000;
const ROUNDS = 5;
const HASH_KEY: [number, number] = [0x243f6a88, 0x05a308d3];

/** A million a second at once: nothing is refused. One a day: all is, but the first. */
const policy = (key: RateLimitPolicy['key'], refuses = false): RateLimitPolicy => ({
	name: 'measured',
	of: 'service',
	...(refuses ? { count: 1, perMs: 86_400_000, burst: 1 } : { count: 1_000_000, perMs: 1000, burst: 1_000_000 }),
	key,
	from: 'anyone',
	full: 'admit',
	entries: 65_536,
});

const IPV4 = (i: number): string => `203.0.${i >> 8}.${i & 255}`;
const IPV6 = (i: number): string => `2001:db8:${(i >> 6).toString(16)}:${(i & 63).toString(16)}:aaaa:bbbb:cccc:1`;

/** Requests of so many addresses, with keys of 36 bytes. */
function requests(addressOf: (i: number) => string): Addressed[] {
	const trust = new Trust([]);
	// As fresh in the processor's cache as a head that was just parsed.
	const heads = Array.from({ length: HEADS }, (_, i) => {
		const key = `0b5c7e7e-95d6-4ab0-8f3d-${String(i).padStart(12, '0')}`;
		const fields = `Host: api.example.com\r\nAccept: */*\r\nX-Api-Key: ${key}\r\nUser-Agent: measured`;
		const buffer = Buffer.from(`GET / HTTP/1.1\r\n${fields}\r\n\r\n`);
		const head = new RequestHead(20);
		head.parse(buffer, 0, buffer.length, 100);
		return { buffer, head };
	});
	return Array.from({ length: CLIENTS }, (_, i) => ({
		...(heads[i % HEADS] as (typeof heads)[number]),
		client: { trusted: false, address: addressOf(i), addressField: '' },
		plane: { trust },
	}));
}

/** ns of CPU a request, the median over the rounds. */
function measure(limits: RateLimits, all: readonly Addressed[]): number {
	const rounds: number[] = [];
	let nowMs = 1_000_000;
	// The first round is left out: it compiles.
	for (let round = 0; round <= ROUNDS; round++) {
		const from = process.threadCpuUsage();
		for (let i = 0; i < REQUESTS; i++) limits.take(all[i % CLIENTS] as Addressed, (nowMs += 0.01));
		const { user, system } = process.threadCpuUsage(from);
		if (round > 0) rounds.push(((user + system) * 1000) / REQUESTS);
	}
	return median(rounds);
}

function limitsOf(policies: readonly RateLimitPolicy[], memory?: SharedArrayBuffer): RateLimits {
	const routes = policies.map((one) => ({
		policy: one,
		limiter: new GcraTable(memory ?? GcraTable.memory(one.entries), one),
	}));
	return new RateLimits(routes, 'GET /', new KeyedHash(HASH_KEY));
}

/** The same limit in several threads at once, all on one key. */
async function together(threads: number): Promise<number> {
	const memory = GcraTable.memory(policy([]).entries);
	const workers = Array.from(
		{ length: threads },
		() => new Worker(new URL(import.meta.url), { workerData: memory, argv: process.argv.slice(2) }),
	);
	const figures = await Promise.all(workers.map(async (worker) => (await once(worker, 'message'))[0] as number));
	return median(figures);
}

const line = (figure: string, key: string, ns: number, most?: number): Line => ({
	figure,
	key,
	measured: Math.round(ns),
	most,
	unit: 'ns',
});

if (isMainThread) {
	await conclude('rate-limits', async () => {
		const ipv4 = requests(IPV4);
		const byAddress = policy([{ from: 'address' }]);
		const byHeader = policy([{ from: 'header', name: 'x-api-key' }]);
		const everyone = policy([]);
		return [
			line('a limit by IPv4 address', 'ipv4', measure(limitsOf([byAddress]), ipv4), 1000),
			line('by IPv6 address', 'ipv6', measure(limitsOf([byAddress]), requests(IPV6)), 1000),
			line('by a header field of 36 bytes', 'header', measure(limitsOf([byHeader]), ipv4), 1000),
			line('by both', 'mix', measure(limitsOf([policy([...byAddress.key, ...byHeader.key])]), ipv4)),
			line('two limits', 'two', measure(limitsOf([byAddress, everyone]), ipv4)),
			line('a refusal', 'refused', measure(limitsOf([policy([{ from: 'address' }], true)]), ipv4)),
			line('one key, one thread', 'alone', measure(limitsOf([everyone]), ipv4)),
			line('one key, two threads at once', 'contended', await together(2)),
		];
	});
} else {
	parentPort?.postMessage(measure(limitsOf([policy([])], workerData as SharedArrayBuffer), requests(IPV4)));
}
