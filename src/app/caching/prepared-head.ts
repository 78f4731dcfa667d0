import type { StoredAnswer } from '../../cache/stored-answer.ts';
import type { FieldEdits } from '../../gateway/field-edits.ts';

interface Prepared {
	readonly edits: FieldEdits | null;
	readonly hidden: ReadonlySet<string>;
	readonly head: Buffer;
}

const NONE: ReadonlySet<string> = new Set();
const prepared = new WeakMap<StoredAnswer, Prepared>();

/** The head of a stored answer as a route's policy has it: made once, since hits come again. */
export function preparedHead(
	answer: StoredAnswer,
	edits: FieldEdits | null,
	hidden: ReadonlySet<string> = NONE,
): Buffer {
	if (edits === null && hidden.size === 0) return answer.head;
	const known = prepared.get(answer);
	if (known !== undefined && known.edits === edits && known.hidden === hidden) return known.head;
	const lines = answer.head.toString('latin1').split('\r\n').slice(0, -1);
	const [status = '', ...fields] = lines;
	const kept = fields.filter((line) => {
		const name = line.slice(0, line.indexOf(':')).toLowerCase();
		return edits?.removed.has(name) !== true && !hidden.has(name);
	});
	const text = Buffer.from(`${[status, ...kept].join('\r\n')}\r\n`, 'latin1');
	const head = edits === null ? text : Buffer.concat([text, edits.added]);
	prepared.set(answer, { edits, hidden, head });
	return head;
}

/** Fields that a 304 or 416 leaves out: they describe a body (RFC 9110 §15.4.5). */
const OF_BODY = /^(?:content-(?!location)[a-z-]+|last-modified)$/i;

/** The head of a stored answer under another status. */
export function headAs(
	status: string,
	head: Buffer,
	{ withoutBody, more = '' }: { withoutBody: boolean; more?: string },
): Buffer {
	const [, ...lines] = head.toString('latin1').split('\r\n').slice(0, -1);
	const kept = lines.filter((line) => {
		const name = line.slice(0, line.indexOf(':'));
		if (/^content-range$/i.test(name)) return false;
		return (
			!withoutBody ||
			!OF_BODY.test(name) ||
			(/^last-modified$/i.test(name) && !lines.some((each) => /^etag:/i.test(each)))
		);
	});
	return Buffer.from(`HTTP/1.1 ${status}\r\n${kept.map((line) => `${line}\r\n`).join('')}${more}`, 'latin1');
}
