/** Reads answers off a connection as they come, several behind one another, and knows what there is of one that broke off. */

export interface ReadAnswer {
	/** 0: no whole head came. */
	status: number;
	head: string;
	/** As far as it came. */
	body: string;
	/** Nothing of it is missing. */
	whole: boolean;
}

type Framing = { kind: 'none' } | { kind: 'length'; left: number } | { kind: 'chunks' } | { kind: 'close' };

/** Value of a field of this head; undefined: it is not there. */
export function fieldOf(head: string, name: string): string | undefined {
	const lower = head.toLowerCase();
	const at = lower.indexOf(`\r\n${name}:`);
	if (at < 0) return undefined;
	const start = at + name.length + 3;
	return head.slice(start, head.indexOf('\r\n', start)).trim();
}

export class AnswerReader {
	#text = '';
	#current: (ReadAnswer & { framing: Framing }) | null = null;

	/** Takes bytes; `headOnly` says whether the next answer has no body. Gives each answer that is whole now. */
	*push(bytes: Buffer, headOnly: () => boolean): Generator<ReadAnswer> {
		this.#text += bytes.toString('latin1');
		for (;;) {
			this.#current ??= this.#begin(headOnly);
			if (this.#current === null || !this.#fill(this.#current)) return;
			const { status, head, body } = this.#current;
			this.#current = null;
			yield { status, head, body, whole: true };
		}
	}

	/** The connection has ended, with FIN or broken: what there is of an answer; null: nothing. */
	end(broken: boolean): ReadAnswer | null {
		const current = this.#current;
		if (current === null) return this.#text === '' ? null : { status: 0, head: this.#text, body: '', whole: false };
		const { status, head, body, framing } = current;
		return { status, head, body, whole: framing.kind === 'close' && !broken };
	}

	/** The head of a final answer, once it is whole. */
	#begin(headOnly: () => boolean): (ReadAnswer & { framing: Framing }) | null {
		for (;;) {
			const end = this.#text.indexOf('\r\n\r\n');
			if (end < 0) return null;
			const head = this.#text.slice(0, end + 2);
			this.#text = this.#text.slice(end + 4);
			const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(head)?.[1] ?? -1);
			if (status >= 100 && status < 200) continue;
			return { status, head, body: '', whole: false, framing: framingOf(head, status, headOnly()) };
		}
	}

	/** Moves what belongs to the body there; true: it is whole. */
	#fill(answer: ReadAnswer & { framing: Framing }): boolean {
		const { framing } = answer;
		if (framing.kind === 'none') return true;
		if (framing.kind === 'chunks') return this.#fillChunks(answer);
		const take = framing.kind === 'length' ? framing.left : this.#text.length;
		const part = this.#text.slice(0, take);
		answer.body += part;
		this.#text = this.#text.slice(part.length);
		if (framing.kind === 'close') return false;
		framing.left -= part.length;
		return framing.left === 0;
	}

	#fillChunks(answer: ReadAnswer): boolean {
		for (;;) {
			const line = this.#text.indexOf('\r\n');
			if (line < 0) return false;
			const size = Number.parseInt(this.#text.slice(0, line), 16);
			const end = line + 2 + size + 2;
			if (Number.isNaN(size)) throw new Error(`no size of a chunk: ${JSON.stringify(this.#text.slice(0, 50))}`);
			if (this.#text.length < end) return false;
			answer.body += this.#text.slice(line + 2, line + 2 + size);
			this.#text = this.#text.slice(end);
			if (size === 0) return true;
		}
	}
}

function framingOf(head: string, status: number, headOnly: boolean): Framing {
	if (headOnly || status === 204 || status === 304) return { kind: 'none' };
	if (fieldOf(head, 'transfer-encoding') !== undefined) return { kind: 'chunks' };
	const length = fieldOf(head, 'content-length');
	return length === undefined ? { kind: 'close' } : { kind: 'length', left: Number(length) };
}
