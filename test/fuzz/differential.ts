/** One input read by Ballast's codec and by Node's, and what is wrong with the outcome. */
import { Random } from '../../src/wire/testing/random.ts';
import { compare } from './compare.ts';
import { telltaleCut } from './cuts.ts';
import { type Case, explain, type Judgement } from './judgement.ts';
import { NodeRequestReader, readResponse } from './node-reader.ts';
import { OurAnswerReader } from './our-answer-reader.ts';
import { OurReader } from './our-reader.ts';
import { wrongIn, wrongInAnswer } from './passed-on.ts';
import type { Message, Reading } from './reading.ts';
import { REFUSED } from './strictness-refused.ts';
import { READ_OTHERWISE, TAKEN } from './strictness-taken.ts';

export interface Input {
	side: Case['side'];
	/** One byte a character. */
	text: string;
	/** Of the request that a response answers. */
	method: string;
}

export interface Outcome {
	ours: Reading;
	node: Reading;
	/** What no list explains; empty: nothing. */
	failure: string;
	/** The entry that explains a difference. */
	judgement: Judgement | undefined;
}

const LISTS = { read: READ_OTHERWISE, 'only Node takes it': REFUSED, 'only we take it': TAKEN };

export class Differential {
	readonly #ours = new OurReader();
	readonly #ourAnswers = new OurAnswerReader();
	readonly #node = new NodeRequestReader();

	async run({ side, text, method }: Input): Promise<Outcome> {
		const bytes = Buffer.from(text, 'latin1');
		const isRequest = side === 'request';
		const ours = isRequest ? this.#ours.requests(bytes) : this.#ourAnswers.read(bytes, method);
		const node = isRequest ? await this.#node.read(bytes) : await readResponse(bytes, method);
		for (const [at, message] of ours.messages.entries()) {
			if (message.passedOn === undefined) continue;
			const wrong = isRequest ? wrongIn(message) : wrongInAnswer(message, method);
			if (wrong !== '') return { ours, node, failure: `message ${at}: passed on: ${wrong}`, judgement: undefined };
		}
		const cut = telltaleCut(bytes, isRequest ? null : [method], new Random(bytes.length));
		if (cut.length > 0) return { ours, node, failure: `cut at ${cut}: something else is read`, judgement: undefined };
		const found = compare(ours, node);
		if (found === null) return { ours, node, failure: '', judgement: undefined };
		const { kind, at, what } = found;
		const reading = kind === 'only Node takes it' ? node : ours;
		const about: Case = {
			side,
			text: text.slice(ours.starts[at] ?? 0),
			all: text,
			message: reading.messages[at] as Message,
			what,
		};
		// What stands in a message is never read otherwise for a reason; only what follows it may be.
		const explicable = kind !== 'read' || /^(?:keeps:|\d+ messages)/.test(what);
		const judgement = explicable ? explain(LISTS[kind], about) : undefined;
		return { ours, node, judgement, failure: judgement === undefined ? `message ${at}: ${kind}: ${what}` : '' };
	}

	close(): void {
		this.#node.close();
	}
}
