import type { RemotePoint } from './remote-point.ts';

/** What an instance, or the machine that it runs on, uses; null: its page does not say. */
export interface Usage {
	/** CPU time since its start, seconds, of all cores. */
	cpuSeconds: number | null;
	memoryBytes: number | null;
	/** Of a machine. */
	cores: number | null;
	memoryTotalBytes: number | null;
	openFiles: number | null;
}

/** From what every Prometheus client library says of its process. */
export function processUsage(points: readonly RemotePoint[]): Usage {
	return {
		cpuSeconds: first(points, 'process_cpu_seconds_total'),
		memoryBytes: first(points, 'process_resident_memory_bytes'),
		cores: null,
		memoryTotalBytes: null,
		openFiles: first(points, 'process_open_fds'),
	};
}

/** From node_exporter: the time that its cores were not idle, and the memory that is not available. */
export function hostUsage(points: readonly RemotePoint[]): Usage {
	const cores = new Set<string>();
	let busySeconds = 0;
	for (const { name, labels, value } of points) {
		if (name !== 'node_cpu_seconds_total') continue;
		cores.add(labels['cpu'] ?? '');
		// Time of a guest is counted as time of its user, too, and waiting for a disk is idling.
		if (labels['mode'] !== 'idle' && labels['mode'] !== 'iowait') busySeconds += value;
	}
	const total = first(points, 'node_memory_MemTotal_bytes');
	const available = first(points, 'node_memory_MemAvailable_bytes');
	return {
		cpuSeconds: cores.size === 0 ? null : busySeconds,
		memoryBytes: total === null || available === null ? null : Math.max(0, total - available),
		cores: cores.size === 0 ? null : cores.size,
		memoryTotalBytes: total,
		openFiles: first(points, 'node_filefd_allocated'),
	};
}

function first(points: readonly RemotePoint[], name: string): number | null {
	return points.find((point) => point.name === name)?.value ?? null;
}
