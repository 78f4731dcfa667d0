/** The words of a rule's text. */

export interface Word {
	text: string;
	/** What stands before the colon of `label:glob`; '' of other words. */
	label: string;
	operator: boolean;
}

/** Longest rule that is read. */
export const MOST_RULE_LENGTH = 500;

const WORD = /\s*(>=|<=|==|!=|=|>|<|[a-z_]\w*:"[^"]*"|[^\s<>=!"]+|"[^"]*"?)/iy;

/** Words and operators in order; a string where the text cannot be cut into words: what is wrong with it. */
export function wordsOf(text: string): Word[] | string {
	if (text.length > MOST_RULE_LENGTH) return `expected a rule of at most ${MOST_RULE_LENGTH} characters`;
	const words: Word[] = [];
	WORD.lastIndex = 0;
	const trimmed = text.trimEnd();
	while (WORD.lastIndex < trimmed.length) {
		const from = WORD.lastIndex;
		const found = WORD.exec(trimmed)?.[1];
		if (found === undefined) return `expected a word instead of \`${trimmed.slice(from).trim().slice(0, 20)}\``;
		if (found.startsWith('"')) return `expected quotes only behind a label, such as route:"GET /v1/*"`;
		const labelled = /^([a-z_]\w*):(.*)$/is.exec(found);
		words.push({
			text: labelled === null ? found : (labelled[2] as string).replaceAll('"', ''),
			label: labelled?.[1] ?? '',
			operator: /^[<>=!]/.test(found),
		});
	}
	return words;
}
