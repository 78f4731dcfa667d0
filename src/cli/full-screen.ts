/** The whole terminal, given back as it was however the program ends. */
import type { Terminal } from './terminal.ts';

export interface FullScreen {
	/** No more lines than the terminal has, none wider; only what changed is written. */
	draw(lines: readonly string[]): void;
	/** All of it is written anew: the size changed, or somebody else wrote. */
	forget(): void;
	end(): void;
}

// The other screen, without a cursor; and back. Between the marks of mode 2026 nothing is shown half.
const ENTER = '\x1b[?1049h\x1b[?25l\x1b[2J';
const LEAVE = '\x1b[0m\x1b[?25h\x1b[?1049l';
const BEGIN = '\x1b[?2026h';
const FINISH = '\x1b[?2026l';

export function fullScreen(terminal: Terminal): FullScreen {
	let drawn: readonly string[] = [];
	let ended = false;
	const end = (): void => {
		if (ended) return;
		ended = true;
		process.removeListener('exit', end).removeListener('uncaughtExceptionMonitor', end);
		terminal.out(LEAVE);
	};
	// A crash comes by the second, before it is told: on the other screen nobody would read it.
	process.once('exit', end).once('uncaughtExceptionMonitor', end);
	terminal.out(ENTER);
	return {
		draw(lines) {
			if (ended) return;
			let text = '';
			for (let at = 0; at < Math.max(lines.length, drawn.length); at++) {
				const line = lines[at] ?? '';
				if (line !== drawn[at]) text += `\x1b[${at + 1};1H${line}\x1b[K`;
			}
			drawn = [...lines];
			if (text !== '') terminal.out(`${BEGIN}${text}${FINISH}`);
		},
		forget() {
			drawn = [];
			if (!ended) terminal.out('\x1b[2J');
		},
		end,
	};
}
