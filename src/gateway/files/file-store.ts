import { Timer, type TimerWheel } from '../../wire/timer-wheel.ts';
import type { Coding } from '../compress/coding.ts';
import { Descriptor } from './descriptor.ts';
import { Pieces } from './pieces.ts';
import type { StoredFile } from './stored-file.ts';

/** What one worker keeps of files at most: bytes in memory, pages, open files; and how many paths it looks up at a time. */
const BOUNDS = { bytes: 16 * 1024 * 1024, pages: 16_384, descriptors: 512, looks: 512 };
/** What a page costs beside its content, about. */
const PAGE_BYTES = 2048;
/** How often what nobody asks for is looked for, and how many times in a row it is then found before it goes. */
const SWEEP_MS = 2000;
const SWEEPS_OPEN = 2;
const SWEEPS_IN_MEMORY = 150;

/** What a path leads to: a file, and the same compressed. */
export class Page {
	readonly path: string;
	/** Of the file within the folder; another one than `path` for an index. */
	readonly file: string;
	/** The plain one first. */
	readonly files: readonly StoredFile[];
	/** What it is there compressed with, by preference. */
	readonly codings: readonly Coding[];
	readonly owner: { forget(page: Page): void };
	/** When it was last known to be what the folder holds, by the wheel's clock. */
	checkedMs = 0;
	/** It was asked for since it was last passed over. */
	used = false;
	idleSweeps = 0;

	constructor(owner: Page['owner'], path: string, { file, files }: { file: string; files: readonly StoredFile[] }) {
		this.owner = owner;
		this.path = path;
		this.file = file;
		this.files = files;
		this.codings = files.flatMap(({ coding }) => (coding === '' ? [] : [coding]));
	}

	get bytes(): number {
		let bytes = 0;
		for (const { content } of this.files) bytes += PAGE_BYTES + (content.body?.length ?? 0);
		return bytes;
	}

	get isOpen(): boolean {
		return this.files.some(({ descriptor }) => descriptor !== null);
	}
}

/** What one worker knows of the files that it serves, over all folders, within bounds. */
export class FileStore {
	readonly wheel: TimerWheel;
	readonly #most: typeof BOUNDS;
	readonly pieces = new Pieces();
	/** Oldest first. */
	readonly #pages = new Set<Page>();
	readonly #timer = new Timer(this);
	#bytes = 0;
	#descriptors = 0;
	#looks = 0;

	/** `bounds`: what is to hold instead of the usual ones. */
	constructor(wheel: TimerWheel, bounds: Partial<typeof BOUNDS> = {}) {
		this.wheel = wheel;
		this.#most = { ...BOUNDS, ...bounds };
	}

	get bytes(): number {
		return this.#bytes;
	}

	/** Files that are open. */
	get descriptors(): number {
		return this.#descriptors;
	}

	/** Whether the folder may be looked into once more now; `endLook` follows. */
	beginLook(): boolean {
		if (this.#looks >= this.#most.looks) return false;
		this.#looks++;
		return true;
	}

	endLook(): void {
		this.#looks--;
	}

	/** A descriptor within the bound; null: too many files are being sent. */
	keepOpen(fd: number): Descriptor | null {
		if (this.#descriptors >= this.#most.descriptors) this.#closeIdle();
		if (this.#descriptors >= this.#most.descriptors) return null;
		this.#descriptors++;
		return new Descriptor(fd, () => {
			this.#descriptors--;
		});
	}

	add(page: Page): void {
		this.#pages.add(page);
		this.#bytes += page.bytes;
		// Each that was asked for again is passed over once, so this ends.
		while (this.#bytes > this.#most.bytes || this.#pages.size > this.#most.pages) {
			const [oldest] = this.#pages;
			if (oldest === undefined || this.#pages.size === 1) break;
			if (oldest.used || oldest === page) this.#passOver(oldest);
			else this.remove(oldest);
		}
		if (this.#timer.deadline === 0) this.wheel.set(this.#timer, SWEEP_MS);
	}

	#passOver(page: Page): void {
		page.used = false;
		this.#pages.delete(page);
		this.#pages.add(page);
	}

	remove(page: Page): void {
		if (!this.#pages.delete(page)) return;
		this.#bytes -= page.bytes;
		page.owner.forget(page);
		for (const { descriptor } of page.files) descriptor?.release();
	}

	#closeIdle(): void {
		for (const page of this.#pages) {
			if (page.isOpen && !page.files.some(({ descriptor }) => descriptor?.busy)) this.remove(page);
		}
	}

	/** Lets go what nobody asked for: an open file of a name that is gone would keep its place on the disk. */
	onTimer(): void {
		for (const page of this.#pages) {
			page.idleSweeps = page.used ? 0 : page.idleSweeps + 1;
			page.used = false;
			if (page.idleSweeps >= (page.isOpen ? SWEEPS_OPEN : SWEEPS_IN_MEMORY)) this.remove(page);
		}
		if (this.#pages.size > 0) this.wheel.set(this.#timer, SWEEP_MS);
	}
}
