import type { LogSource, Severity } from '../core/log-entry.ts';

/** In order: a place in this list is what the store holds. Append only. */
export const SEVERITIES: readonly Severity[] = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'];

/** As `SEVERITIES`. */
export const SOURCES: readonly LogSource[] = ['access', 'event', 'instance', 'job', 'alert', 'remote'];

export function severityRank(severity: Severity): number {
	return SEVERITIES.indexOf(severity);
}

const NAMES: Readonly<Record<string, Severity>> = {
	trace: 'trace',
	verbose: 'trace',
	silly: 'trace',
	finest: 'trace',
	debug: 'debug',
	fine: 'debug',
	info: 'info',
	information: 'info',
	informational: 'info',
	notice: 'info',
	log: 'info',
	http: 'info',
	warn: 'warn',
	warning: 'warn',
	err: 'error',
	error: 'error',
	severe: 'error',
	fatal: 'fatal',
	crit: 'fatal',
	critical: 'fatal',
	alert: 'fatal',
	emerg: 'fatal',
	emergency: 'fatal',
	panic: 'fatal',
};

/** The severity that a word stands for, whatever its case; OpenTelemetry's `WARN2` too. */
export function severityOf(word: string): Severity | undefined {
	if (word.length > 16) return undefined;
	const name = word.toLowerCase().replace(/[234]$/, '');
	return Object.hasOwn(NAMES, name) ? NAMES[name] : undefined;
}

/** Numbers of pino and bunyan (10…60); below 10 they are syslog's (0 emergency … 7 debug). */
export function severityOfNumber(number: number): Severity | undefined {
	if (!(number >= 0 && number <= 100)) return undefined;
	if (number < 10) {
		if (number <= 2) return 'fatal';
		if (number === 3) return 'error';
		if (number === 4) return 'warn';
		return number < 7 ? 'info' : 'debug';
	}
	return SEVERITIES[Math.min(5, Math.floor(number / 10) - 1)];
}
