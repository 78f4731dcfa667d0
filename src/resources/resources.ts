/** Looks each two seconds at the host, at the processes of each local instance and at our own. */
import { existsSync } from 'node:fs';
import { DiskSampler, type DiskUsage } from './disk.ts';
import { HostSampler, type HostUsage } from './host.ts';
import { ProcTrees } from './proc-trees.ts';
import type { ProcessTrees, Usage } from './process-trees.ts';
import { PsTrees } from './ps-trees.ts';

/** An instance that runs here. */
export interface LocalInstance {
	service: string;
	pool: string;
	instance: string;
	pid: number;
}

export interface ResourceOptions {
	/** Instances that have a process here. */
	instances: () => readonly LocalInstance[];
	/** Our own processes: keeper, core. */
	own: () => readonly number[];
	/** Folders whose file systems are watched. */
	mounts: () => readonly string[];
	/** Processes cannot be looked at here; told once. */
	failed?: (error: unknown) => void;
	everyMs?: number;
	trees?: ProcessTrees;
}

/** Most instances that are looked at. */
const MOST_INSTANCES = 1000;
/** `ps` is a process of its own each time. */
const PS_EVERY = 5;

export class Resources {
	readonly #options: ResourceOptions;
	readonly #trees: ProcessTrees;
	readonly #host = new HostSampler();
	readonly #disk = new DiskSampler();
	/** Samples between two looks at the processes. */
	readonly #every: number;
	#timer: NodeJS.Timeout | undefined;
	#samples = 0;
	#looking = false;
	#failed = false;
	#hostUsage: HostUsage | null = null;
	#processes: readonly (LocalInstance & Usage)[] = [];
	#own: Usage | null = null;

	constructor(options: ResourceOptions) {
		this.#options = options;
		const linux = existsSync('/proc/self/stat');
		this.#trees = options.trees ?? (linux ? new ProcTrees() : new PsTrees());
		this.#every = options.trees === undefined && !linux ? PS_EVERY : 1;
	}

	start(): void {
		void this.sample();
		this.#timer = setInterval(() => void this.sample(), this.#options.everyMs ?? 2000);
		this.#timer.unref();
	}

	stop(): void {
		clearInterval(this.#timer);
	}

	/** Never fails: what cannot be told is absent. */
	async sample(): Promise<void> {
		this.#hostUsage = this.#host.sample();
		void this.#disk.sample(this.#options.mounts());
		if (this.#samples++ % this.#every !== 0 || this.#looking) return;
		this.#looking = true;
		try {
			await this.#look();
		} catch (error) {
			this.#processes = [];
			this.#own = null;
			if (!this.#failed) this.#options.failed?.(error);
			this.#failed = true;
		} finally {
			this.#looking = false;
		}
	}

	async #look(): Promise<void> {
		const instances = this.#options.instances().slice(0, MOST_INSTANCES);
		const roots = instances.map(({ pid }) => pid);
		const { trees, alone } = await this.#trees.sample(roots, this.#options.own());
		this.#processes = instances.flatMap((instance, at) => {
			const usage = trees[at];
			return usage === null || usage === undefined ? [] : [{ ...instance, ...usage }];
		});
		this.#own = alone;
	}

	/** null: before the first sample. */
	host(): HostUsage | null {
		return this.#hostUsage;
	}

	disks(): readonly DiskUsage[] {
		return this.#disk.usage;
	}

	processes(): readonly (LocalInstance & Usage)[] {
		return this.#processes;
	}

	own(): Usage | null {
		return this.#own;
	}
}
