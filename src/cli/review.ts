import { globalsOf, type ParsedArguments } from '../config/arguments.ts';
import { inert } from '../core/inert.ts';
import { textOr, unknownForm } from './answer-form.ts';
import { EXIT } from './command.ts';
import { control } from './control-client.ts';
import { controlSocket } from './control-socket.ts';
import { jsonText } from './json-text.ts';
import { type Colour, paint, type Terminal } from './terminal.ts';
import { textWidth } from './text-width.ts';
import { durationOf } from './time-options.ts';

interface FindingAnswer {
	kind: string;
	weight: string;
	text: string;
}

const BACK_MS = 86_400_000;
/** It reads a day of all figures. */
const QUIET_MS = 120_000;
const WIDTH = 100;
const COLOURS: Record<string, Colour> = { problem: 'red', advice: 'yellow' };
const HEADS: Record<string, string> = {
	saturated: 'Saturated',
	failing: 'Failing',
	time: 'Where the time goes',
	small: 'Too small',
	big: 'Too big',
	uneven: 'Unlike the others',
	alert: 'Alerts',
	blind: 'Not seen',
};

/** `ballast review [--since 1d] [--json]`. */
export async function review(parsed: ParsedArguments, terminal: Terminal): Promise<number> {
	const since = parsed.values.get('since')?.at(-1);
	const overMs = since === undefined ? BACK_MS : durationOf('--since', since);
	const where = controlSocket(globalsOf(parsed), terminal.env);
	const answer = await control(where, 'review', { overMs }, { quietMs: QUIET_MS });
	if (parsed.switches.has('json')) terminal.out(`${jsonText(answer, 2)}\n`);
	else terminal.out(`${reviewLines(readFindings(answer), terminal).join('\n')}\n`);
	return EXIT.ok;
}

function readFindings(value: unknown): FindingAnswer[] {
	const findings = Array.isArray(value) ? value : (value as { findings?: unknown } | null)?.findings;
	if (!Array.isArray(findings)) throw unknownForm('findings');
	return findings.map((each) => {
		const { kind, weight, text } =
			typeof each === 'string' ? { text: each } : ((each ?? {}) as Record<string, unknown>);
		return { kind: textOr(kind), weight: textOr(weight), text: textOr(text) };
	});
}

function reviewLines(findings: readonly FindingAnswer[], terminal: Terminal): string[] {
	if (findings.length === 0) return ['nothing to say: all that was measured fits'];
	const width = Math.max(20, terminal.size()?.columns ?? WIDTH);
	const lines: string[] = [];
	for (const [kind, group] of Map.groupBy(findings, (finding) => finding.kind)) {
		if (lines.length > 0) lines.push('');
		lines.push(paint(terminal, 'bold', HEADS[kind] ?? inert(kind === '' ? 'Found' : kind)));
		for (const { weight, text } of group) {
			const colour = COLOURS[weight];
			const [first = '', ...rest] = wrapped(inert(text), width - 4);
			const mark = weight === 'problem' ? '!' : '-';
			lines.push(`  ${colour === undefined ? mark : paint(terminal, colour, mark)} ${first}`);
			lines.push(...rest.map((line) => `    ${line}`));
		}
	}
	return lines;
}

/** At spaces; a longer word stands alone. */
function wrapped(text: string, width: number): string[] {
	const lines: string[] = [];
	let line = '';
	for (const word of text.split(' ')) {
		if (line !== '' && textWidth(line) + 1 + textWidth(word) > width) {
			lines.push(line);
			line = word;
		} else line = line === '' ? word : `${line} ${word}`;
	}
	return [...lines, line];
}
