/** Two readings of the same bytes, and where they part. */
import { Field, fieldOf } from '../../src/wire/field-names.ts';
import { type Message, type Pairs, type Reading, wholeOf } from './reading.ts';

export interface Difference {
	/** `read`: both took the message and read it otherwise. The others: only one of them took it. */
	kind: 'read' | 'only Node takes it' | 'only we take it';
	/** Which message it is about. */
	at: number;
	/** What differs, or why the other one refused it. */
	what: string;
}

/** null: they agree, as far as both decided. */
export function compare(ours: Reading, node: Reading): Difference | null {
	const [we, they] = [wholeOf(ours), wholeOf(node)];
	for (let at = 0; at < Math.min(we, they); at++) {
		const what = differs(ours.messages[at] as Message, node.messages[at] as Message);
		if (what !== '') return { kind: 'read', at, what };
		// What follows is another protocol's.
		if (asksForUpgrade(ours.messages[at] as Message)) return null;
	}
	if (ours.end === 'refused' && they > we) return { kind: 'only Node takes it', at: we, what: ours.why };
	if (node.end === 'refused' && we > they) return { kind: 'only we take it', at: they, what: node.why };
	if (ours.end === 'refused' || node.end === 'refused') return null;
	if (we !== they) return { kind: 'read', at: Math.min(we, they), what: `${we} messages and ${they}` };
	const [last, theirs] = [ours.messages[we], node.messages[they]];
	if (last === undefined || theirs === undefined) return null;
	const what = differs(last, theirs);
	return what === '' ? null : { kind: 'read', at: we, what };
}

/** What of a message was read otherwise; empty: nothing. */
function differs(ours: Message, node: Message): string {
	for (const key of ['first', 'second', 'version', 'body', 'keeps'] as const) {
		if (ours[key] !== node[key]) return `${key}: ${JSON.stringify(ours[key])} and ${JSON.stringify(node[key])}`;
	}
	const trailers = node.trailers.filter(([name]) => passes(name));
	for (const [name, our, their] of [
		['fields', ours.fields, node.fields],
		['trailers', ours.trailers, trailers],
	] as [string, Pairs, Pairs][]) {
		if (JSON.stringify(our) !== JSON.stringify(their))
			return `${name}: ${JSON.stringify(our)} and ${JSON.stringify(their)}`;
	}
	return '';
}

/** Fields that Ballast leaves out of a trailer section are no difference. */
const passes = (name: string): boolean =>
	!name.includes('_') && fieldOf(Buffer.from(name, 'latin1'), 0, name.length) === Field.other;

export const valuesOf = (message: Message, name: string): string[] =>
	message.fields.filter(([other]) => other.toLowerCase() === name).map(([, value]) => value);

function asksForUpgrade(message: Message): boolean {
	return (
		valuesOf(message, 'upgrade').length > 0 &&
		valuesOf(message, 'connection').some((value) => /(?:^|,)\s*upgrade\s*(?:,|$)/i.test(value))
	);
}
