/** What the host, or the container that holds us, has and uses. */
import { availableParallelism, cpus, freemem, loadavg, totalmem } from 'node:os';
import { type CpuTimes, parseCpuTimes, parseMemory, parseNetwork } from './proc-text.ts';
import { readSmall } from './read-small.ts';

/** NaN: it cannot be told here. */
export interface HostUsage {
	/** Of all cores since the sample before, 0…1. */
	cpuRatio: number;
	cores: number;
	/** Over one minute. */
	load: number;
	memoryUsedBytes: number;
	memoryLimitBytes: number;
	/** Totals over all interfaces but loopback. */
	receivedBytes: number;
	sentBytes: number;
}

export class HostSampler {
	#before: CpuTimes | undefined;

	sample(): HostUsage {
		const memory = memoryUsage();
		const network = parseNetwork(readSmall('/proc/net/dev') ?? '');
		return {
			cpuRatio: this.#cpu(),
			cores: availableParallelism(),
			load: loadavg()[0] ?? Number.NaN,
			memoryUsedBytes: memory.used,
			memoryLimitBytes: memory.limit,
			receivedBytes: network?.received ?? Number.NaN,
			sentBytes: network?.sent ?? Number.NaN,
		};
	}

	#cpu(): number {
		const now = parseCpuTimes(readSmall('/proc/stat') ?? '') ?? timesOf(cpus());
		const before = this.#before;
		this.#before = now;
		if (before === undefined || now.total <= before.total) return Number.NaN;
		return Math.min(1, Math.max(0, (now.busy - before.busy) / (now.total - before.total)));
	}
}

function timesOf(all: ReturnType<typeof cpus>): CpuTimes {
	let [busy, total] = [0, 0];
	for (const { times } of all) {
		const sum = times.user + times.nice + times.sys + times.irq + times.idle;
		total += sum;
		busy += sum - times.idle;
	}
	return { busy, total };
}

function memoryUsage(): { used: number; limit: number } {
	const host = parseMemory(readSmall('/proc/meminfo') ?? '') ?? { total: totalmem(), available: freemem() };
	const limit = process.constrainedMemory();
	const held = limit > 0 && limit < host.total ? containerUse() : undefined;
	return held === undefined
		? { used: host.total - host.available, limit: host.total }
		: { used: Math.min(held, limit), limit };
}

/** What our cgroup (v2) holds, without the files' pages that can be given up at once. */
function containerUse(): number | undefined {
	const current = Number(readSmall('/sys/fs/cgroup/memory.current') ?? Number.NaN);
	const cached = Number(/^inactive_file (\d+)/m.exec(readSmall('/sys/fs/cgroup/memory.stat') ?? '')?.[1] ?? 0);
	return Number.isFinite(current) ? Math.max(0, current - cached) : undefined;
}
