import { compressWhole } from '../compress/body-coder.ts';
import { CODINGS, type Coding } from '../compress/coding.ts';
import { type Compression, fieldLines } from '../compress/compression.ts';
import type { FieldEdits } from '../field-edits.ts';
import { isKnownEnding } from './content-type.ts';
import { endingOf } from './file-path.ts';
import { type FileStore, Page } from './file-store.ts';
import type { FilesConfig } from './files-config.ts';
import { type FileContent, isSame, type Loaded, loadFile } from './load-file.ts';
import { fs } from './open-file.ts';
import { type Described, type StoredFile, storedFile } from './stored-file.ts';

/** A page is given out without a look for so long, and for as long again while it is looked at; ms. */
const FRESH_MS = 1000;
const STALE_MS = 2000;

/** What a path leads to, or why to nothing. */
export type Found = Page | 'redirect' | 'file_not_found' | 'file_unreadable' | 'overloaded';

/** What a route does to its files. */
export interface FileShape {
	readonly edits: FieldEdits | null;
	/** null: none is compressed here. */
	readonly compress: Compression | null;
}

/** Who waits for a path to be looked up. */
export interface Waiting {
	found(found: Found): void;
}

/** A folder that a route serves: its pages, each as it was within the last two seconds at most. */
export class FileFolder {
	readonly store: FileStore;
	readonly #config: FilesConfig;
	readonly #shape: FileShape;
	readonly #pages = new Map<string, Page>();
	/** Who waits for a path; nobody where only an old page is looked at. */
	readonly #looks = new Map<string, Waiting[]>();

	constructor(config: FilesConfig, shape: FileShape, store: FileStore) {
		this.#config = config;
		this.#shape = shape;
		this.store = store;
	}

