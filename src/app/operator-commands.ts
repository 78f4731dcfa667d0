import { BallastError } from '../core/errors.ts';
import type { Fleet } from './fleet.ts';

/** What the commands of the control socket act on. */
export interface CommandPort {
	readonly fleet: Fleet;
	status(): unknown;
	/** The running configuration, secrets masked. */
	config(): unknown;
	/** Resolves to what changed. */
	reload(): Promise<string>;
	/** What was set by hand is kept for the core that follows. */
	keep(): void;
}

export interface Command {
	readonly name: string;
	readonly args: Record<string, unknown>;
}

/** Runs one command of the control socket. `line`: takes its progress. */
export async function carryOut(port: CommandPort, command: Command, line: (text: string) => void): Promise<unknown> {
	const { name, args } = command;
	switch (name) {
		case 'status':
			return port.status();
		case 'config':
			return port.config();
		case 'reload':
			return { changes: await port.reload() };
		case 'restart':
			await port.fleet.restart(typeof args['service'] === 'string' ? args['service'] : null, line);
			port.keep();
			return {};
		case 'scale':
			port.fleet.scale(textOf(args, 'service'), Number(args['n']));
			port.keep();
			if (args['wait'] !== true) return {};
			await port.fleet.settled(textOf(args, 'service'), line);
			return { settled: true };
		case 'drain':
			await drain(port, args, line);
			return {};
		case 'undrain':
			if (typeof args['region'] === 'string') port.fleet.undrainRegion(args['region']);
			else port.fleet.undrain(textOf(args, 'instance'));
			port.keep();
			return {};
		default:
			throw new BallastError('bad_command', `this version knows no command '${name}'`);
	}
}

async function drain(
	{ fleet, keep }: CommandPort,
	args: Record<string, unknown>,
	line: (text: string) => void,
): Promise<void> {
	const region = args['region'];
	const drained =
		typeof region === 'string'
			? fleet.drainRegion(region, args['force'] === true, line)
			: fleet.drain(textOf(args, 'instance'), line);
	// At once: what is in flight may take long, and a core that ends meanwhile must not forget it.
	keep();
	await drained;
}

/** A text argument of a command. @throws BallastError `bad_command` */
function textOf(args: Record<string, unknown>, name: string): string {
	const value = args[name];
	if (typeof value === 'string') return value;
	throw new BallastError('bad_command', `the argument ${name} must be a text`);
}
