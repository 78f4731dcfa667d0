import { mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { InstanceSize } from '../../config.ts';
import type { ProcessSizes } from './process-sizes.ts';

/** Folders in which groups are made; null: not for this. */
export interface CgroupForm {
	version: 1 | 2;
	cpu: string | null;
	memory: string | null;
}

/** Microseconds over which CPU is shared out; the kernel's default. */
const PERIOD_US = 100_000;
/** The kernel takes no less. */
const LEAST_US = 1000;
/** From here on a group's memory is reclaimed hard, before anything is ended. */
const HIGH = 0.9;
/** Least memory that is set, bytes: below it nothing starts. */
const LEAST_BYTES = 4_194_304;

/** A group for each process, in the trees of its controllers. */
export class CgroupSizes implements ProcessSizes {
	readonly kind: string;
	readonly holds: { readonly cpu: boolean; readonly memory: boolean };
	readonly #form: CgroupForm;
	readonly #prefix: string;

	/** @param prefix of the groups' names */
	constructor(form: CgroupForm, prefix: string) {
		this.#form = form;
		this.#prefix = prefix;
		this.holds = { cpu: form.cpu !== null, memory: form.memory !== null };
		const names = Object.entries(this.holds).filter(([, has]) => has);
		const all = names.length === 2 ? '' : ` (${names.map(([name]) => name).join(', ')} only)`;
		this.kind = `cgroup v${form.version}${all}`;
	}

	#groups(id: string): string[] {
		const places = new Set([this.#form.cpu, this.#form.memory].filter((place) => place !== null));
		return [...places].map((place) => join(place, `${this.#prefix}-${id.replace(/[^\w.-]/g, '_')}`));
	}

	give(id: string, pid: number, size: InstanceSize): string | null {
		try {
			for (const group of this.#groups(id)) mkdirSync(group, { recursive: true });
			this.#limit(id, size);
			for (const group of this.#groups(id)) this.#move(group, pid);
			return null;
		} catch (error) {
			return `it cannot be held to its size: ${(error as Error).message}`;
		}
	}

	/** What it has started already is moved with it: what it starts from now on is where it is. */
	#move(group: string, pid: number): void {
		for (const each of [pid, ...childrenOf(pid)]) {
			try {
				writeFileSync(join(group, 'cgroup.procs'), String(each));
			} catch (error) {
				// It ended meanwhile.
				if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
			}
		}
	}

	#limit(id: string, { cpu, memoryBytes }: InstanceSize): void {
		const quota = cpu === null ? null : Math.max(LEAST_US, Math.round(cpu * PERIOD_US));
		const bytes = memoryBytes === null ? null : Math.max(LEAST_BYTES, memoryBytes);
		const [first = '', second = first] = this.#groups(id);
		const [ofCpu, ofMemory] = [this.#form.cpu === null ? null : first, this.#form.memory === null ? null : second];
		if (this.#form.version === 2) {
			if (ofCpu !== null) write(ofCpu, 'cpu.max', `${quota ?? 'max'} ${PERIOD_US}`);
			if (ofMemory === null) return;
			write(ofMemory, 'memory.high', bytes === null ? 'max' : String(Math.round(bytes * HIGH)));
			write(ofMemory, 'memory.max', bytes === null ? 'max' : String(bytes));
			return;
		}
		if (ofCpu !== null) {
			write(ofCpu, 'cpu.cfs_period_us', String(PERIOD_US));
			write(ofCpu, 'cpu.cfs_quota_us', String(quota ?? -1));
		}
		if (ofMemory !== null) write(ofMemory, 'memory.limit_in_bytes', String(bytes ?? -1));
	}

	ended(id: string): boolean {
		const groups = this.#groups(id);
		const killed = groups.some((group) => {
			const events = this.#form.version === 2 ? 'memory.events' : 'memory.oom_control';
			try {
				return Number(/^oom_kill (\d+)$/m.exec(readFileSync(join(group, events), 'utf8'))?.[1] ?? 0) > 0;
			} catch {
				return false;
			}
		});
		for (const group of groups) {
			try {
				rmdirSync(group);
			} catch {
				// A grandchild still ends in it: it is cleared away at the next start.
			}
		}
		return killed;
	}
}

const write = (group: string, file: string, value: string): void => writeFileSync(join(group, file), value);

/** All below a process, as far as they can be told. */
function childrenOf(pid: number, depth = 0): number[] {
	if (depth > 16) return [];
	try {
		const children = readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
			readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').trim().split(/\s+/).filter(Boolean).map(Number),
		);
		return children.flatMap((child) => [child, ...childrenOf(child, depth + 1)]);
	} catch {
		return [];
	}
}
