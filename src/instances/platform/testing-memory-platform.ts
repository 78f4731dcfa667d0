/** A platform in memory, eventually consistent if told so: what the engine is tested with. */
import type { Platform, PlatformGroup, PlatformMember } from './platform.ts';
import { PlatformError, type PlatformFault } from './platform-error.ts';
import type { PlatformFake } from './testing-platform-fake.ts';

interface Shot {
	readonly atMs: number;
	readonly group: PlatformGroup;
}

export class MemoryPlatform implements PlatformFake {
	readonly changes: string[] = [];
	#size = 3;
	#members: PlatformMember[] = [];
	#born = 0;
	#throttled = 0;
	#expired = false;
	#lagMs = 0;
	#capacity = Number.POSITIVE_INFINITY;
	#denied: string | null = null;
	#stuck = false;
	#silent = false;
	#partial: number | null = null;
	#autoscaler: string | null = null;
	#bounds: readonly [number | null, number | null] = [null, null];
	#there = true;
	#shots: Shot[] = [];

	readonly #declaredLagMs: number;

	/** @param lagMs how late it says that reads may be */
	constructor(lagMs = 1000) {
		this.#declaredLagMs = lagMs;
		this.#fill();
	}

	open(): Platform {
		return {
			kind: 'memory',
			target: 'group m/api',
			lagMs: this.#declaredLagMs,
			group: (signal) => this.#call('read', signal, () => this.#shown()),
			setDesired: (count, signal) =>
				this.#call('resize', signal, () => {
					if (count === this.#size) return;
					if (count > this.#capacity) throw new PlatformError('capacity', `no room for ${count}`);
					this.changes.push(String(count));
					this.#size = count;
					this.#fill();
				}),
			remove: (ids, signal) => this.#call('remove', signal, () => this.#remove(ids)),
			close: () => {},
		};
	}

	size(): number {
		return this.#size;
	}

	alive(): string[] {
		return this.#members.filter(({ life }) => life === 'running' || life === 'pending').map(({ id }) => id);
	}

	throttleNext(calls: number): void {
		this.#throttled = calls;
	}

	expireCredentials(): void {
		this.#expired = true;
	}

	lag(ms: number): void {
		this.#lagMs = ms;
	}

	capacity(members: number): void {
		this.#capacity = members;
	}

	deny(action: 'read' | 'resize' | 'remove' | null): void {
		this.#denied = action;
	}

	stick(stuck: boolean): void {
		this.#stuck = stuck;
		if (!stuck) this.#members = this.#members.map((member) => ({ ...member, life: 'running' }));
		this.#shoot();
	}

	silence(silent: boolean): void {
		this.#silent = silent;
	}

	outsideResize(size: number): void {
		this.#size = size;
		this.#fill();
	}

	kill(id: string): void {
		this.#members = this.#members.filter((member) => member.id !== id);
		this.#fill();
	}

	partial(members: number): void {
		this.#partial = members;
	}

	autoscaler(name: string | null): void {
		this.#autoscaler = name;
		this.#shoot();
	}

	bounds(min: number | null, max: number | null): void {
		this.#bounds = [min, max];
		this.#shoot();
	}

	vanish(): void {
		this.#there = false;
	}

	close(): Promise<void> {
		return Promise.resolve();
	}

	#remove(ids: readonly string[]): void {
		let done = 0;
		const least = ids.length > 1 ? this.#partial : null;
		for (const id of ids) {
			if (done === least) {
				this.#partial = null;
				throw new PlatformError('busy', `${id} could not be removed now`);
			}
			done++;
			if (!this.alive().includes(id)) continue;
			this.changes.push(`-${id}`);
			this.#members = this.#members.filter((member) => member.id !== id);
			this.#size--;
			this.#shoot();
		}
	}

	/** Makes what is missing, ends the oldest of what is too many. */
	#fill(): void {
		while (this.#members.length > this.#size) this.#members.shift();
		while (this.#members.length < this.#size) {
			const id = `m-${++this.#born}`;
			const life = this.#stuck ? 'pending' : 'running';
			const startedAt = Date.now() - 1000 + this.#born;
			this.#members.push({ id, host: '127.0.0.1', port: 1000 + this.#born, life, ready: null, startedAt, note: '' });
		}
		this.#shoot();
	}

	#shoot(): void {
		const [min, max] = this.#bounds;
		const group = { desired: this.#size, min, max, autoscaler: this.#autoscaler, busy: null, members: this.#members };
		this.#shots.push({ atMs: Date.now(), group: structuredClone(group) });
	}

	/** As it was `lagMs` ago. */
	#shown(): PlatformGroup {
		const shot = this.#shots.findLast(({ atMs }) => atMs <= Date.now() - this.#lagMs);
		return (shot ?? (this.#shots[0] as Shot)).group;
	}

	async #call<T>(action: string, signal: AbortSignal, work: () => T): Promise<T> {
		await new Promise((resolve) => setTimeout(resolve, 1));
		if (this.#silent)
			await new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('aborted'))));
		const refuse = (fault: PlatformFault, message: string): never => {
			throw new PlatformError(fault, message, { permission: `memory:${action}`, retryAfterMs: 5 });
		};
		if (this.#throttled-- > 0) refuse('throttled', 'slow down');
		if (this.#expired) {
			this.#expired = false;
			refuse('credentials', 'expired');
		}
		if (!this.#there) refuse('not_found', 'there is no group m/api');
		if (this.#denied === action) refuse('denied', 'this is not permitted');
		return work();
	}
}
