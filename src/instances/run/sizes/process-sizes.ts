/** What processes of this machine are given: by cgroups where that is allowed, else by priority alone. */
import type { InstanceSize } from '../../config.ts';

export interface ProcessSizes {
	/** For people: `cgroup v2`, `cgroup v1 (cpu, memory)`, `priority`. */
	readonly kind: string;
	/** What it can hold a process to. */
	readonly holds: { readonly cpu: boolean; readonly memory: boolean };
	/** Gives a process and all that it starts from now on this size; again for another one. Errors: why it is not given. */
	give(id: string, pid: number, size: InstanceSize): string | null;
	/** The process is gone. True: it, or a part of it, was ended since there was no more memory for it. */
	ended(id: string): boolean;
}
