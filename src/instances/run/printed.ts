/** What an instance printed, made fit for an event: one line, no control characters, no secrets, not too long. */
import { stripVTControlCharacters } from 'node:util';
import type { RunConfig } from '../config.ts';

const TELLING = /error|exception|panic|fatal|cannot|can't|unable|failed|refused|denied|not found|in use/i;
const MOST_LINE = 200;
const MOST_TEXT = 800;
const MASK = '•••';

/** Values to mask, longest first; a value of several lines (a key in PEM) also by line. */
export function secretsOf(config: RunConfig): string[] {
	const secrets = new Set<string>();
	for (const name of config.secretEnv) {
		const value = config.env[name];
		if (!value) continue;
		secrets.add(value);
		for (const line of value.split(/\r?\n/)) if (line.trim().length >= 4) secrets.add(line.trim());
	}
	return [...secrets].sort((a, b) => b.length - a.length);
}

export function mask(text: string, secrets: readonly string[]): string {
	let masked = text;
	for (const secret of secrets) masked = masked.replaceAll(secret, MASK);
	return masked;
}

/** One line without control characters and secrets, cut. */
export function cleanLine(line: string, secrets: readonly string[]): string {
	const plain = stripVTControlCharacters(mask(line, secrets))
		.replace(/[\p{Cc}\u2028\u2029]+/gu, ' ')
		.trim();
	// What stood between escape sequences may have become a secret only now.
	return cut(mask(plain, secrets), MOST_LINE);
}

/** The line that most likely says why it ended: the first that speaks of an error, else the last; '' for none. */
export function tellingLine(lines: readonly string[], secrets: readonly string[]): string {
	const cleaned = lines.map((line) => cleanLine(line, secrets)).filter((line) => line !== '');
	// A stack trace starts with the code around the throw; the line with the message comes after.
	return (
		cleaned.find((line) => /^(\w+)?(Error|Exception)\b.*:/.test(line)) ??
		cleaned.find((line) => TELLING.test(line)) ??
		cleaned.at(-1) ??
		''
	);
}

/** The last lines in one, for a report: `it printed: … | …`, or that it printed nothing. */
export function printedText(lines: readonly string[], secrets: readonly string[]): string {
	const cleaned = lines.map((line) => cleanLine(line, secrets)).filter((line) => line !== '');
	if (cleaned.length === 0) return 'it printed nothing';
	let text = cleaned.at(-1) as string;
	for (const line of cleaned.slice(0, -1).reverse()) {
		if (text.length + line.length + 3 > MOST_TEXT) return `it printed: … | ${text}`;
		text = `${line} | ${text}`;
	}
	return `it printed: ${text}`;
}

/** Whether an instance ended because another program has its port. */
export function addressInUse(lines: readonly string[]): boolean {
	return lines.some((line) => /EADDRINUSE|address already in use|only one usage of each socket address/i.test(line));
}

function cut(text: string, most: number): string {
	return text.length <= most ? text : `${text.slice(0, most - 1)}…`;
}
