/**
 * The processes of this machine that outlive a core.
 *
 * Implemented by `app` over the keeper, used by the `run` provider: the keeper starts them, reads what
 * they print and tells how they end, so that they go on while a core dies or is replaced.
 */
export interface ProcessSpec {
	/** Stable name: `videos-3`. One process at a time has it. */
	id: string;
	service: string;
	/** argv: the program and its arguments; no shell is used. */
	command: string[];
	/** Absolute path of the folder that it starts in. */
	cwd: string;
	/** The whole environment; nothing is added to it. */
	env: Record<string, string>;
	/** Name or number of the user that it runs as; null: the one that runs Ballast. */
	user: string | null;
	/** Given back on adoption (port, hash of the configuration). Never a secret. */
	labels: Record<string, string>;
}

export interface RunningProcess {
	id: string;
	pid: number;
	/** Epoch ms. */
	startedAt: number;
	labels: Record<string, string>;
}

export interface ProcessWatcher {
	/**
	 * Called once for each process that ended; its whole group has been ended by then. Its last lines have come,
	 * unless it printed faster than they could be passed on.
	 */
	exited(id: string, code: number | null, signal: string | null): void;
	/** What a process printed, line by line, without the line ends. */
	lines(id: string, stream: 'stdout' | 'stderr', lines: string[]): void;
}

export interface ProcessHost {
	/** All that run now, those that an earlier core started included. */
	list(): RunningProcess[];
	/** Errors: `start_failed`, with the command that failed and why. */
	spawn(spec: ProcessSpec): Promise<{ pid: number }>;
	/** Reaches the whole process group. Unknown ids are ignored. */
	signal(id: string, signal: 'SIGTERM' | 'SIGKILL'): void;
	/** Up to 20 lines, oldest first, of both streams; kept after the end until the id is used again. */
	lastLines(id: string): string[];
	watch(listener: ProcessWatcher): void;
}
