import type { Severity } from '../core/log-entry.ts';
import { severityOf } from './severity.ts';

const WORD =
	'trace|verbose|debug|info|information|notice|warn|warning|err|error|severe|fatal|crit|critical|emerg|emergency|panic';
/** `level=warn`, `[error]`, `warn:`, `(INFO)`, `<debug>`, and words in capitals. */
const MARKED = new RegExp(
	`(?:\\b(?:level|lvl|severity)[=:] ?"?(${WORD})\\b|[[(<|](${WORD})[\\])>|]|(?:^|[\\s\\]])(${WORD}):)`,
	'i',
);
const CAPITALS = new RegExp(`(?:^|[\\s[(<|:])(${WORD.toUpperCase()})(?=$|[\\s\\])>|:,])`);
/** `TypeError: …`, `java.io.IOException: …`, Python's and Go's. */
const THROWN = /^(?:Uncaught )?[\w.$]*(?:Error|Exception)\b(?: \[\w+\])?:|^Traceback |^panic: |^fatal error: /;
/** A level stands at the begin of a line. */
const LOOKED_AT = 120;

/** The severity that the words of a line say; undefined: none do. */
export function levelOf(line: string): Severity | undefined {
	const head = line.length > LOOKED_AT ? line.slice(0, LOOKED_AT) : line;
	if (THROWN.test(head)) return /^panic|^fatal/.test(head) ? 'fatal' : 'error';
	const found = MARKED.exec(head) ?? CAPITALS.exec(head);
	const word = found === null ? undefined : (found[1] ?? found[2] ?? found[3]);
	return word === undefined ? undefined : severityOf(word);
}