	forget(page: Page): void {
		if (this.#pages.get(page.path) === page) this.#pages.delete(page.path);
	}

	/** A page that can be given out at once. */
	known(path: string): Page | undefined {
		const page = this.#pages.get(path);
		if (page === undefined) return undefined;
		const age = this.store.wheel.nowMs - page.checkedMs;
		if (age >= STALE_MS) return undefined;
		if (age >= FRESH_MS) this.#look(path);
		page.used = true;
		return page;
	}

	/** Looks a path up for somebody, never from within this call; false: too much is looked up already. */
	find(path: string, waiting: Waiting): boolean {
		const waits = this.#look(path);
		waits?.push(waiting);
		return waits !== undefined;
	}

	#look(path: string): Waiting[] | undefined {
		const known = this.#looks.get(path);
		if (known !== undefined || !this.store.beginLook()) return known;
		const waits: Waiting[] = [];
		this.#looks.set(path, waits);
		void this.#lookUp(path).then((found) => {
			this.#looks.delete(path);
			this.store.endLook();
			for (const each of waits) each.found(found);
		});
		return waits;
	}

	#found(path: string): Promise<Found> {
		return new Promise((found) => {
			if (!this.find(path, { found })) found('overloaded');
		});
	}

	async #lookUp(path: string): Promise<Found> {
		try {
			return (await this.#unchanged(path)) ?? (await this.#load(path));
		} catch {
			return 'file_unreadable';
		}
	}

	/** The page that is known, where the folder still holds the same. */
	async #unchanged(path: string): Promise<Page | undefined> {
		const page = this.#pages.get(path);
		if (page === undefined) return undefined;
		const nowMs = this.store.wheel.nowMs;
		if (await this.#isUnchanged(page)) {
			page.checkedMs = nowMs;
			page.used = true;
			return page;
		}
		this.store.remove(page);
		return undefined;
	}

	async #isUnchanged({ file, files }: Page): Promise<boolean> {
		const codings: (Coding | '')[] = ['', ...this.#config.precompressed];
		const same = codings.map(async (coding) => {
			const known = files.find((each) => each.coding === coding && !each.made);
			const stats = await fs.stat(this.#config.folder + file + endOf(coding)).catch(() => undefined);
			if (known === undefined || stats === undefined) return known === undefined && !stats?.isFile();
			return known.content.settled && isSame(known.content.stats, stats);
		});
		return (await Promise.all(same)).every(Boolean);
	}

	async #load(path: string): Promise<Found> {
		const { folder, index, fallback } = this.#config;
		const isFolder = path.endsWith('/');
		const file = isFolder && index !== null ? path + index : path;
		// A path that ends in a slash names no file.
		const loaded: Loaded = file.endsWith('/') ? { kind: 'missing' } : await loadFile(folder, file);
		if (loaded.kind === 'file') return this.#page(path, file, loaded.content);
		if (loaded.kind === 'failed') return ['EMFILE', 'ENFILE'].includes(loaded.code) ? 'overloaded' : 'file_unreadable';
		if (loaded.kind === 'folder' && !isFolder) return 'redirect';
		if (fallback === null || path === fallback || isKnownEnding(endingOf(path))) return 'file_not_found';
		const found = this.known(fallback) ?? (await this.#found(fallback));
		// A folder answers for nothing.
		return found === 'redirect' ? 'file_not_found' : found;
	}

	async #page(path: string, file: string, content: FileContent): Promise<Found> {
		const checkedMs = this.store.wheel.nowMs;
		const found: [Coding | '', FileContent][] = [['', content], ...(await this.#compressed(file))];
		const made = await this.#made(file, content, found);
		const contents = [...found, ...made];
		const varies = contents.length > 1;
		const files: StoredFile[] = [];
		for (const [coding, each] of contents) {
			const descriptor = each.body === null ? this.store.keepOpen(each.fd) : null;
			if (each.body === null && descriptor === null) {
				await Promise.all(contents.slice(files.length).map(([, { fd }]) => (fd < 0 ? undefined : fs.close(fd))));
				for (const opened of files) opened.descriptor?.release();
				return 'overloaded';
			}
			const of = files.length < found.length ? null : (files[0] as StoredFile);
			const described = { path: file, coding, of, varies, ...this.#described };
			files.push(storedFile(each, descriptor, described));
		}
		const page = new Page(this, path, { file, files });
		page.checkedMs = checkedMs;
		const before = this.#pages.get(path);
		if (before !== undefined) this.store.remove(before);
		this.#pages.set(path, page);
		this.store.add(page);
		return page;
	}

	get #described(): Pick<Described, 'config' | 'edits'> {
		return { config: this.#config, edits: this.#shape.edits };
	}

	/** A small file in codings in which it is not there. */
	async #made(
		file: string,
		content: FileContent,
		found: readonly [Coding | '', FileContent][],
	): Promise<[Coding, FileContent][]> {
		const { compress } = this.#shape;
		const { body } = content;
		if (compress === null || body === null) return [];
		const plain = storedFile(content, null, { path: file, coding: '', of: null, varies: false, ...this.#described });
		if (!compress.suits({ ...fieldLines(plain.head), status: 200, length: body.length })) return [];
		const made: [Coding, FileContent][] = [];
		for (const coding of compress.policy.encodings) {
			if (found.some(([known]) => known === coding)) continue;
			const coded = await compressWhole(body, coding, compress.level(coding));
			if (coded !== null && coded.length < body.length) made.push([coding, { ...content, body: coded }]);
		}
		return made;
	}

	async #compressed(file: string): Promise<[Coding, FileContent][]> {
		const { folder, precompressed } = this.#config;
		const loaded = await Promise.all(precompressed.map((coding) => loadFile(folder, file + endOf(coding))));
		return loaded.flatMap((each, at) =>
			each.kind === 'file' ? [[precompressed[at] as Coding, each.content] as [Coding, FileContent]] : [],
		);
	}
}

const endOf = (coding: Coding | ''): string => (coding === '' ? '' : CODINGS[coding]);
