/** Targets and bounds of `scale`: read with the unit of what they are of, and written again. */
import { formatDuration, formatSize, parseDuration, parseSize } from '../core/units.ts';
import type { Signal } from '../scaling/policy.ts';

export type ScaleUnit = Signal['unit'];

const EXAMPLES: Readonly<Record<ScaleUnit, string>> = {
	ratio: '60%',
	seconds: '300ms',
	bytes: '512MiB',
	number: '20',
	'per-second': '200 or 200/s',
};

/** What is written, in base units; a sentence when it is no such value. */
export function readScaleValue(value: string | number, unit: ScaleUnit): number | string {
	const found = parse(String(value).trim(), unit);
	return found === undefined || !Number.isFinite(found) ? `expected a value such as ${EXAMPLES[unit]}` : found;
}

function parse(text: string, unit: ScaleUnit): number | undefined {
	switch (unit) {
		case 'ratio': {
			const found = /^(\d+(?:\.\d+)?)\s*%$/.exec(text);
			return found === null ? undefined : Number(found[1]) / 100;
		}
		case 'seconds': {
			const ms = parseDuration(text);
			return ms === undefined ? undefined : ms / 1000;
		}
		case 'bytes':
			return parseSize(text.replace(/\/s$/, ''));
		default: {
			const plain = unit === 'per-second' ? text.replace(/\s*\/s$/, '') : text;
			return /^\d+(?:\.\d+)?$/.test(plain) ? Number(plain) : undefined;
		}
	}
}

/** The same as a person would write it. */
export function writeScaleValue(value: number, unit: ScaleUnit): string | number {
	switch (unit) {
		case 'ratio':
			return `${+(value * 100).toFixed(6)}%`;
		case 'seconds':
			return formatDuration(value * 1000);
		case 'bytes':
			return formatSize(value);
		default:
			return value;
	}
}
