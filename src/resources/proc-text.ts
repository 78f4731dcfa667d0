/** Reads the texts of Linux's `/proc` (proc(5)). What does not look as expected is undefined. */

/** Ticks of the times in `/proc`: Linux shows 100 a second to all programs, whatever it runs by. */
const TICKS = 100;

export interface ProcessStat {
	parent: number;
	group: number;
	session: number;
	/** Its own and that of the children that it has waited for. */
	cpuSeconds: number;
	memoryPages: number;
}

/** `/proc/PID/stat`. The name in it may hold any characters, so what counts stands behind its last bracket. */
export function parseProcessStat(text: string): ProcessStat | undefined {
	const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
	const at = (index: number): number => Number(fields[index]);
	const ticks = at(11) + at(12) + Math.max(0, at(13)) + Math.max(0, at(14));
	const stat = {
		parent: at(1),
		group: at(2),
		session: at(3),
		cpuSeconds: ticks / TICKS,
		memoryPages: Math.max(0, at(21)),
	};
	return Object.values(stat).every(Number.isFinite) ? stat : undefined;
}

/** Of all cores since the start of the machine, ticks. */
export interface CpuTimes {
	busy: number;
	total: number;
}

/** The first line of `/proc/stat`. Waiting for disks is idle; a guest's time is in its host's already. */
export function parseCpuTimes(text: string): CpuTimes | undefined {
	const found = /^cpu\s+([\d ]+)/.exec(text);
	if (found === null) return undefined;
	const times = (found[1] as string).trim().split(' ').map(Number).slice(0, 8);
	const total = times.reduce((sum, time) => sum + time, 0);
	const idle = (times[3] ?? 0) + (times[4] ?? 0);
	return times.length < 4 ? undefined : { busy: total - idle, total };
}

/** Bytes by name of `/proc/meminfo`. */
export function parseMemory(text: string): { total: number; available: number } | undefined {
	const of = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1]) * 1024;
	const [total, available] = [of('MemTotal'), of('MemAvailable')];
	return Number.isFinite(total) && Number.isFinite(available) ? { total, available } : undefined;
}

/** Bytes over all interfaces of `/proc/net/dev` but loopback. */
export function parseNetwork(text: string): { received: number; sent: number } | undefined {
	let [received, sent, found] = [0, 0, 0];
	for (const line of text.split('\n').slice(2, 500)) {
		const [name = '', numbers] = line.split(':');
		if (numbers === undefined || name.trim() === 'lo') continue;
		const fields = numbers.trim().split(/\s+/).map(Number);
		if (!Number.isFinite(fields[0]) || !Number.isFinite(fields[8])) continue;
		received += fields[0] as number;
		sent += fields[8] as number;
		found++;
	}
	return found === 0 ? undefined : { received, sent };
}
