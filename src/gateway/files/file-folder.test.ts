import assert from 'node:assert/strict';
import {
	mkdirSync,
	mkdtempSync,
	readdirSync,
	readlinkSync,
	renameSync,
	rmSync,
	utimesSync,
	writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, suite, test } from 'node:test';
import { TimerWheel } from '../../wire/timer-wheel.ts';
import { FileFolder, type Found } from './file-folder.ts';
import { FileStore, Page } from './file-store.ts';
import type { FilesConfig } from './files-config.ts';

const base = mkdtempSync(join(tmpdir(), 'ballast-folder-'));
after(() => rmSync(base, { recursive: true }));
/** Long before now, so that what a file holds can be told by its time. */
const OLD_S = Date.now() / 1000 - 1000;

interface Site {
	folder: FileFolder;
	store: FileStore;
	wheel: TimerWheel;
	root: string;
	write(name: string, content: string | Buffer): void;
	find(path: string): Promise<Found>;
	/** Lets so much time pass, ms. */
	pass(ms: number): void;
}

let sites = 0;

function site(options: Partial<FilesConfig> = {}): Site {
	const root = join(base, `site${sites++}`);
	mkdirSync(root);
	const wheel = new TimerWheel();
	const store = new FileStore(wheel, { bytes: 1_000_000, descriptors: 8 });
	const config: FilesConfig = {
		folder: root,
		index: 'index.html',
		fallback: null,
		immutable: { hashed: false, paths: [] },
		cacheControl: 'no-cache',
		cdnCacheControl: null,
		precompressed: [],
		types: {},
		...options,
	};
	const folder = new FileFolder(config, { edits: null, compress: null }, store);
	return {
		folder,
		store,
		wheel,
		root,
		write: (name, content) => {
			writeFileSync(join(root, name), content);
			utimesSync(join(root, name), OLD_S, OLD_S);
		},
		find: (path) => new Promise((found) => assert.ok(folder.find(path, { found }))),
		pass: (ms) => wheel.advance(wheel.nowMs + ms),
	};
}

const bodyOf = (found: Found | undefined): string | undefined =>
	found instanceof Page ? found.files[0]?.content.body?.toString() : found;

const openNow = (root: string): string[] =>
	readdirSync('/proc/self/fd').flatMap((fd) => {
		try {
			const path = readlinkSync(`/proc/self/fd/${fd}`);
			return path.startsWith(root) ? [path] : [];
		} catch {
			return [];
		}
	});

const settle = () => new Promise((resolve) => setTimeout(resolve, 2100));

