/** What of the response cache outlasts its process: the files of large bodies, and a snapshot of the memory at an orderly end. */
import { randomBytes } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { PurgeSelect } from '../cache/answer-store.ts';
import type { DiskPlan } from '../cache/disk/disk-bodies.ts';
import { DiskCare } from '../cache/disk/disk-care.ts';
import type { MemoryStore } from '../cache/memory/memory-store.ts';
import { restoreAnswers, snapshotAnswers } from '../cache/memory/snapshot.ts';
import { bodyNumbers, removeBodies, scanBodies } from '../cache/restore/disk-scan.ts';
import { keptKey } from '../cache/restore/key-file.ts';
import { nodeOf, RestoreGuard } from '../cache/restore/restore-guard.ts';
import { takeSnapshot, writeSnapshot } from '../cache/restore/snapshot-file.ts';
import { CacheHash } from '../cache/rules/cache-hash.ts';
import type { UrlMarks } from '../cache/url-marks.ts';
import type { Config } from '../config/config.ts';
import { stateFolder } from '../store/folder.ts';
import type { EventLog } from './event-log.ts';

/** What lies in the folder, beside the key. */
const SNAPSHOTS = ['snapshot', 'handover'] as const;
const BODIES = 'bodies';
const LOOK_MS = 1000;
/** Most time that a snapshot may take, ms: what is written by then is good. */
const SNAPSHOT_MS = 5000;
/** How long the core before is waited for until it has written down what it has, ms. */
const HANDOVER_MS = 15_000;

/** What is kept of the cache, and where. */
export interface KeptCache {
	key: Buffer;
	disk: DiskPlan | null;
}

export interface OpenedCache {
	store: MemoryStore;
	marks: UrlMarks;
	key: Buffer;
}

/** The other cores of this keeper. */
interface CachePeers {
	handCache(): void;
	onCache: () => void;
}

interface Restoring {
	guard: RestoreGuard;
	care: DiskCare | null;
	folder: string;
	/** null: nothing is known of what is there. */
	snapshot: string | null;
	/** False: somebody else has it now. */
	goesOn(): boolean;
}

type CacheSettings = Pick<Config, 'cache' | 'store'>;

export class CacheKeeping {
	readonly #name: string;
	readonly #log: Pick<EventLog, 'add'>;
	readonly #peers: CachePeers;
	#config: CacheSettings | null = null;
	/** null: nothing lasts, or its folder cannot be used. */
	#folder: string | null = null;
	#opened: OpenedCache | null = null;
	#guard: RestoreGuard | null = null;
	#care: DiskCare | null = null;
	#restoring: Promise<unknown> = Promise.resolve();
	/** This core has the files. */
	#leads = false;
	#isRestored = false;
	#ending: Promise<void> | null = null;
	/** What waits for the core before; null: nothing does. */
	#handed: (() => void) | null = null;
	/** It was ready before this one led. */
	#wasHanded = false;

