/** What the kernel counts for a process: CPU time from `/proc/PID/stat`, memory from `/proc/PID/smaps_rollup`. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/** One line of `/proc/PID/stat` (proc_pid_stat(5)); CPU in clock ticks, all threads of the process included. */
export interface ProcStat {
	readonly pid: number;
	readonly ppid: number;
	readonly userTicks: number;
	readonly systemTicks: number;
	/** Ticks since boot: together with the pid it names one process for good. */
	readonly startTicks: number;
}

/** Resident memory in bytes: pages of this process alone, and those that others map too (its program's text). */
export interface Memory {
	readonly own: number;
	readonly shared: number;
}

/** Reads a stat line; undefined when it is none. The name in parentheses may itself hold blanks and parentheses. */
export function parseStat(line: string): ProcStat | undefined {
	const end = line.lastIndexOf(')');
	const fields = line.slice(end + 2).split(' ');
	const pid = Number.parseInt(line, 10);
	if (end < 0 || fields.length < 20 || !Number.isInteger(pid)) return undefined;
	return {
		pid,
		ppid: Number(fields[1]),
		userTicks: Number(fields[11]),
		systemTicks: Number(fields[12]),
		startTicks: Number(fields[19]),
	};
}

/** Reads an smaps_rollup text. */
export function parseRollup(text: string): Memory {
	const bytes = (name: string) => 1024 * Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? 0);
	const own = bytes('Private_Clean') + bytes('Private_Dirty');
	return { own, shared: bytes('Rss') - own };
}

/** The process's line now; undefined when it has ended, whether or not its parent took note of that. */
export function readStat(pid: number): ProcStat | undefined {
	const text = readProc(pid, 'stat');
	return text === undefined || /\) [ZX] /.test(text) ? undefined : parseStat(text);
}

/** All processes of the machine that can be read. */
export function readAllStats(): ProcStat[] {
	const found: ProcStat[] = [];
	for (const name of readdirSync('/proc')) {
		const stat = /^\d+$/.test(name) ? readStat(Number(name)) : undefined;
		if (stat) found.push(stat);
	}
	return found;
}

/** The value of a variable in the environment that a process was started with. */
export function readEnvironment(pid: number, name: string): string | undefined {
	const entry = readProc(pid, 'environ')
		?.split('\0')
		.find((text) => text.startsWith(`${name}=`));
	return entry?.slice(name.length + 1);
}

/** User + system time of these processes so far, in microseconds; those that have ended count nothing. */
export function cpuMicros(pids: readonly number[]): number {
	let ticks = 0;
	for (const pid of pids) {
		const stat = readStat(pid);
		if (stat) ticks += stat.userTicks + stat.systemTicks;
	}
	return (ticks * 1e6) / clockTicks();
}

/** CPU time of a thread so far, by the name that it was given. */
export interface ThreadTime {
	readonly name: string;
	readonly micros: number;
}

/** Of all threads of a process that there are; exact to the nanosecond, as `/proc/PID/task/TID/schedstat` is. */
export function threadMicros(pid: number): ThreadTime[] {
	let tids: string[];
	try {
		tids = readdirSync(`/proc/${pid}/task`);
	} catch {
		return [];
	}
	return tids.flatMap((tid) => {
		const [name, times] = [readProc(pid, `task/${tid}/comm`), readProc(pid, `task/${tid}/schedstat`)];
		return name === undefined || times === undefined
			? []
			: [{ name: name.trim(), micros: Number(times.split(' ')[0]) / 1000 }];
	});
}

/** User + system time of all children of this process that have ended so far, in microseconds. */
export function childMicros(): number {
	const text = readProc(process.pid, 'stat') ?? '';
	const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
	return ((Number(fields[13]) + Number(fields[14])) * 1e6) / clockTicks();
}

/**
 * Memory of a program's processes together, in bytes: what they share is counted once, for the one that maps most of it.
 * (The sum of PSS would fall whenever somebody else starts the same program.)
 */
export function memoryOf(pids: readonly number[]): number {
	const all = pids.map((pid) => parseRollup(readProc(pid, 'smaps_rollup') ?? ''));
	return all.reduce((sum, one) => sum + one.own, 0) + Math.max(0, ...all.map((one) => one.shared));
}

let ticksPerSecond = 0;

function clockTicks(): number {
	ticksPerSecond ||= Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));
	return ticksPerSecond;
}

function readProc(pid: number, file: string): string | undefined {
	try {
		return readFileSync(`/proc/${pid}/${file}`, 'utf8');
	} catch {
		return undefined;
	}
}
