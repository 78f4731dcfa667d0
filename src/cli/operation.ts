/** The commands that change what runs: ask, show the progress, say how it ended. */
import { globalsOf, integer, type ParsedArguments } from '../config/arguments.ts';
import { closest } from '../core/closest.ts';
import { BallastError } from '../core/errors.ts';
import { inert, inertLines } from '../core/inert.ts';
import { EXIT, type Run } from './command.ts';
import { control } from './control-client.ts';
import { type ControlSocket, controlSocket } from './control-socket.ts';
import { jsonText } from './json-text.ts';
import { plural } from './quantity.ts';
import { readStatus, type Status } from './status-answer.ts';
import type { Terminal } from './terminal.ts';

type Operation = 'restart' | 'reload' | 'scale' | 'drain' | 'undrain' | 'deploy' | 'stop' | 'upgrade';

/** A drain or a slow start may say nothing for minutes. */
const QUIET_MS = 15 * 60_000;
/** Most time from the answer to `stop` until the socket is gone. */
const END_MS = 10_000;

const stopped: unique symbol = Symbol('interrupted');

/** Carries one of the operations out. */
export function operation(name: Operation): Run {
	return async (parsed, terminal) => {
		const where = controlSocket(globalsOf(parsed), terminal.env);
		const args = argumentsOf(name, parsed);
		const json = parsed.switches.has('json');
		const onLine = (line: string) => (json ? terminal.err : terminal.out)(`${inert(line)}\n`);
		const interrupt = new AbortController();
		const stop = () => interrupt.abort(stopped);
		process.once('SIGINT', stop);
		try {
			const options = { onLine, quietMs: QUIET_MS, signal: interrupt.signal };
			const result = name === 'stop' ? await end(where, options) : await control(where, name, args, options);
			terminal.out(
				`${json ? jsonText({ ok: true, result: result ?? null }) : inertLines(sentence(name, args, result))}\n`,
			);
			return name === 'deploy' && !endedAsMeant(args, result) ? EXIT.failed : EXIT.ok;
		} catch (error) {
			if (error === stopped) return left(name, terminal);
			throw await withHint(error, where, args);
		} finally {
			process.removeListener('SIGINT', stop);
		}
	};
}

function argumentsOf(name: Operation, parsed: ParsedArguments): Record<string, unknown> {
	const { positionals, switches } = parsed;
	const [first, second] = positionals;
	if (name === 'deploy') return deployArguments(parsed);
	if (name === 'restart') return first === undefined ? {} : { service: first };
	if (name === 'scale')
		return { service: first, n: integer('<n>', second ?? '', [0, 1000]), wait: !switches.has('no-wait') };
	return name === 'drain' || name === 'undrain' ? drainArguments(name, parsed) : {};
}

/** An instance, or a region with all of its pools. */
function drainArguments(name: string, { positionals, switches, values }: ParsedArguments): Record<string, unknown> {
	const [instance] = positionals;
	const region = values.get('region')?.at(-1);
	if ((instance === undefined) === (region === undefined)) {
		const what = instance === undefined ? 'what to' : 'either an instance or a region to';
		throw new BallastError('bad_command', `${name}: say ${what} ${name}: ballast ${name} videos-3, or --region NAME`);
	}
	if (region === undefined) {
		if (switches.has('force')) throw new BallastError('bad_command', `${name}: --force is for --region`);
		return { instance };
	}
	return { region, ...(switches.has('force') ? { force: true } : {}) };
}

function deployArguments({ positionals, switches, rest }: ParsedArguments): Record<string, unknown> {
	const orders = (['abort', 'promote'] as const).filter((order) => switches.has(order));
	const [order = 'begin', other] = orders;
	if (other !== undefined) throw new BallastError('bad_command', 'deploy: --abort and --promote exclude each other');
	if (order !== 'begin' && rest.length > 0)
		throw new BallastError('bad_command', `deploy: --${order} is about a roll-out under way and takes no command`);
	return { service: positionals[0], order, ...(rest.length > 0 ? { command: rest } : {}) };
}

