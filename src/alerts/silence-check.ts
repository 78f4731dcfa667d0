/** Whether a silence can silence anything. */
import { closest } from '../core/closest.ts';
import { BallastError } from '../core/errors.ts';
import { globFits } from '../core/glob.ts';
import type { Where } from '../core/metric.ts';
import { orList } from '../core/or-list.ts';
import { ALERT_SEVERITIES, type AlertRule, queryOf } from './rule.ts';

/**
 * `services`: names of those that there are; null: not known.
 * @throws BallastError `bad_command` for a label that no alert has, and for an alert, severity or service that is not there
 */
export function checkSilence(where: Where, rules: Iterable<AlertRule>, services: readonly string[] | null): void {
	const all = [...rules];
	const labels = ['alert', 'severity', ...new Set(all.flatMap(({ condition }) => queryOf(condition).by))];
	for (const label of Object.keys(where)) {
		if (!labels.includes(label)) refuse(`no alert has a label \`${cut(label)}\``, label, labels);
	}
	const values: readonly [string, readonly string[] | null][] = [
		['alert', all.map(({ name }) => name)],
		['severity', ALERT_SEVERITIES],
		['service', services],
	];
	for (const [label, names] of values) {
		const glob = where[label];
		if (glob === undefined || names === null || names.some((name) => globFits(glob, name))) continue;
		refuse(
			label === 'alert' ? `there is no rule \`${cut(glob)}\`` : `there is no ${label} \`${cut(glob)}\``,
			glob,
			names,
		);
	}
}

const cut = (text: string): string => text.slice(0, 100);

function refuse(what: string, word: string, names: readonly string[]): never {
	const near = closest(word, names);
	const there = names.length > 0 && names.length <= 12 ? `; there are ${orList(names)}` : '';
	throw new BallastError('bad_command', `${what}${near === undefined ? there : `; did you mean \`${near}\`?`}`);
}
