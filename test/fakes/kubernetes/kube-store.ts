/** Objects with their versions and all that happened to them, as etcd and the watch cache keep them. */

export interface KubeObject {
	metadata: {
		name: string;
		resourceVersion?: string;
		generation?: number;
		deletionTimestamp?: string;
		[name: string]: unknown;
	};
	[name: string]: unknown;
}

export interface Change {
	readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
	readonly kind: string;
	readonly object: KubeObject;
	readonly version: number;
	readonly atMs: number;
}

export class KubeStore {
	readonly #log: Change[] = [];
	readonly #listeners = new Set<(change: Change) => void>();
	#version = 100;
	/** Changes up to this one are forgotten: a watch from there has expired. */
	#forgotten = 0;
	/** Reads show what was so long ago, ms. */
	lagMs = 0;

	/** Writes it under its name. */
	put(kind: string, object: KubeObject): void {
		const type = this.now(kind, object.metadata.name) === null ? 'ADDED' : 'MODIFIED';
		this.#append({ type, kind, object });
	}

	/** Changes it where it stands; nothing happens when nothing is changed. */
	change(kind: string, name: string, edit: (object: KubeObject) => void): void {
		const before = this.now(kind, name);
		if (before === null) return;
		const object = structuredClone(before);
		edit(object);
		if (JSON.stringify(object) !== JSON.stringify(before)) this.#append({ type: 'MODIFIED', kind, object });
	}

	drop(kind: string, name: string): void {
		const object = this.now(kind, name);
		if (object !== null) this.#append({ type: 'DELETED', kind, object });
	}

	/** As it is, whatever is read. */
	now(kind: string, name: string): KubeObject | null {
		return this.allNow(kind).find((one) => one.metadata.name === name) ?? null;
	}

	allNow(kind: string): KubeObject[] {
		return this.#at(kind, Number.POSITIVE_INFINITY).items;
	}

	/** As it is read. */
	read(kind: string): { items: KubeObject[]; version: number } {
		return this.#at(kind, Date.now() - this.lagMs);
	}

	/** What happened after a version; null: it is forgotten. */
	since(kind: string, version: number): Change[] | null {
		if (version < this.#forgotten) return null;
		return this.#log.filter((change) => change.kind === kind && change.version > version);
	}

	listen(listener: (change: Change) => void): () => void {
		this.#listeners.add(listener);
		return () => this.#listeners.delete(listener);
	}

	/** Old versions are forgotten from now on. */
	compact(): void {
		this.#forgotten = ++this.#version;
	}

	get version(): number {
		return this.#version;
	}

	#at(kind: string, atMs: number): { items: KubeObject[]; version: number } {
		const items = new Map<string, KubeObject>();
		let version = 100;
		for (const change of this.#log) {
			if (change.atMs > atMs) break;
			version = change.version;
			if (change.kind !== kind) continue;
			if (change.type === 'DELETED') items.delete(change.object.metadata.name);
			else items.set(change.object.metadata.name, change.object);
		}
		return {
			items: [...items.values()],
			version: atMs === Number.POSITIVE_INFINITY ? this.#version : Math.max(version, this.#forgotten),
		};
	}

	#append({ type, kind, object }: Pick<Change, 'type' | 'kind' | 'object'>): void {
		const version = ++this.#version;
		const kept = structuredClone(object);
		kept.metadata.resourceVersion = String(version);
		// The first ones are there from the beginning, however far reads are behind.
		const atMs = this.#log.length < 8 && this.lagMs === 0 ? 0 : Date.now();
		const change = { type, kind, object: kept, version, atMs };
		this.#log.push(change);
		for (const listener of this.#listeners) listener(change);
	}
}
