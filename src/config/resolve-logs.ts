/** Logs: what a file says of them. */
import { parseDuration, parseShare, parseSize } from '../core/units.ts';
import {
	type AccessInput,
	type AccessLogConfig,
	type ForwardConfig,
	type ForwardInput,
	type KeepInput,
	type LogsConfig,
	type LogsInput,
	parseSyslog,
	type RedactInput,
	type RotateInput,
} from '../logs/config.ts';
import type { Place } from './scope.ts';

const KEEP_MS = 7 * 86_400_000;
const KEEP_BYTES = 2_000_000_000;
const ROTATE = { bytes: 100_000_000, ageMs: 0, keep: 5, gzip: false };

export function resolveLogs(input: LogsInput = {}, place: Place): LogsConfig {
	const access = resolveAccess(input.access, place.at('access'));
	const forward = resolveForward(input.forward, place.at('forward'));
	checkPaths(access, forward, place);
	return {
		access,
		redact: resolveRedact(input.redact),
		...resolveKeep(input.keep),
		slowMs: parseDuration(input.slow ?? '') ?? 1000,
		sample: parseShare(input.sample ?? '') ?? 0.1,
		forward,
	};
}

function resolveAccess(input: AccessInput | undefined, place: Place): AccessLogConfig | null {
	const long = typeof input === 'object' ? input : { to: input === undefined || input === false ? 'off' : input };
	if (long.to === 'off') return null;
	const path = long.to === 'stdout' ? null : place.scope.file(long.to);
	if (path === null && 'rotate' in long && long.rotate !== undefined)
		place.at('rotate').problem('expected nothing here: only a file is rotated, and this goes to stdout', { at: 'key' });
	return {
		path,
		format: ('format' in long ? long.format : undefined) ?? 'json',
		rotate: path === null ? null : resolveRotate('rotate' in long ? long.rotate : undefined),
		sample: parseShare(('sample' in long ? long.sample : undefined) ?? '') ?? 1,
	};
}

function resolveRotate(input: RotateInput | undefined): AccessLogConfig['rotate'] {
	if (input === 'off' || input === false) return null;
	return {
		bytes: parseSize(input?.size ?? '') ?? ROTATE.bytes,
		ageMs: parseDuration(input?.every ?? '') ?? ROTATE.ageMs,
		keep: input?.keep ?? ROTATE.keep,
		gzip: input?.gzip ?? ROTATE.gzip,
	};
}

function resolveRedact(input: RedactInput | undefined): LogsConfig['redact'] {
	if (input === 'off' || input === false) return null;
	if (Array.isArray(input)) return { patterns: input, keys: [] };
	return { patterns: input?.patterns ?? [], keys: input?.keys ?? [] };
}

function resolveKeep(input: KeepInput | undefined): { keepMs: number; keepBytes: number } {
	const { time = '', size = '' } = typeof input === 'object' ? input : { time: input ?? '', size: input ?? '' };
	return { keepMs: parseDuration(time) ?? KEEP_MS, keepBytes: parseSize(size) ?? KEEP_BYTES };
}

function resolveForward(input: ForwardInput | undefined, place: Place): ForwardConfig[] {
	if (input === undefined) return [];
	return (Array.isArray(input) ? input : [input]).map((one, at): ForwardConfig => {
		const { to, only = '', rotate } = typeof one === 'string' ? { to: one } : one;
		const syslog = parseSyslog(to);
		if (syslog === undefined) return { kind: 'file', only, path: place.scope.file(to), rotate: resolveRotate(rotate) };
		if (rotate !== undefined) {
			const where = Array.isArray(input) ? place.at(at, 'rotate') : place.at('rotate');
			where.problem('expected nothing here: only a file is rotated, and this goes to syslog', { at: 'key' });
		}
		return { kind: 'syslog', only, ...syslog };
	});
}

/** Two that write one file would rotate it under one another. */
function checkPaths(access: AccessLogConfig | null, forward: readonly ForwardConfig[], place: Place): void {
	const paths = [
		...(access?.path ? [access.path] : []),
		...forward.flatMap((one) => (one.kind === 'file' ? [one.path] : [])),
	];
	const twice = paths.find((path, at) => paths.indexOf(path) !== at);
	if (twice !== undefined)
		place.at('forward').problem('expected a file of its own; another log goes to it already', { value: twice });
}
