/**
 * Patterns of messages by Drain: a tree of fixed depth over the tokens of a message, whose leaves hold
 * patterns; a message joins the pattern that is most alike, and what differs becomes `<*>`. Identifiers
 * are masked first. About 1 µs a line.
 *
 * Source: P. He et al., Drain: An Online Log Parsing Approach with Fixed Depth Tree, ICWS 2017.
 */

export interface DrainOptions {
	/** Most patterns; the one that was seen least recently goes. */
	most?: number;
	/** Share of the tokens that must be the same, 0…1. */
	similarity?: number;
}

/** A pattern: its tokens, and whatever its owner counts by it. */
export interface DrainPattern {
	/** Stays the same while the pattern becomes more general. */
	readonly id: number;
	tokens: string[];
	leaf: DrainPattern[];
}

interface Branch {
	branches: Map<string, Branch>;
	patterns: DrainPattern[];
}

const ANY = '<*>';
/** Tokens that are looked at on the way to a leaf. (A depth of 4, with the root and the length.) */
const LEVELS = 2;
const MOST_CHILDREN = 100;
const MOST_TOKENS = 60;
const MOST_LENGTHS = MOST_TOKENS + 1;
const MOST_CHARACTERS = 1000;
/** So that the search within one leaf stays short. */
const MOST_OF_A_LEAF = 50;

export class Drain {
	readonly #lengths: Branch[] = Array.from({ length: MOST_LENGTHS }, () => newBranch());
	/** Least recently seen first. */
	readonly #patterns = new Map<number, DrainPattern>();
	readonly #most: number;
	readonly #similarity: number;
	#nextId = 1;
	#forgotten = 0;

	constructor({ most = 1000, similarity = 0.4 }: DrainOptions = {}) {
		this.#most = most;
		this.#similarity = similarity;
	}

	get size(): number {
		return this.#patterns.size;
	}

	has(id: number): boolean {
		return this.#patterns.has(id);
	}

	/** The pattern of a message; null: the message has no words. */
	learn(message: string): DrainPattern | null {
		const tokens = tokensOf(message);
		if (tokens.length === 0) return null;
		const leaf = this.#leafOf(tokens);
		const found = this.#best(leaf.patterns, tokens) ?? this.#begin(leaf.patterns, tokens);
		// A map keeps the order in which its keys were put in.
		this.#patterns.delete(found.id);
		this.#patterns.set(found.id, found);
		return found;
	}

	#leafOf(tokens: readonly string[]): Branch {
		let branch = this.#lengths[tokens.length] as Branch;
		for (let at = 0; at < LEVELS && at < tokens.length; at++) {
			const token = tokens[at] as string;
			const name = /[\d<]/.test(token) ? ANY : token;
			let next = branch.branches.get(name);
			if (next === undefined) {
				const full = branch.branches.size >= MOST_CHILDREN && name !== ANY;
				next = full ? branch.branches.get(ANY) : undefined;
				if (next === undefined) branch.branches.set(full ? ANY : name, (next = newBranch()));
			}
			branch = next;
		}
		return branch;
	}

	#best(patterns: readonly DrainPattern[], tokens: readonly string[]): DrainPattern | null {
		let best: DrainPattern | null = null;
		let bestSame = Math.ceil(this.#similarity * tokens.length) - 1;
		for (const pattern of patterns) {
			let same = 0;
			for (let at = 0; at < tokens.length; at++) if (pattern.tokens[at] === tokens[at]) same++;
			if (same > bestSame) {
				best = pattern;
				bestSame = same;
			}
		}
		if (best !== null && bestSame < tokens.length)
			for (let at = 0; at < tokens.length; at++) if (best.tokens[at] !== tokens[at]) best.tokens[at] = ANY;
		return best;
	}

	#begin(leaf: DrainPattern[], tokens: string[]): DrainPattern {
		const pattern: DrainPattern = { id: this.#nextId++, tokens: [...tokens], leaf };
		const oldest = this.#patterns.values().next().value;
		if (leaf.length >= MOST_OF_A_LEAF) this.#forget(leaf[0] as DrainPattern);
		else if (oldest !== undefined && this.#patterns.size >= this.#most) this.#forget(oldest);
		leaf.push(pattern);
		return pattern;
	}

	#forget(pattern: DrainPattern): void {
		this.#patterns.delete(pattern.id);
		pattern.leaf.splice(pattern.leaf.indexOf(pattern), 1);
		// Branches that nobody needs any more would be a way to fill the memory.
		if (++this.#forgotten % this.#most === 0) this.#rebuild();
	}

	#rebuild(): void {
		for (let at = 0; at < MOST_LENGTHS; at++) this.#lengths[at] = newBranch();
		for (const pattern of this.#patterns.values()) {
			const leaf = this.#leafOf(pattern.tokens);
			leaf.patterns.push(pattern);
			pattern.leaf = leaf.patterns;
		}
	}
}

const newBranch = (): Branch => ({ branches: new Map(), patterns: [] });

/** UUIDs, addresses, hexadecimal and numbers; `gate` says cheaply that there is none. */
const MASKS: readonly { gate: RegExp; pattern: RegExp; mask: string }[] = [
	{
		gate: /[0-9a-f]{8}-[0-9a-f]{4}-/i,
		pattern: /\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/gi,
		mask: '<uuid>',
	},
	{
		gate: /\d\.\d{1,3}\.\d|[0-9a-f]:[0-9a-f]{0,4}:/i,
		pattern:
			/\b\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}(?::\d{1,5})?\b|\[?\b(?:[0-9a-f]{1,4}:{1,2}){3,7}[0-9a-f]{0,4}\b\]?/gi,
		mask: '<address>',
	},
	{ gate: /0x|[0-9a-f]{8}/i, pattern: /\b0x[0-9a-f]+\b|\b(?=[a-f]*\d)[0-9a-f]{8,}\b/gi, mask: '<hex>' },
	{ gate: /\d/, pattern: /(?<![a-z_\d])[+-]?\d+(?:[.,:]\d+)*(?=[a-zµ%]{0,3}(?![a-z\d]))/gi, mask: '<n>' },
];
const DIGIT = /\d/;
const SPACES = /[\s,;]+/;

/** The tokens of a message, masked. Only its first line, and not more than so much of it, counts. */
export function tokensOf(message: string): string[] {
	const end = message.indexOf('\n');
	let line = message.slice(0, Math.min(end < 0 ? message.length : end, MOST_CHARACTERS));
	if (DIGIT.test(line))
		for (const { gate, pattern, mask } of MASKS) if (gate.test(line)) line = line.replace(pattern, mask);
	const tokens = line.split(SPACES, MOST_TOKENS + 1);
	if (tokens[0] === '') tokens.shift();
	if (tokens.at(-1) === '') tokens.pop();
	if (tokens.length > MOST_TOKENS) tokens.length = MOST_TOKENS;
	return tokens;
}
