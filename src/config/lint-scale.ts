/** What of a `scale` cannot work or will not do what was meant, told where it stands. */
import type { ScaleLong } from '../scaling/config.ts';
import { lintPolicy } from '../scaling/lint.ts';
import type { ScalePolicy } from '../scaling/policy.ts';
import type { Path } from './problem.ts';
import type { Place } from './scope.ts';

/** `at`: where a key of `scale` stands. */
export function lintScale(policy: ScalePolicy, input: ScaleLong, at: (key: keyof ScaleLong) => Place): void {
	if (policy.mode === 'off') return;
	const steps = (input.steps ?? []).flatMap((step, index) =>
		(['above', 'below'] as const).flatMap((when) => (step[when] === undefined ? [] : [index])),
	);
	for (const { level, path, message } of lintPolicy(policy, { nowMs: Date.now() })) {
		const [key, ...parts] = pathOf(path, steps);
		const place = at(key as keyof ScaleLong);
		const there = parts.length === 0 ? place : place.at(...parts);
		const text = message.replace(/\.$/, '');
		if (level === 'warn') there.warn(text, { at: 'key' });
		else there.problem(text, { at: 'key', related: [place.path] });
	}
}

/** `perInstance.queue.length` → its two keys; of steps the number that they have in the file. */
function pathOf(path: string, steps: readonly number[]): Path {
	const dot = path.indexOf('.');
	if (dot < 0) return [path === 'schedules' ? 'schedule' : path];
	const [key, rest] = [path.slice(0, dot), path.slice(dot + 1)];
	if (key === 'perInstance' || key === 'keep') return [key, rest];
	const parts = rest.split('.').map((part) => (/^\d+$/.test(part) ? Number(part) : part));
	if (key === 'steps' && typeof parts[0] === 'number') return [key, steps[parts[0]] ?? parts[0], ...parts.slice(1)];
	return [key === 'schedules' ? 'schedule' : key, ...parts];
}