/** Whether a roll-out ended as it was to end. */
function endedAsMeant({ order }: Record<string, unknown>, result: unknown): boolean {
	const { outcome } = (result ?? {}) as { outcome?: unknown };
	return outcome === (order === 'abort' ? 'rolled_back' : 'promoted');
}

function left(name: Operation, terminal: Terminal): number {
	terminal.err(
		`\nnot waiting any longer; the ${name === 'deploy' ? 'roll-out' : name} itself goes on (\`ballast status\` shows how it is)\n`,
	);
	return EXIT.interrupted;
}

/** `stop` has ended when nothing answers any more, so that `ballast stop && ballast up` finds its port free. */
async function end(where: ControlSocket, options: Parameters<typeof control>[3]): Promise<unknown> {
	let result: unknown;
	try {
		result = await control(where, 'stop', {}, options);
	} catch (error) {
		if (!(error instanceof BallastError && error.details.brokenOff)) throw error;
	}
	for (const until = Date.now() + END_MS; Date.now() < until; ) {
		try {
			await control(where, 'status', {}, { quietMs: 1000, ...(options?.signal ? { signal: options.signal } : {}) });
		} catch (error) {
			if (error === stopped) throw error;
			if (error instanceof BallastError && error.code === 'not_running') return result;
		}
		await new Promise((resolve) => setTimeout(resolve, 50));
	}
	throw new BallastError(
		'command_failed',
		`Ballast agreed to stop, but still answers at ${where.path}; \`ballast status\` shows its process id`,
	);
}

const place = ({ instance, region }: Record<string, unknown>): string => `${instance ?? `region ${region}`}`;

/** What happened, in a sentence. */
function sentence(name: Operation, args: Record<string, unknown>, result: unknown): string {
	const found = typeof result === 'object' && result !== null ? (result as Record<string, unknown>) : {};
	switch (name) {
		case 'restart':
			return `restarted ${args.service ?? 'every service'}`;
		case 'reload':
			if (typeof found.changes !== 'string' || found.changes === '') return 'reloaded';
			return found.changes === 'nothing changed' ? 'nothing changed' : `reloaded\n${found.changes}`;
		case 'scale':
			return found.settled === true
				? `${args.service} has ${plural(Number(args.n), 'instance')}`
				: `${args.service} is to have ${plural(Number(args.n), 'instance')}; \`ballast status\` shows them`;
		case 'drain':
			return `${place(args)} is drained`;
		case 'undrain':
			return `${place(args)} takes requests again`;
		case 'deploy':
			return typeof found.text === 'string' ? found.text : `${args.service} is deployed`;
		case 'stop':
			return 'stopped';
		case 'upgrade':
			return typeof found.pid === 'number' ? `upgraded: core ${found.pid}, generation ${found.generation}` : 'upgraded';
	}
}

/** The error with what to do about it. */
async function withHint(error: unknown, where: ControlSocket, args: Record<string, unknown>): Promise<unknown> {
	if (!(error instanceof BallastError) || error.details.answered !== true) return error;
	const more = (hint: string) => new BallastError(error.code, `${error.message}\n${hint}`, error.details, error);
	if (error.code === 'config_invalid' || error.code === 'config_unreadable') {
		return more(
			'nothing was changed: the running configuration stays. Correct the file, then `ballast check` and `ballast reload`',
		);
	}
	if (error.code === 'unknown_service') return more(await meant(where, String(args.service), 'services'));
	if (error.code === 'unknown_instance') return more(await meant(where, String(args.instance), 'instances'));
	return error;
}

async function meant(where: ControlSocket, word: string, kind: 'services' | 'instances'): Promise<string> {
	let running: Status;
	try {
		running = readStatus(await control(where, 'status', {}));
	} catch {
		return '`ballast status` lists them';
	}
	const names = running.services.flatMap(({ name, instances }) =>
		kind === 'services' ? [name] : instances.map(({ id }) => id),
	);
	const near = closest(word, names);
	const some = names.length === 0 ? 'there are none' : names.slice(0, 20).join(', ') + (names.length > 20 ? ', …' : '');
	return `${near === undefined ? '' : `did you mean \`${near}\`? `}The ${kind}: ${some}`;
}
