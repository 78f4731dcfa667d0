import { globalsOf, type ParsedArguments } from '../config/arguments.ts';
import { BallastError } from '../core/errors.ts';
import { inert } from '../core/inert.ts';
import { EXIT } from './command.ts';
import { control } from './control-client.ts';
import { type ControlSocket, controlSocket } from './control-socket.ts';
import { interruption, pause } from './interruption.ts';
import { jsonText } from './json-text.ts';
import { readStatus } from './status-answer.ts';
import { statusLines } from './status-view.ts';
import { paint, type Terminal } from './terminal.ts';
import { clip } from './text-width.ts';

const EVERY_MS = 1000;

/** `ballast status [--json] [--watch]`. */
export async function status(parsed: ParsedArguments, terminal: Terminal): Promise<number> {
	const where = controlSocket(globalsOf(parsed), terminal.env);
	const json = parsed.switches.has('json');
	if (parsed.switches.has('watch')) return await watch(where, json, terminal);
	const answer = await control(where, 'status', {});
	// The whole answer, not only the part that this version knows.
	terminal.out(
		json ? `${jsonText(answer, 2)}\n` : `${statusLines(readStatus(answer), terminal, Date.now()).join('\n')}\n`,
	);
	return EXIT.ok;
}

/** Until Ctrl-C. A Ballast that goes away is waited for; only the first look must succeed. */
async function watch(where: ControlSocket, json: boolean, terminal: Terminal): Promise<number> {
	const interrupt = interruption();
	try {
		for (let first = true; !interrupt.signal.aborted; first = false) {
			try {
				const answer = await control(where, 'status', {}, { signal: interrupt.signal });
				if (json) terminal.out(`${jsonText(answer)}\n`);
				else show(statusLines(readStatus(answer), terminal, Date.now()), terminal);
			} catch (error) {
				if (interrupt.signal.aborted) break;
				if (first || !(error instanceof BallastError)) throw error;
				if (json) terminal.out(`${jsonText({ ok: false, code: error.code, message: error.message })}\n`);
				else
					show(
						[paint(terminal, 'red', clip(inert(error.message), terminal.size()?.columns ?? Number.POSITIVE_INFINITY))],
						terminal,
					);
			}
			await pause(EVERY_MS, interrupt.signal);
		}
		return EXIT.ok;
	} finally {
		interrupt.end();
	}
}

/** On a terminal the lines replace the last ones; elsewhere they follow them. */
function show(lines: string[], terminal: Terminal): void {
	const size = terminal.size();
	if (size === null) return terminal.out(`${lines.join('\n')}\n\n`);
	const room = Math.max(1, size.rows - 1);
	const shown =
		lines.length <= room
			? lines
			: [
					...lines.slice(0, room - 1),
					clip(`… ${lines.length - room + 1} more lines; make the window higher`, size.columns),
				];
	// Home, each line cleared to its end, the rest of the screen cleared: no flicker.
	terminal.out(`\x1b[H${shown.map((line) => `${line}\x1b[K\n`).join('')}\x1b[J`);
}
