/** Names that the environment of a cloud's own tools may hold. */
import type { Place } from './scope.ts';

/** What the file says, else the first variable that is set; empty (and a problem) when there is none. */
export function resolveNamed(said: string | undefined, variables: readonly string[], place: Place): string {
	const found = said ?? fromEnvironment(variables, place);
	if (found !== undefined) return found;
	const names = variables.map((name) => `\`${name}\``).join(' or ');
	place.problem(`missing; write it here or set the environment variable ${names}`, { at: 'key' });
	return '';
}

export function fromEnvironment(variables: readonly string[], place: Place): string | undefined {
	const { env } = place.scope.report;
	return variables.map((name) => env[name]?.trim()).find((value) => value !== undefined && value !== '');
}
