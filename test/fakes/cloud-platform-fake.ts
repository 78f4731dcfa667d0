/** What the platform suite does to a cloud, done to its fake. */
import assert from 'node:assert/strict';
import type { Platform } from '../../src/instances/platform/platform.ts';
import type { PlatformFake } from '../../src/instances/platform/testing-platform-suite.ts';
import type { CloudServer } from './cloud-server.ts';
import type { VmGroup } from './vm-group.ts';

export interface CloudPlatformParts {
	readonly server: CloudServer;
	readonly group: VmGroup;
	readonly actions: { readonly read: string; readonly resize: string; readonly remove: string };
	open(): Platform;
	autoscaler(name: string | null): void;
	/** Most VMs that the project or subscription may have. */
	quota(members: number): void;
	vanish(): void;
}

export class CloudPlatformFake implements PlatformFake {
	readonly changes: readonly string[];
	readonly #parts: CloudPlatformParts;

	constructor(parts: CloudPlatformParts) {
		this.#parts = parts;
		this.changes = parts.group.changes;
	}

	open(): Platform {
		return this.#parts.open();
	}

	size(): number {
		return this.#parts.group.size;
	}

	alive(): string[] {
		return this.#parts.group.alive;
	}

	throttleNext(calls: number): void {
		this.#parts.server.throttle(calls, 0);
	}

	expireCredentials(): void {
		this.#parts.server.expire();
	}

	lag(ms: number): void {
		this.#parts.group.lagMs = ms;
	}

	capacity(members: number): void {
		this.#parts.quota(members);
	}

	deny(action: 'read' | 'resize' | 'remove' | null): void {
		if (action === null) this.#parts.server.allowAll();
		else this.#parts.server.deny(this.#parts.actions[action]);
	}

	stick(stuck: boolean): void {
		if (stuck) this.#parts.group.hold('starts');
		else this.#parts.group.release();
	}

	silence(silent: boolean): void {
		this.#parts.server.silent = silent;
	}

	outsideResize(size: number): void {
		this.#parts.group.resizeOutside(size);
	}

	kill(id: string): void {
		this.#parts.group.replace(id);
	}

	partial(members: number): void {
		assert.equal(members, 1);
		this.#parts.group.failPartly('at once');
	}

	autoscaler(name: string | null): void {
		this.#parts.autoscaler(name);
	}

	bounds(): void {
		throw new Error('the groups of clouds have no bounds of their own');
	}

	vanish(): void {
		this.#parts.vanish();
	}

	async close(): Promise<void> {
		await this.#parts.server.close();
		assert.deepEqual(this.#parts.server.violations, []);
	}
}