	constructor(name: string, log: Pick<EventLog, 'add'>, peers: CachePeers) {
		this.#name = name;
		this.#log = log;
		this.#peers = peers;
		peers.onCache = () => this.#takeHanded();
		setInterval(() => void this.#look(), LOOK_MS).unref();
	}

	async #look(): Promise<void> {
		const [care, opened] = [this.#care, this.#opened];
		await care?.look(Date.now());
		const usage = opened?.store.diskUsage ?? null;
		// It may have less room than before.
		if (care === this.#care && usage !== null && usage.bytes > usage.most) opened?.store.filler.reservePages(0);
	}

	/** Of a memory that is about to be made. */
	plan(config: CacheSettings): KeptCache {
		const { disk, warm } = config.cache;
		const folder = this.folderOf(config);
		this.#folder = null;
		if (folder === null || (disk === null && !warm)) return { key: randomBytes(32), disk: null };
		try {
			const key = keptKey(folder);
			this.#folder = folder;
			if (disk === null) return { key, disk: null };
			return { key, disk: { folder: join(folder, BODIES), node: nodeOf(new CacheHash(key)) } };
		} catch (error) {
			this.#tell('warn', `nothing of the cache lasts: ${(error as Error).message}`);
			return { key: randomBytes(32), disk: null };
		}
	}

	/** What is said now, before a memory is made for it, if one is. */
	configure(config: CacheSettings): void {
		this.#config = config;
		if (config.cache.disk !== null) this.#care?.configure(config.cache.disk);
	}

	/** Where it is kept; null: nowhere. */
	folderOf({ cache, store }: CacheSettings): string | null {
		const own = cache.disk?.folder ?? null;
		if (own !== null) return join(own, this.#name);
		return store === null ? null : join(store.folder ?? stateFolder(this.#name, process.env), 'cache');
	}

	/** The memory was made, in the place of another one perhaps. null: nothing is cached any more. */
	opened(opened: OpenedCache | null): void {
		this.#care?.yield();
		this.#care = null;
		this.#opened = opened;
		this.#guard = opened === null ? null : new RestoreGuard(new CacheHash(opened.key), opened.marks);
		const disk = this.#config?.cache.disk ?? null;
		const { memory, bodies } = opened?.store ?? { memory: null, bodies: null };
		if (memory !== null && bodies !== null && disk !== null)
			this.#care = new DiskCare(
				memory,
				{ folder: bodies.folder, bytes: disk.bytes, fromBytes: disk.fromBytes },
				(level, text) => this.#tell(level, text),
			);
		if (this.#leads) this.#restore(null);
	}

	/** The program serves. `orderly`: what was written down at the last end holds. */
	begin(orderly: boolean): void {
		this.#leads = true;
		const folder = this.#folder;
		// Other nodes purge, too, while this one is down.
		if (this.#guard !== null) this.#guard.doubts = this.#config?.cache.redis != null;
		this.#restore(folder === null || !orderly ? null : join(folder, 'snapshot'));
	}

	/** This core leads from now on; the one before writes down what it has. */
	lead(): void {
		this.#leads = true;
		if (this.#folder === null) return;
		const folder = this.#folder;
		const handed = new Promise<void>((resolve) => (this.#handed = resolve));
		if (this.#wasHanded) this.#handed?.();
		const late = setTimeout(() => this.#handed?.(), HANDOVER_MS).unref();
		this.#restoring = handed.then(() => {
			clearTimeout(late);
			this.#restore(this.#wasHanded ? join(folder, 'handover') : null);
			return this.#restoring;
		});
	}

	/** The core before has written it down. */
	#takeHanded(): void {
		this.#wasHanded = true;
		this.#handed?.();
	}

	/** Another core leads: what is here is written down for it. */
	yield(): void {
		if (!this.#leads) return;
		this.#leads = false;
		this.#care?.yield();
		this.#ending = this.#write('handover').then(() => this.#peers.handCache());
	}

	/** Purges are held against what is still to come back. */
	purging(select: PurgeSelect, soft: boolean): void {
		if (!this.#isRestored && this.#folder !== null) this.#guard?.purged(select, soft);
	}

	/** Resolves once nothing that was purged can come back, whatever happens. */
	async purged(): Promise<void> {
		await this.#restoring;
		await this.#opened?.store.bodies?.settled();
		if (this.#ending === null || this.#folder === null) return;
		await this.#ending;
		await rm(join(this.#folder, 'snapshot'), { force: true });
	}

	/** The end of this core, which leads no longer. */
	async ended(): Promise<void> {
		await this.#ending;
	}

	/** The end of the program: nothing changes any more. */
	end(): Promise<void> {
		this.#ending ??= this.#leads ? this.#write('snapshot') : Promise.resolve();
		return this.#ending;
	}

	async #write(name: (typeof SNAPSHOTS)[number]): Promise<void> {
		const [folder, opened, guard] = [this.#folder, this.#opened, this.#guard];
		// What is not yet here again is found by the files, not by a list that misses it.
		if (folder === null || opened === null || guard === null || !this.#isRestored) return;
		const { store, marks } = opened;
		const warm = this.#config?.cache.warm === true;
		const guarding = new RestoreGuard(new CacheHash(opened.key), marks);
		const chunks = snapshotAnswers(store, {
			node: guard.node,
			wanted: (entry, key) =>
				entry.answer !== null &&
				(entry.placed.file !== 0 ? this.#care !== null : warm) &&
				guarding.judge(key, entry.answer) !== null,
		});
		try {
			await store.bodies?.settled();
			await writeSnapshot(join(folder, name), chunks, Date.now() + SNAPSHOT_MS);
		} catch (error) {
			this.#tell('warn', `the cache begins cold the next time: ${(error as Error).message}`);
		}
	}

	/** Takes up what is there from before, beside the load. */
	#restore(snapshot: string | null): void {
		const [folder, opened, guard, care] = [this.#folder, this.#opened, this.#guard, this.#care];
		this.#isRestored = false;
		if (folder === null || opened === null || guard === null) {
			this.#restoring = this.#forget(this.#config);
			return;
		}
		const { store } = opened;
		const goesOn = (): boolean => this.#opened === opened && this.#leads && !store.memory.abandoned;
		this.#restoring = this.#restoreInto(store, { guard, care, folder, snapshot, goesOn })
			.catch((error: Error) => this.#tell('warn', `the cache begins cold: ${error.message}`))
			.then(async () => {
				if (!goesOn()) return;
				await care?.begin();
				guard.settle();
				this.#isRestored = true;
			});
	}

	async #restoreInto(store: MemoryStore, { guard, care, folder, snapshot, goesOn }: Restoring): Promise<void> {
		const chunks = snapshot === null ? null : await takeSnapshot(snapshot);
		for (const name of SNAPSHOTS) await rm(join(folder, name), { force: true });
		if (care === null) await this.#removeAll(folder);
		const numbers = care === null ? [] : await this.#numbers(care);
		const restored = chunks === null ? null : await restoreAnswers(store, chunks, guard);
		if (restored?.intact === false)
			this.#tell(
				'warn',
				'what the cache held before is damaged, not written to its end, or of another version: only part of it is there again',
			);
		const left = numbers.filter((number) => restored?.files.has(number) !== true);
		// Of what was not written down at an orderly end only the origin knows whether it still holds.
		const scanned = restored?.intact === true ? 0 : await scanBodies(store, left, { guard, goesOn });
		if (restored?.intact === true && care !== null && goesOn()) await removeBodies(care.folder, left);
		const count = (restored?.count ?? 0) + scanned;
		if (count > 0) this.#tell('info', `the cache holds ${count} answers from before`);
	}

	async #numbers(care: DiskCare): Promise<number[]> {
		let numbers: number[] = [];
		try {
			await mkdir(care.folder, { recursive: true, mode: 0o700 });
			numbers = await bodyNumbers(care.folder);
		} finally {
			care.open(numbers.reduce((most, number) => Math.max(most, number), 0));
		}
		return numbers;
	}

	/** What nobody follows is not believed later, and takes no room. */
	async #forget(config: CacheSettings | null): Promise<void> {
		const folder = config === null ? null : this.folderOf(config);
		if (folder === null) return;
		for (const name of SNAPSHOTS) await rm(join(folder, name), { force: true }).catch(() => {});
		await this.#removeAll(folder);
	}

	async #removeAll(folder: string): Promise<void> {
		const bodies = join(folder, BODIES);
		await removeBodies(bodies, await bodyNumbers(bodies).catch(() => []));
	}

	#tell(level: 'info' | 'warn', text: string): void {
		this.#log.add({ level, subject: 'cache', text });
	}
}