suite('FileFolder', { concurrency: true }, () => {
	test('what is known is given out at once for a second, and for another while it is looked at', async () => {
		const { folder, write, find, pass } = site();
		write('a.txt', 'one');
		// Its change is too young to be told from another one.
		await settle();
		const page = await find('/a.txt');
		assert.equal(bodyOf(page), 'one');
		assert.equal(folder.known('/a.txt'), page);
		pass(900);
		assert.equal(folder.known('/a.txt'), page);
		pass(600);
		assert.equal(folder.known('/a.txt'), page);
		assert.equal(await find('/a.txt'), page, 'the look that was begun');
		pass(2100);
		assert.equal(folder.known('/a.txt'), undefined);
		assert.equal(await find('/a.txt'), page, 'the same content');
	});

	test('another content is noticed, whatever its length and its time say', async () => {
		const { root, write, find } = site();
		write('a.txt', 'one');
		assert.equal(bodyOf(await find('/a.txt')), 'one');
		write('a.txt', 'two');
		assert.equal(bodyOf(await find('/a.txt')), 'two');
		write('b.txt', 'new');
		renameSync(join(root, 'b.txt'), join(root, 'a.txt'));
		assert.equal(bodyOf(await find('/a.txt')), 'new');
		rmSync(join(root, 'a.txt'));
		assert.equal(await find('/a.txt'), 'file_not_found');
	});

	test('a compressed file that comes or goes', async () => {
		const { root, write, find } = site({ precompressed: ['br'] });
		const codings = async () => ((await find('/a.js')) as Page).files.map(({ coding }) => coding);
		write('a.js', 'plain');
		assert.deepEqual(await codings(), ['']);
		write('a.js.br', 'packed');
		assert.deepEqual(await codings(), ['', 'br']);
		rmSync(join(root, 'a.js.br'));
		assert.deepEqual(await codings(), ['']);
	});

	test('those who come together cost one look', async () => {
		const { write, find } = site();
		write('a.txt', 'one');
		const found = await Promise.all([find('/a.txt'), find('/a.txt'), find('/a.txt')]);
		assert.equal(new Set(found).size, 1);
	});

	test('indexes, folders and the fallback', async () => {
		const { root, write, find, pass } = site({ fallback: '/app.html' });
		mkdirSync(join(root, 'docs'));
		write('app.html', 'app');
		write('docs/index.html', 'docs');
		mkdirSync(join(root, 'empty'));
		assert.equal(await find('/docs'), 'redirect');
		assert.equal(bodyOf(await find('/docs/')), 'docs');
		for (const path of ['/', '/empty/', '/any/where', '/jane.doe']) assert.equal(bodyOf(await find(path)), 'app', path);
		for (const path of ['/app.js', '/logo.png', '/docs/other.html'])
			assert.equal(await find(path), 'file_not_found', path);
		rmSync(join(root, 'app.html'));
		pass(2100);
		assert.equal(await find('/any/where'), 'file_not_found');
		mkdirSync(join(root, 'app.html'));
		assert.equal(await find('/any/where'), 'file_not_found');
	});

	test('a large file stays open while somebody asks for it, and not for long after', async () => {
		const { root, store, write, find, pass } = site();
		write('large.bin', Buffer.alloc(100_000));
		await find('/large.bin');
		assert.equal(store.descriptors, 1);
		assert.equal(openNow(root).length, 1);
		for (let sweeps = 0; sweeps < 4; sweeps++) pass(6000);
		assert.equal(store.descriptors, 0);
		// The system is asked to close it, and does so in its own time.
		while (openNow(root).length > 0) await new Promise((resolve) => setTimeout(resolve, 5));
	});

	test('more large files than may be open: those that nobody reads are closed, and the rest is refused', async () => {
		const { store, write, find } = site();
		const busy: Page[] = [];
		for (let at = 0; at < 12; at++) write(`${at}.bin`, Buffer.alloc(66_000));
		for (let at = 0; at < 12; at++) await find(`/${at}.bin`);
		assert.ok(store.descriptors <= 8, `${store.descriptors} are open`);
		for (let at = 0; at < 12; at++) {
			const found = await find(`/${at}.bin`);
			if (!(found instanceof Page)) {
				assert.equal(found, 'overloaded');
				break;
			}
			found.files[0]?.descriptor?.take();
			busy.push(found);
		}
		assert.equal(busy.length, 8);
		for (const { files } of busy) files[0]?.descriptor?.release();
		assert.ok((await find('/11.bin')) instanceof Page);
	});

	test('memory stays within its bound, and what is asked for again stays in it', async () => {
		const { folder, store, root, write, find } = site();
		write('hot.bin', Buffer.alloc(60_000, 'h'));
		await find('/hot.bin');
		for (let at = 0; at < 40; at++) {
			write(`${at}.bin`, Buffer.alloc(60_000, at));
			await find(`/${at}.bin`);
			rmSync(join(root, `${at}.bin`));
			folder.known('/hot.bin');
		}
		assert.ok(store.bytes <= 1_000_000, `${store.bytes} bytes`);
		assert.ok(store.bytes > 900_000);
		assert.ok(folder.known('/hot.bin') !== undefined);
		assert.equal(folder.known('/0.bin'), undefined);
	});
});
