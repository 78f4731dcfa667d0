/** Environment variables of a command, with the secrets that they refer to. */
import type { ValueOrReference } from '../core/schema.ts';
import { namesSecret } from './problem.ts';
import type { Place } from './scope.ts';

/** @param place the object that has the key `env` @param own names that Ballast sets itself */
export function resolveEnvironment(
	input: Readonly<Record<string, ValueOrReference>> | undefined,
	place: Place,
	own: readonly string[],
): { env: Record<string, string>; secretEnv: string[] } {
	const env: Record<string, string> = {};
	const secretEnv: string[] = [];
	for (const [name, value] of Object.entries(input ?? {})) {
		const at = place.at('env', name);
		if (!/^[^=\0\s]+$/.test(name)) at.problem('expected the name of an environment variable', { at: 'key' });
		if (own.includes(name))
			at.problem(`expected another name; Ballast gives each instance a ${name} of its own`, { at: 'key' });
		const text = typeof value === 'object' ? at.secret(value) : String(value);
		if (text === undefined) continue;
		env[name] = text;
		if (typeof value === 'object') secretEnv.push(name);
		else if (namesSecret(name) && text !== '')
			at.warn(`a secret stands in the file; write \`${name}: { env: ${name} }\` or \`{ file: … }\``);
	}
	return { env, secretEnv };
}
