/** A command as a person writes it, split into its words. */

/**
 * Splits a command into words as a POSIX shell does: blanks part them, '…' keeps all, "…" keeps all
 * but `\` before `"`, `\`, `$` and a backquote; `\` keeps the next character. A sentence when a quote
 * is not closed, or when it uses what only a shell has.
 */
export function splitWords(command: string): string[] | string {
	const words: string[] = [];
	let word: string | null = null;
	for (let at = 0; at < command.length; at++) {
		const char = command[at] as string;
		if (/\s/.test(char)) {
			if (word !== null) words.push(word);
			word = null;
		} else if (char === "'" || char === '"') {
			const part = quotedPart(command, at);
			if (part === undefined) return `expected a command whose quotes are closed; ${char} is open`;
			word = (word ?? '') + part.text;
			at = part.end;
		} else if (char === '\\') {
			if (at + 1 === command.length) return 'expected a command; a single `\\` stands at its end';
			word = (word ?? '') + command[++at];
		} else if ('|&;<>()$`'.includes(char)) {
			return `expected a plain command: there is no shell that would read \`${char}\`; quote it, or write run: [sh, -c, '…']`;
		} else {
			word = (word ?? '') + char;
		}
	}
	if (word !== null) words.push(word);
	return words[0] ? words : 'expected a command such as `node server.js`';
}

function quotedPart(command: string, start: number): { text: string; end: number } | undefined {
	const quote = command[start];
	let text = '';
	for (let at = start + 1; at < command.length; at++) {
		const char = command[at] as string;
		if (char === quote) return { text, end: at };
		const escapes = quote === '"' && char === '\\' && '"\\$`'.includes(command[at + 1] ?? ' ');
		text += escapes ? command[++at] : char;
	}
	return undefined;
}

/** What is wrong with a command; undefined: nothing. */
export function complainOfCommand(value: string): string | undefined {
	const found = value.includes('\0') ? 'expected a command without NUL' : splitWords(value);
	if (typeof found === 'string') return found;
	const variable = /^([A-Za-z_]\w*)=/.exec(found[0] ?? '')?.[1];
	return variable === undefined
		? undefined
		: `expected a command; \`${variable}\` belongs to \`env\`, there is no shell that would set it`;
}
