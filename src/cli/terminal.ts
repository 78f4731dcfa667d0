/** Where a command writes, and what that place can show. */
export interface Terminal {
	/** Results: standard output. */
	out(text: string): void;
	/** Complaints and progress beside a result: standard error. */
	err(text: string): void;
	/** Size of the terminal; null: standard output is none, nothing is cut. */
	size(): { columns: number; rows: number } | null;
	/** Whether standard output may carry colours. */
	readonly colours: boolean;
	readonly env: NodeJS.ProcessEnv;
	/** Absent: nobody can press a key. */
	readonly keyboard?: Keyboard;
}

export interface Keyboard {
	/** Each key as the terminal sends it, and each change of its size, until the function that is returned is called. */
	listen(onKey: (key: string) => void, onResize: () => void): () => void;
}

export type Colour = 'red' | 'green' | 'yellow' | 'cyan' | 'dim' | 'bold';

const CODES: Record<Colour, number> = { red: 31, green: 32, yellow: 33, cyan: 36, dim: 2, bold: 1 };

/** The text in a colour, where the terminal shows colours. */
export function paint(terminal: Pick<Terminal, 'colours'>, colour: Colour, text: string): string {
	return terminal.colours && text !== '' ? `\x1b[${CODES[colour]}m${text}\x1b[0m` : text;
}

/** The process's own streams. Colours: on a terminal, unless NO_COLOR is set (no-color.org) or TERM is `dumb`. */
export function processTerminal(): Terminal {
	const { stdout, stderr, env } = process;
	for (const stream of [stdout, stderr]) {
		// `ballast status | head` closes early; that is no failure of ours.
		stream.on('error', (error: NodeJS.ErrnoException) => {
			if (error.code === 'EPIPE') process.exit(0);
			throw error;
		});
	}
	return {
		out: (text) => void stdout.write(text),
		err: (text) => void stderr.write(text),
		size: () => (stdout.isTTY ? { columns: stdout.columns || 80, rows: stdout.rows || 24 } : null),
		colours: stdout.isTTY === true && !env.NO_COLOR && env.TERM !== 'dumb',
		env,
		...(stdout.isTTY && process.stdin.isTTY ? { keyboard: { listen: listenToKeys } } : {}),
	};
}

/** Several keys may come at once, and those of arrows are three characters. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: what a terminal sends.
const KEY = /\x1b(?:\[[0-9;]*[A-Za-z~]|O[A-Za-z])|[\s\S]/gu;

function listenToKeys(onKey: (key: string) => void, onResize: () => void): () => void {
	const { stdin, stdout } = process;
	const onData = (chunk: string) => {
		for (const [key] of chunk.matchAll(KEY)) onKey(key);
	};
	stdin.setRawMode(true);
	stdin.setEncoding('utf8').on('data', onData).resume();
	stdout.on('resize', onResize);
	return () => {
		stdin.off('data', onData).pause();
		stdin.setRawMode(false);
		stdout.off('resize', onResize);
	};
}
