/** Commands and their environment as a person writes them. */
import { namesSecret } from './problem.ts';

/** One text where no quotes are needed for it. */
export function commandForm(command: readonly string[]): string | readonly string[] {
	return command.every((word) => /^[\w@%+:,./-]+$/.test(word)) ? command.join(' ') : command;
}

export function environmentForm<S>(
	{ env, secretEnv }: { env: Record<string, string>; secretEnv: string[] },
	secret: (value: string) => S,
): { env?: Record<string, string | S> } {
	const hidden = (name: string) => secretEnv.includes(name) || namesSecret(name);
	const shown = Object.entries(env).map(([name, value]) => [name, hidden(name) ? secret(value) : value]);
	return shown.length === 0 ? {} : { env: Object.fromEntries(shown) };
}
