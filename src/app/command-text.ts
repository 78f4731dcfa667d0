import { BallastError } from '../core/errors.ts';

/** A text argument of a command. @throws BallastError `bad_command` */
export function textOf(args: Record<string, unknown>, name: string): string {
	const value = args[name];
	if (typeof value === 'string') return value;
	throw new BallastError('bad_command', `the argument ${name} must be a text`);
}

/** One that may be missing: '' then, and for what is no text. */
export function optionalText(args: Readonly<Record<string, unknown>>, name: string): string {
	const value = args[name];
	return typeof value === 'string' ? value : '';
}
