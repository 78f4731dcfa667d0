import { main } from '../main.ts';
import type { Terminal } from '../terminal.ts';

/** A terminal that keeps what is written to it. */
export interface RecordedTerminal extends Terminal {
	readonly text: { out: string; err: string };
}

export function recordedTerminal(
	options: { columns?: number; rows?: number; colours?: boolean; env?: NodeJS.ProcessEnv } = {},
): RecordedTerminal {
	const text = { out: '', err: '' };
	const { columns, rows = 24, colours = false, env = {} } = options;
	return {
		text,
		out: (added) => void (text.out += added),
		err: (added) => void (text.err += added),
		size: () => (columns === undefined ? null : { columns, rows }),
		colours,
		env,
	};
}

/** A command line carried out in this process: its exit code and what it wrote. */
export async function ballast(argv: string[], options: Parameters<typeof recordedTerminal>[0] = {}) {
	const terminal = recordedTerminal(options);
	const code = await main(argv, terminal);
	return { code, ...terminal.text };
}
