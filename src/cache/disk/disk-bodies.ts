/** The disk as one thread sees it: begins files, has those removed that are nobody's any more, knows those that are open. */
import { unlink } from 'node:fs';
import { constants } from 'node:os';
import { type AnswerMemory, Control, DiskState } from '../memory/answer-memory.ts';
import { bodyPath } from './body-file.ts';
import { OpenFiles } from './open-files.ts';

/** Files that are removed at the same time. */
const UNLINKS = 4;

export interface DiskPlan {
	/** The folder of the files. */
	readonly folder: string;
	/** Names the key that secrets are hashed with; 8 bytes. */
	readonly node: Uint8Array;
}

export class DiskBodies {
	readonly folder: string;
	readonly node: Buffer;
	readonly files: OpenFiles;
	readonly #cells: Int32Array;
	readonly #memory: AnswerMemory;
	#dropped: number[] = [];
	#unlinking = 0;
	#waiting: (() => void)[] = [];
	#planned = false;

	constructor(memory: AnswerMemory, { folder, node }: DiskPlan) {
		this.#memory = memory;
		this.#cells = memory.cells;
		this.folder = folder;
		this.node = Buffer.from(node);
		this.files = new OpenFiles(folder);
	}

	/** Files may be written: this core is the one that leads, and the disk works. */
	get on(): boolean {
		return this.#state === DiskState.on;
	}

	get #state(): number {
		return this.#memory.abandoned ? DiskState.off : Atomics.load(this.#cells, Control.diskOn);
	}

	/** Whether a body of so many bytes is to lie there. */
	wants(length: number): boolean {
		return this.on && length >= Atomics.load(this.#cells, Control.diskFrom) >>> 0;
	}

	/** The number of a file that is to be made. */
	number(): number {
		return (Atomics.add(this.#cells, Control.diskFile, 1) + 1) & 0x7fffffff || 1;
	}

	/** What the system said when it could not be written; the control plane tells it. */
	failed(code: string): void {
		// One file is there already: the next has another number.
		if (code === 'EEXIST') return;
		const number = (constants.errno as Record<string, number>)[code] ?? constants.errno.EIO;
		Atomics.store(this.#cells, Control.diskFault, number);
		Atomics.compareExchange(this.#cells, Control.diskOn, DiskState.on, DiskState.removing);
	}

	/** The file is nobody's any more; it goes in a later turn: this is called under the memory's lock. */
	drop(file: number): void {
		if (this.#state === DiskState.off) return;
		this.#dropped.push(file);
		if (this.#planned) return;
		this.#planned = true;
		setImmediate(() => {
			this.#planned = false;
			this.#sweep();
		});
	}

	/** Resolves once all that was dropped is gone. */
	settled(): Promise<void> {
		if (this.#dropped.length === 0 && this.#unlinking === 0) return Promise.resolve();
		return new Promise((resolve) => this.#waiting.push(resolve));
	}

	#sweep(): void {
		while (this.#unlinking < UNLINKS) {
			const file = this.#dropped.pop();
			if (file === undefined) break;
			this.files.forget(file);
			this.#unlinking++;
			unlink(bodyPath(this.folder, file), () => {
				this.#unlinking--;
				this.#sweep();
			});
		}
		if (this.#unlinking > 0 || this.#dropped.length > 0) return;
		const waiting = this.#waiting;
		this.#waiting = [];
		for (const each of waiting) each();
	}
}
