/** A group that is spoken to by commands. */
import { statSync } from 'node:fs';
import { dirname } from 'node:path';
import { parseDuration } from '../core/units.ts';
import type { ExecConfig, ExecInput } from '../instances/exec/config.ts';
import { splitWords } from '../instances/words.ts';
import { resolveEnvironment } from './resolve-environment.ts';
import type { Place } from './scope.ts';

const ms = (text: string | undefined, otherwise: number) => parseDuration(text ?? '') ?? otherwise;

function words(command: ExecInput['list']): string[] {
	const split = typeof command === 'string' ? splitWords(command) : command;
	return typeof split === 'string' ? [split] : split;
}

export function resolveExec(input: ExecInput, place: Place): ExecConfig {
	const cwd = input.cwd === undefined ? dirname(place.scope.source.file) : place.scope.file(input.cwd);
	if (statSync(cwd, { throwIfNoEntry: false })?.isDirectory() !== true)
		place.at('cwd').problem(`expected a folder that is there; ${cwd} is none`, { value: input.cwd });
	return {
		kind: 'exec',
		commands: {
			list: words(input.list),
			resize: words(input.resize),
			remove: words(input.remove),
			size: input.size === undefined ? null : words(input.size),
			usage: input.usage === undefined ? null : words(input.usage),
		},
		port: input.port ?? 0,
		tls: input.tls ?? false,
		timeoutMs: ms(input.timeout, 30_000),
		pollMs: ms(input.poll, 5000),
		lagMs: ms(input.lag, 10_000),
		cwd,
		...resolveEnvironment(input.env, place, []),
	};
}
