import { userInfo } from 'node:os';
import { globalsOf, type ParsedArguments } from '../config/arguments.ts';
import { BallastError } from '../core/errors.ts';
import { inert } from '../core/inert.ts';
import { formatDuration } from '../core/units.ts';
import { readAlerts } from './alert-answer.ts';
import { alertLines } from './alert-view.ts';
import { textOr } from './answer-form.ts';
import { EXIT } from './command.ts';
import { type ControlCommand, control } from './control-client.ts';
import { controlSocket } from './control-socket.ts';
import { jsonText } from './json-text.ts';
import type { Terminal } from './terminal.ts';
import { durationOf } from './time-options.ts';

const ORDERS = ['ack', 'silence', 'unsilence', 'test'] as const;
/** Of a silence, as --json shows it. */
const ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const SILENCE_MS = 2 * 3_600_000;
/** A channel that does not answer is waited for, and tried again. */
const QUIET_MS = 60_000;

interface Order {
	command: ControlCommand;
	args: Record<string, unknown>;
	/** Once it is done. */
	text: string;
}

/** `ballast alerts [--ack ALERT | --silence WHERE | --unsilence WHERE | --test CHANNEL]`. */
export async function alerts(parsed: ParsedArguments, terminal: Terminal): Promise<number> {
	const where = controlSocket(globalsOf(parsed), terminal.env);
	const json = parsed.switches.has('json');
	const order = orderOf(parsed);
	if (order !== undefined) {
		const result = await control(where, order.command, order.args, { quietMs: QUIET_MS });
		const said = textOr((result as { text?: unknown } | null)?.text, order.text);
		terminal.out(`${json ? jsonText({ ok: true, result: result ?? null }) : inert(said)}\n`);
		return EXIT.ok;
	}
	const answer = await control(where, 'alerts', {});
	if (json) terminal.out(`${jsonText(answer, 2)}\n`);
	else terminal.out(`${alertLines(readAlerts(answer), terminal, Date.now()).join('\n')}\n`);
	return EXIT.ok;
}

function orderOf({ values }: ParsedArguments): Order | undefined {
	const given = ORDERS.filter((name) => values.has(name));
	if (given.length > 1) throw bad(`--${given[0]} and --${given[1]} exclude each other`);
	const [name] = given;
	const comment = values.get('comment')?.at(-1) ?? '';
	const by = values.get('by')?.at(-1) ?? userName();
	for (const [option, needs] of [
		['for', ['silence']],
		['comment', ['ack', 'silence']],
		['by', ['ack', 'silence']],
	] as const) {
		if (values.has(option) && !(needs as readonly (string | undefined)[]).includes(name))
			throw bad(`--${option} is for ${needs.map((need) => `--${need}`).join(' and ')}`);
	}
	if (name === undefined) return undefined;
	const what = values.get(name)?.at(-1) ?? '';
	if (what.trim() === '') throw bad(`--${name} needs to know what`);
	switch (name) {
		case 'ack':
			return { command: 'alert-ack', args: { alert: what, by, comment }, text: `${what} is taken by ${by}` };
		case 'silence': {
			const forMs = durationOf('--for', values.get('for')?.at(-1) ?? formatDuration(SILENCE_MS));
			const args = { where: whereOf(what), forMs, by, comment };
			return { command: 'alert-silence', args, text: `${what} is silenced for ${formatDuration(forMs)}` };
		}
		case 'unsilence':
			return {
				command: 'alert-unsilence',
				args: ID.test(what) ? { id: what } : { where: whereOf(what) },
				text: `${what} is no longer silenced`,
			};
		case 'test':
			return { command: 'alert-test', args: { channel: what }, text: `a test went out by ${what}` };
	}
}

/** `service:videos route:*`, or the name of an alert. */
function whereOf(text: string): Record<string, string> {
	const where: Record<string, string> = {};
	for (const word of text.trim().split(/\s+/)) {
		const colon = word.indexOf(':');
		const [label, value] = colon < 0 ? ['alert', word] : [word.slice(0, colon), word.slice(colon + 1)];
		if (!/^[a-z_]\w*$/i.test(label) || value === '')
			throw bad(`alerts to silence are named, or told by labels (service:videos), not \`${word}\``);
		where[label] = value;
	}
	return where;
}

function userName(): string {
	try {
		return userInfo().username;
	} catch {
		// A user id without a name, as in a container.
		return `uid ${process.geteuid?.() ?? '?'}`;
	}
}

const bad = (message: string) => new BallastError('bad_command', `alerts: ${message}`);
