/** `FIGURE [label:glob …] [by label[,label]] [over DURATION]`, as a person writes it. */
import { closest } from '../core/closest.ts';
import { BallastError } from '../core/errors.ts';
import type { FigureInfo, FigureQuery } from '../core/metric.ts';
import { parseDuration } from '../core/units.ts';

/** Longest text that is read. */
const LONGEST = 1000;
const LONGEST_OVER_MS = 400 * 86_400_000;

export interface KnownFigures {
	find(name: string): FigureInfo | undefined;
	list(): readonly FigureInfo[];
	/** Where the text says no `over`, ms. */
	defaultOverMs(name: string): number;
}

interface Word {
	text: string;
	/** Where it begins, from 0. */
	at: number;
}

/** @throws BallastError `bad_query`; `details.at`: where in the text, from 0 */
export function parseFigureQuery(text: string, known: KnownFigures): FigureQuery {
	if (text.length > LONGEST) wrong(`expected at most ${LONGEST} characters`, LONGEST);
	const words = wordsOf(text);
	const [first, ...rest] = words;
	if (first === undefined) wrong('expected a figure, such as `p95`', 0);
	const info = known.find(first.text);
	if (info === undefined) {
		const names = known.list().map(({ name }) => name);
		wrong(`there is no figure \`${first.text}\`${meant(first.text, names)}`, first.at);
	}
	const query = { figure: info.name, where: {} as Record<string, string>, by: [] as string[], overMs: 0 };
	while (rest.length > 0) {
		const word = rest.shift() as Word;
		if (word.text === 'by') readBy(rest, query.by, { info, at: word.at });
		else if (word.text === 'over') query.overMs = readOver(rest.shift(), word.at);
		else readWhere(word, query.where, info);
	}
	return { ...query, overMs: query.overMs === 0 ? known.defaultOverMs(info.name) : query.overMs };
}

/** Words, parted by spaces; within double quotes spaces count as any other character. */
function wordsOf(text: string): Word[] {
	const words: Word[] = [];
	for (let at = 0; at < text.length; ) {
		if (/\s/.test(text[at] as string)) {
			at++;
			continue;
		}
		const from = at;
		let quoted = false;
		for (; at < text.length && (quoted || !/\s/.test(text[at] as string)); at++) if (text[at] === '"') quoted = !quoted;
		if (quoted) wrong('the quotes that begin here do not end', text.indexOf('"', from));
		words.push({ text: text.slice(from, at), at: from });
	}
	return words;
}

function readWhere({ text, at }: Word, where: Record<string, string>, info: FigureInfo): void {
	const colon = text.indexOf(':');
	if (colon <= 0) {
		const near = closest(text, ['by', 'over']);
		const hint = near === undefined ? '' : `; did you mean \`${near}\`?`;
		wrong(`expected \`label:pattern\`, \`by\` or \`over\`, not \`${text}\`${hint}`, at);
	}
	const label = text.slice(0, colon);
	const pattern = text.slice(colon + 1).replaceAll('"', '');
	checkLabel(label, info, at);
	if (pattern === '') wrong(`expected a pattern behind \`${label}:\``, at + colon + 1);
	if (Object.hasOwn(where, label)) wrong(`\`${label}\` is said twice`, at);
	where[label] = pattern;
}

function readBy(rest: Word[], by: string[], of: { info: FigureInfo; at: number }): void {
	let more = true;
	for (let read = 0; more; read++) {
		const word = rest[0];
		if (word === undefined || word.text === 'over' || word.text.includes(':')) {
			if (read > 0 && by.length > 0) return;
			wrong('expected a label behind `by`', word?.at ?? of.at + 2);
		}
		rest.shift();
		let { at } = word;
		for (const label of word.text.split(',')) {
			if (label !== '') {
				checkLabel(label, of.info, at);
				if (!by.includes(label)) by.push(label);
			}
			at += label.length + 1;
		}
		more = word.text.endsWith(',') || (rest[0]?.text.startsWith(',') ?? false);
	}
}

function readOver(word: Word | undefined, at: number): number {
	const ms = word === undefined ? undefined : parseDuration(word.text);
	if (ms !== undefined && ms >= 1000 && ms <= LONGEST_OVER_MS) return ms;
	if (ms !== undefined) wrong('expected a duration from 1s to 400d', word?.at ?? at);
	const shown = word === undefined ? '' : `, not \`${word.text}\``;
	return wrong(`expected a duration such as 30s, 5m or 1h behind \`over\`${shown}`, word?.at ?? at + 4);
}

function checkLabel(label: string, { name, labels }: FigureInfo, at: number): void {
	if (labels.includes(label)) return;
	const has = labels.length === 0 ? 'it has none' : `it has ${labels.join(', ')}`;
	wrong(`\`${name}\` has no label \`${label}\`; ${has}${meant(label, labels)}`, at);
}

function meant(word: string, words: readonly string[]): string {
	const near = closest(word, words);
	return near === undefined ? '' : `; did you mean \`${near}\`?`;
}

function wrong(message: string, at: number): never {
	throw new BallastError('bad_query', `${message} (at character ${at + 1})`, { at });
}
