import { BallastError } from '../core/errors.ts';
import { textOf } from './command-text.ts';
import type { Fleet } from './fleet.ts';
import { jobsCommand } from './jobs-command.ts';
import type { JobsLink } from './jobs-link.ts';
import { deployRequest, type Rollouts } from './rollouts.ts';

/** What the operator's commands act on. */
export interface Commanded {
	fleet: Fleet;
	rollouts: Rollouts;
	status(): unknown;
	/** The running configuration, secrets masked. */
	config(): unknown;
	/** Resolves to what changed. */
	reload(): Promise<string>;
	/** What is to outlive this core was changed. */
	keep(): void;
	jobs: JobsLink;
}

/** One command of the control socket. */
export interface OperatorCommand {
	name: string;
	args: Record<string, unknown>;
	/** Prints a line for whoever gave it. */
	line: (text: string) => void;
}

/** Carries a command out. @throws BallastError `bad_command`, and what the command itself may end with */
export async function carryOut({ name, args, line }: OperatorCommand, on: Commanded): Promise<unknown> {
	switch (name) {
		case 'status':
			return on.status();
		case 'config':
			return on.config();
		case 'reload':
			return { changes: await on.reload() };
		case 'deploy':
			return on.rollouts.deploy(deployRequest(args), line);
		case 'jobs':
			return jobsCommand(on.jobs, args);
		case 'restart': {
			const target = typeof args['service'] === 'string' ? args['service'] : null;
			on.rollouts.refuseRestart(target);
			await on.fleet.orders.restart(target, line);
			on.keep();
			return {};
		}
		case 'scale': {
			const target = on.rollouts.scaled(textOf(args, 'service'));
			on.fleet.orders.scale(target, Number(args['n']));
			on.keep();
			if (args['wait'] !== true) return {};
			await on.fleet.orders.settled(target, line);
			return { settled: true };
		}
		case 'drain':
			await drain(args, line, on);
			return {};
		case 'undrain':
			if (typeof args['region'] === 'string') on.fleet.orders.undrainRegion(args['region']);
			else on.fleet.orders.undrain(textOf(args, 'instance'));
			on.keep();
			return {};
		default:
			throw new BallastError('bad_command', `this version knows no command '${name}'`);
	}
}

async function drain(
	args: Record<string, unknown>,
	line: (text: string) => void,
	{ fleet, keep }: Commanded,
): Promise<void> {
	const region = args['region'];
	const drained =
		typeof region === 'string'
			? fleet.orders.drainRegion(region, args['force'] === true, line)
			: fleet.orders.drain(textOf(args, 'instance'), line);
	// At once: what is in flight may take long, and a core that ends meanwhile must not forget it.
	keep();
	await drained;
}
