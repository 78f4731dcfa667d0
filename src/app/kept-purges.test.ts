/** What nobody took before the end is sent at the next start. */
import assert from 'node:assert/strict';
import {
	chmodSync,
	existsSync,
	mkdirSync,
	mkdtempSync,
	readFileSync,
	rmSync,
	statSync,
	symlinkSync,
	writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import type { UntoldPurge } from '../cache/redis/purge-record.ts';
import { EventLog } from './event-log.ts';
import { keepPurges, type LeftPurges, leftPurges } from './kept-purges.ts';
import { Purging, type TellingNodes } from './purging.ts';

const folder = mkdtempSync(join(tmpdir(), 'ballast-purges-'));
const path = join(folder, 'purges.json');
const lines: string[] = [];
const taken: string[] = [];
let status = 500;
let url = '';
/** A target that takes nothing until it is told to. */
const server = createServer((request, response) => {
	let body = '';
	request.setEncoding('utf8').on('data', (piece: string) => (body += piece));
	request.on('end', () => {
		if (status === 200) taken.push(body);
		response.writeHead(status).end('{}');
	});
});
before(async () => {
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
after(() => {
	server.close();
	rmSync(folder, { recursive: true });
});

class Nodes implements TellingNodes {
	lost = 0;
	readonly untold: UntoldPurge[] = [];

	left(): UntoldPurge[] {
		return this.untold;
	}
	adopt(untold: readonly UntoldPurge[]): boolean {
		this.untold.push(...untold);
		return true;
	}
	hand(): void {
		this.untold.length = 0;
	}
	lose(untold: number): void {
		this.lost += untold;
	}
}

function started(targets: readonly string[], store: string | null = folder): { purging: Purging; nodes: Nodes } {
	const purging = new Purging(new EventLog((line) => lines.push(line)), () => {});
	const nodes = new Nodes();
	purging.begin('test', nodes);
	const to = { type: 'webhook', url, method: 'POST', headers: [], secret: null } as const;
	const all = targets.map((name) => ({ name, perMinute: 0, to, secrets: [] }));
	const purge = { token: null, targets: all } as unknown as Parameters<Purging['configure']>[0]['purge'];
	purging.configure({ purge, store: store === null ? null : ({ folder: store } as never) });
	return { purging, nodes };
}

const ITEM = { kind: 'urls', item: 'http://a.example/x', soft: true, sinceMs: Date.now() } as const;
const UNTOLD: UntoldPurge[] = [
	{ purge: { prefixes: ['a.example/'] }, soft: true },
	{ purge: { changed: ['ha.example/x'] }, soft: false },
];

test('what a target, or other nodes, did not take before the end goes out at the next start, once', async () => {
	const first = started(['cdn', 'gone']);
	await first.purging.adopt({ purges: { cdn: [ITEM], gone: [{ ...ITEM, kind: 'everything', item: '*' }] } });
	// As at the end, without its wait for what may be sent yet.
	await first.purging.keepRest(UNTOLD);
	assert.equal(statSync(path).mode & 0o777, 0o600);
	assert.match(lines.join(''), /4 are not taken yet: they are sent at the next start/);
	first.purging.hand({ token: null, targets: [] });
	status = 200;
	const second = started(['cdn']);
	await second.purging.adopt(null);
	assert.equal(existsSync(path), false);
	assert.deepEqual(second.nodes.untold, UNTOLD);
	assert.match(lines.join(''), /1 that waited for the target gone are lost/);
	const until = performance.now() + 10_000;
	while (second.purging.views()[0]?.purged !== 1 && performance.now() < until) await setTimeout(5);
	assert.match(taken.join(''), /"urls":\["http:\/\/a.example\/x"\].*"soft":true/);
	const third = started(['cdn']);
	await third.purging.adopt(null);
	assert.deepEqual([third.purging.left(), third.nodes.untold], [{ purges: {}, untold: [] }, []]);
});

test('where nothing lasts, or it cannot be written, they are lost, and that is said', async () => {
	status = 500;
	writeFileSync(join(folder, 'file'), '');
	for (const store of [null, join(folder, 'file')]) {
		const { purging, nodes } = started(['cdn'], store);
		lines.length = 0;
		await purging.adopt({ purges: { cdn: [ITEM] } });
		await purging.keepRest(UNTOLD);
		assert.equal(nodes.lost, 2);
		assert.equal(purging.views()[0]?.lost, 1);
		assert.match(lines.join(''), /http:\/\/a.example\/x is not purged there: this Ballast ends/);
		purging.hand({ token: null, targets: [] });
	}
});

test('it is bounded: the latest of targets are kept, of other nodes everything is purged', async () => {
	const items = Array.from({ length: 3000 }, (_, at) => ({
		...ITEM,
		kind: 'tags' as const,
		item: `${at}`.padEnd(1000, 'x'),
	}));
	const nodes = items.concat(items).map(({ item }) => ({ purge: { tags: [item] }, soft: false }));
	const long = items.map((item) => ({ ...item, item: item.item.padEnd(8000, 'y') }));
	const kept = await keepPurges(path, { targets: { a: items.slice(0, 100), b: long }, nodes });
	assert.ok(statSync(path).size < 8 * 1024 * 1024);
	assert.equal(kept.targets['a']?.length, 100);
	assert.deepEqual(kept.targets['b'], long.slice(-(kept.targets['b']?.length as number)));
	assert.ok((kept.targets['b']?.length as number) > 100 && (kept.targets['b']?.length as number) < 3000);
	const read = (await leftPurges(path)) as LeftPurges;
	assert.deepEqual(read.nodes, [{ purge: { everything: true }, soft: false }]);
	assert.equal(read.targets['a']?.length, 100);
});

test('a file that is hostile is not believed, told once, and gone', async () => {
	const make: Readonly<Record<string, () => void>> = {
		'no JSON': () => writeFileSync(path, '{'),
		'another version': () => writeFileSync(path, '{"v":2,"targets":{},"nodes":[]}'),
		'a list': () => writeFileSync(path, '[]'),
		'a link': () => {
			writeFileSync(join(folder, 'elsewhere'), '{"v":1,"targets":{},"nodes":[]}');
			symlinkSync(join(folder, 'elsewhere'), path);
		},
		'written by others': () => {
			writeFileSync(path, '{"v":1,"targets":{},"nodes":[]}');
			chmodSync(path, 0o666);
		},
		'too long': () => writeFileSync(path, Buffer.alloc(8 * 1024 * 1024 + 1)),
	};
	for (const [what, write] of Object.entries(make)) {
		lines.length = 0;
		rmSync(path, { force: true });
		write();
		const { purging, nodes } = started(['cdn']);
		await purging.adopt(null);
		assert.match(lines.join(''), /what waited at the last end is not sent/, what);
		assert.deepEqual([purging.left(), nodes.untold], [{ purges: {}, untold: [] }, []], what);
		assert.equal(existsSync(path), false, what);
	}
	assert.ok(readFileSync(join(folder, 'elsewhere'), 'utf8') !== '', 'what a link names is let be');
	mkdirSync(path);
	await started(['cdn']).purging.adopt(null);
	rmSync(path, { recursive: true });
});

test('what in it is none is left out', async () => {
	const bad = [
		null,
		1,
		{},
		{ ...ITEM, kind: 'all' },
		{ ...ITEM, item: 'no URL' },
		{ ...ITEM, soft: 1 },
		{ ...ITEM, sinceMs: null },
	];
	const tags = [
		{ ...ITEM, kind: 'tags', item: 'a b' },
		{ ...ITEM, kind: 'tags', item: '\u0000' },
	];
	const nodes = ['', '{}', 7, JSON.stringify({ v: 1, node: '', serial: 0, soft: false, tags: ['t'] })];
	const targets = { cdn: [...bad, ...tags, { ...ITEM, sinceMs: 1e300 }], other: 'text' };
	writeFileSync(path, JSON.stringify({ v: 1, targets, nodes }), { mode: 0o600 });
	const left = (await leftPurges(path)) as LeftPurges;
	assert.deepEqual(left.nodes, [{ purge: { tags: ['t'] }, soft: false }]);
	assert.deepEqual(left.targets['other'], []);
	assert.equal(left.targets['cdn']?.length, 1);
	assert.ok((left.targets['cdn']?.[0]?.sinceMs as number) <= Date.now());
});
