import type { ProcessReading } from '../metrics/node-readers.ts';
import type { ScrapeTarget } from '../otlp/scraper.ts';
import type { Usage } from '../otlp/usage-of.ts';
import type { InstanceView } from './fleet-sink.ts';

type Reading = ProcessReading & { service: string; pool: string; instance: string };

interface Told {
	target: ScrapeTarget;
	usage: Usage;
	/** CPU time since it was first read; what it had used before did not happen now. null: it has never said. */
	cpuSeconds: number | null;
	lastCpuSeconds: number | null;
}

/** What pages of metrics told of the processes of instances that run elsewhere. */
export class ScrapedUsage {
	/** By the key of its target. */
	readonly #told = new Map<string, Told>();

	set(target: ScrapeTarget, usage: Usage): void {
		const { cpuSeconds = null, lastCpuSeconds = null } = this.#told.get(target.key) ?? {};
		const now = usage.cpuSeconds;
		this.#told.set(target.key, {
			target,
			usage,
			cpuSeconds: now === null ? cpuSeconds : (cpuSeconds ?? 0) + grown(now, lastCpuSeconds),
			lastCpuSeconds: now ?? lastCpuSeconds,
		});
	}

	/** Forgets all other targets. */
	keep(keys: ReadonlySet<string>): void {
		for (const key of this.#told.keys()) if (!keys.has(key)) this.#told.delete(key);
	}

	/** One for each instance without a process here: its own page counts, its machine's where that says nothing. */
	readings(instances: readonly Pick<InstanceView, 'id' | 'pool' | 'pid'>[]): Reading[] {
		const known = new Map(instances.map((one) => [one.id, one]));
		const readings = new Map<string, Reading>();
		const own = [...this.#told.values()].sort((one, other) => rank(one.target) - rank(other.target));
		for (const { target, usage, cpuSeconds } of own) {
			const { service, instance } = target;
			const found = known.get(instance);
			if (found === undefined || found.pid !== null) continue;
			const before = readings.get(instance);
			readings.set(instance, {
				service,
				pool: found.pool,
				instance,
				cpuSeconds: first(before?.cpuSeconds, cpuSeconds),
				memoryBytes: first(before?.memoryBytes, usage.memoryBytes),
				fds: first(before?.fds, usage.openFiles),
				processes: Number.NaN,
			});
		}
		return [...readings.values()];
	}
}

/** Less than before: the process began anew. */
const grown = (now: number, before: number | null): number =>
	before === null ? 0 : now >= before ? now - before : now;

const rank = ({ of }: ScrapeTarget): number => (of === 'instance' ? 0 : 1);

function first(known: number | undefined, value: number | null): number {
	return known === undefined || Number.isNaN(known) ? (value ?? Number.NaN) : known;
}
