/** Looks after the disk for all workers: how much room it has, and whether it can be written. For the control plane. */
import { mkdir, rm, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { getSystemErrorMap } from 'node:util';
import { type AnswerMemory, Control, DiskState } from '../memory/answer-memory.ts';
import { PAGE } from './body-file.ts';

/** How long a disk that failed is left alone, ms. */
const RETRY_MS = 10_000;
/** What is left free for others, bytes: a hundredth of the disk, and at most this. */
const SPARE_MOST = 256 * 1024 * 1024;
const SPARE_SHARE = 0.01;
/** What must be free before it is tried again. */
const PROBE_BYTES = 1024 * 1024;

export interface DiskBounds {
	/** Most that the files take. */
	bytes: number;
	/** Bodies of so many bytes on lie there. */
	fromBytes: number;
}

export class DiskCare {
	readonly folder: string;
	readonly #cells: Int32Array;
	readonly #tell: (level: 'info' | 'warn', text: string) => void;
	#bounds: DiskBounds;
	/** What is wrong; '': nothing. */
	#fault = '';
	#retryAtMs = 0;
	#short = false;
	#looking = false;

	constructor(
		memory: AnswerMemory,
		{ folder, ...bounds }: DiskBounds & { folder: string },
		tell: (level: 'info' | 'warn', text: string) => void,
	) {
		this.#cells = memory.cells;
		this.folder = folder;
		this.#tell = tell;
		this.#bounds = bounds;
		this.configure(bounds);
	}

	configure(bounds: DiskBounds): void {
		this.#bounds = bounds;
		Atomics.store(this.#cells, Control.diskFrom, Math.min(bounds.fromBytes, 0x7fffffff));
		Atomics.store(this.#cells, Control.diskMost, Math.floor(bounds.bytes / PAGE));
	}

	/** Before the first file: there are numbers up to `last`. @throws Error when it cannot be used */
	open(last: number): void {
		Atomics.store(this.#cells, Control.diskFile, Math.max(last, Atomics.load(this.#cells, Control.diskFile)));
		Atomics.store(this.#cells, Control.diskOn, DiskState.removing);
	}

	/** From now on it is used. */
	async begin(): Promise<void> {
		await this.#measure().catch((error: NodeJS.ErrnoException) => this.#failed(error.code ?? error.message));
		if (this.#fault === '') Atomics.store(this.#cells, Control.diskOn, DiskState.on);
	}

	/** Another core has it. */
	yield(): void {
		Atomics.store(this.#cells, Control.diskOn, DiskState.off);
	}

	/** Every second. */
	async look(nowMs: number): Promise<void> {
		const fault = Atomics.exchange(this.#cells, Control.diskFault, 0);
		if (fault !== 0) this.#failed(getSystemErrorMap().get(-fault)?.join(': ') ?? `error ${fault}`);
		if (this.#looking) return;
		this.#looking = true;
		try {
			if (this.#fault !== '' && nowMs >= this.#retryAtMs) await this.#retry();
			if (Atomics.load(this.#cells, Control.diskOn) === DiskState.on) await this.#measure();
		} catch (error) {
			this.#failed((error as NodeJS.ErrnoException).code ?? String(error));
		}
		this.#looking = false;
	}

	async #retry(): Promise<void> {
		const probe = join(this.folder, 'probe');
		await mkdir(this.folder, { recursive: true, mode: 0o700 });
		try {
			await writeFile(probe, Buffer.alloc(PROBE_BYTES), { mode: 0o600 });
		} finally {
			await rm(probe, { force: true });
		}
		this.#fault = '';
		const { off, on, removing } = DiskState;
		if (Atomics.compareExchange(this.#cells, Control.diskOn, removing, on) !== off)
			this.#tell('info', `large answers are kept in ${this.folder} again`);
	}

	/** What others leave of the disk bounds it too. */
	async #measure(): Promise<void> {
		const { bavail, blocks, bsize } = await statfs(this.folder);
		const spare = Math.min(blocks * bsize * SPARE_SHARE, SPARE_MOST);
		const used = Atomics.load(this.#cells, Control.diskPages) * PAGE;
		const room = used + Math.max(0, bavail * bsize - spare);
		const most = Math.min(this.#bounds.bytes, room);
		Atomics.store(this.#cells, Control.diskMost, Math.floor(most / PAGE));
		const short = room < this.#bounds.bytes * 0.95;
		if (short && !this.#short)
			this.#tell(
				'warn',
				`the disk of ${this.folder} has room for ${megabytes(room)} of the cache's ${megabytes(this.#bounds.bytes)}`,
			);
		this.#short = short;
	}

	#failed(why: string): void {
		Atomics.compareExchange(this.#cells, Control.diskOn, DiskState.on, DiskState.removing);
		this.#retryAtMs = Date.now() + RETRY_MS;
		if (this.#fault === '') {
			this.#tell('warn', `large answers are not kept: ${this.folder} cannot be written: ${why}; it is tried again`);
		}
		this.#fault = why;
	}
}

const megabytes = (bytes: number): string => `${Math.floor(bytes / 1024 / 1024)} MiB`;
