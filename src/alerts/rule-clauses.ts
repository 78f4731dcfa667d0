import { closest } from '../core/closest.ts';
import type { Where } from '../core/metric.ts';
import type { Comparison } from './rule.ts';
import type { Word } from './rule-words.ts';

interface GuardText {
	figure: string;
	where: Where;
	comparison: Comparison;
	value: string;
}

const COMPARISONS: readonly string[] = ['>', '>=', '<', '<='];
const KEYWORDS = ['by', 'over', 'for', 'keep', 'until', 'and', 'up', 'down', 'against', 'absent', 'burn'];
const MOST_GUARDS = 4;
const MOST_LABELS = 8;

/** The clauses of a rule, still as text: which word belongs to what. What stands where nothing fits goes to `problems`. */
export class Clauses {
	readonly #words: readonly Word[];
	readonly #problems: string[];
	#at = 0;

	figure = '';
	absent = false;
	/** `fast` or `slow`, unchecked. */
	burn: string | null = null;
	comparison: Comparison | null = null;
	value: string | null = null;
	until: { comparison: Comparison; text: string } | null = null;
	change: { direction: 'up' | 'down'; share: string; against: string | null } | null = null;
	readonly where: Record<string, string> = {};
	readonly by: string[] = [];
	readonly guards: GuardText[] = [];
	readonly times: Map<'over' | 'for' | 'keep', string> = new Map();

	constructor(words: readonly Word[], problems: string[]) {
		this.#words = words;
		this.#problems = problems;
	}

	read(): void {
		this.#head();
		while (this.#at < this.#words.length && this.#problems.length === 0) this.#clause();
	}

	#head(): void {
		const first = this.#take('a figure') ?? '';
		if (first === 'burn') this.burn = this.#take('`fast` or `slow`') ?? '';
		else if (first === 'absent') {
			this.absent = true;
			this.figure = this.#take('a figure behind `absent`') ?? '';
		} else if (KEYWORDS.includes(first)) this.#wrong(`expected a figure first, such as p95, not \`${first}\``);
		else this.figure = first;
	}

	#clause(): void {
		const word = this.#words[this.#at++] as Word;
		if (word.label !== '') this.#filter(this.where, word);
		else if (word.operator) this.#compare(word.text);
		else if (word.text === 'over' || word.text === 'for' || word.text === 'keep') this.#time(word.text);
		else if (word.text === 'by') this.#by();
		else if (word.text === 'and') this.#guard();
		else if (word.text === 'until') this.#until();
		else if (word.text === 'up' || word.text === 'down') this.#change(word.text);
		else if (word.text === 'against' && this.change !== null) this.change.against = this.#take('a duration') ?? '';
		else this.#unknown(word.text);
	}

	#compare(text: string): void {
		const value = this.#take(`a value behind \`${text}\``) ?? '';
		if (!this.#isComparison(text)) return;
		if (this.comparison !== null)
			this.#wrong('expected one comparison; a second figure is joined with `and`, such as `and requests > 1/s`');
		this.comparison = text;
		this.value = value;
	}

	#isComparison(text: string): text is Comparison {
		if (COMPARISONS.includes(text)) return true;
		this.#wrong(`expected >, >=, < or <=, not \`${text}\``);
		return false;
	}

	#time(word: 'over' | 'for' | 'keep'): void {
		if (this.times.has(word)) this.#wrong(`expected \`${word}\` once`);
		this.times.set(word, this.#take(`a duration behind \`${word}\``) ?? '');
	}

	#by(): void {
		const text = this.#take('a label behind `by`, such as `by route`') ?? '';
		for (const label of text.split(',')) {
			if (!/^[a-z_]\w*$/i.test(label))
				this.#wrong(`expected labels with commas behind \`by\`, such as by service,route, not \`${text}\``);
			else if (!this.by.includes(label)) this.by.push(label);
		}
		if (this.by.length > MOST_LABELS) this.#wrong(`expected at most ${MOST_LABELS} labels behind \`by\``);
	}

	#guard(): void {
		const figure = this.#take('a figure behind `and`') ?? '';
		const where: Record<string, string> = {};
		while ((this.#words[this.#at]?.label ?? '') !== '') this.#filter(where, this.#words[this.#at++] as Word);
		const comparison = this.#takeOperator(`and ${figure}`);
		const value = this.#take('a value') ?? '';
		if (comparison !== undefined) this.guards.push({ figure, where, comparison, value });
		if (this.guards.length > MOST_GUARDS) this.#wrong(`expected at most ${MOST_GUARDS} times \`and\``);
	}

	#until(): void {
		const comparison = this.#takeOperator('until');
		const text = this.#take('a value behind `until`') ?? '';
		if (comparison !== undefined) this.until = { comparison, text };
	}

	#change(direction: 'up' | 'down'): void {
		if (this.change !== null) this.#wrong('expected `up` or `down` once');
		this.change = { direction, share: this.#take(`a share behind \`${direction}\`, such as 50%`) ?? '', against: null };
	}

	#filter(where: Record<string, string>, { label, text }: Word): void {
		if (text === '') this.#wrong(`expected a value behind \`${label}:\``);
		if (Object.hasOwn(where, label)) this.#wrong(`expected \`${label}:\` once`);
		where[label] = text;
	}

	#takeOperator(behind: string): Comparison | undefined {
		const word = this.#words[this.#at];
		if (word?.operator !== true) {
			this.#wrong(`expected >, >=, < or <= behind \`${behind}\`${word === undefined ? '' : `, not \`${word.text}\``}`);
			return undefined;
		}
		this.#at++;
		return this.#isComparison(word.text) ? word.text : undefined;
	}

	#take(what: string): string | undefined {
		const word = this.#words[this.#at];
		if (word !== undefined && !word.operator && word.label === '') {
			this.#at++;
			return word.text;
		}
		const found =
			word === undefined ? 'the rule ends there' : `found \`${word.label === '' ? '' : `${word.label}:`}${word.text}\``;
		this.#wrong(`expected ${what}; ${found}`);
		return undefined;
	}

	#unknown(text: string): void {
		const near = closest(text, KEYWORDS);
		const meant =
			near === undefined
				? 'expected one of over, for, by, and, until, keep, or a filter such as service:videos'
				: `did you mean \`${near}\`?`;
		this.#wrong(`\`${text.slice(0, 60)}\` has no meaning here; ${meant}`);
	}

	#wrong(message: string): void {
		// What follows the first misplaced word cannot be told apart.
		if (this.#problems.length === 0) this.#problems.push(message);
	}
}
