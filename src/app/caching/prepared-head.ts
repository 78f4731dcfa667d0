import type { StoredAnswer } from '../../cache/stored-answer.ts';
import type { Exchange } from '../../gateway/exchange.ts';
import type { FieldEdits } from '../../gateway/field-edits.ts';
import { ResponseHead } from '../../wire/response-head.ts';

interface Prepared {
	/** What was applied to it: a route's edits, or its policy for a CDN. */
	readonly by: object | null;
	readonly credential: boolean;
	readonly hidden: ReadonlySet<string>;
	readonly head: Buffer;
}

const FIELDS_MOST = 1000;
const prepared = new WeakMap<StoredAnswer, Prepared>();

/** The head of a stored answer as the route of a request has it: made once, since hits come again. */
export function preparedHead(answer: StoredAnswer, exchange: Exchange, hidden: ReadonlySet<string>): Buffer {
	const { route } = exchange;
	const by = route?.cdn ?? route?.response ?? null;
	if (by === null && hidden.size === 0) return answer.head;
	const credential = route?.cdn != null && exchange.field('authorization') !== undefined;
	const known = prepared.get(answer);
	if (known !== undefined && known.by === by && known.hidden === hidden && known.credential === credential)
		return known.head;
	const head = withEdits(answer.head, editsFor(answer, exchange, credential), hidden);
	prepared.set(answer, { by, credential, hidden, head });
	return head;
}

function editsFor({ head }: StoredAnswer, { route, method }: Exchange, credential: boolean): FieldEdits | null {
	if (route?.cdn == null) return route?.response ?? null;
	const bytes = Buffer.concat([head, Buffer.from('\r\n')]);
	const parsed = new ResponseHead(FIELDS_MOST);
	parsed.parse(bytes, 0, bytes.length);
	return route.cdn.edits({ method, credential, cookie: false }, parsed, bytes);
}

/** A head without fields that are removed or hidden, and with those that are added. */
export function withEdits(head: Buffer, edits: FieldEdits | null, hidden: ReadonlySet<string>): Buffer {
	const [status = '', ...fields] = head.toString('latin1').split('\r\n').slice(0, -1);
	const kept = fields.filter((line) => {
		const name = line.slice(0, line.indexOf(':')).toLowerCase();
		return edits?.removed.has(name) !== true && !hidden.has(name);
	});
	const text = Buffer.from(`${[status, ...kept].join('\r\n')}\r\n`, 'latin1');
	return edits === null ? text : Buffer.concat([text, edits.added]);
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
	const tagged = lines.some((line) => /^etag:/i.test(line));
	const kept = lines.filter((line) => {
		const name = line.slice(0, line.indexOf(':'));
		if (/^content-range$/i.test(name)) return false;
		if (!withoutBody || !OF_BODY.test(name)) return true;
		return /^last-modified$/i.test(name) && !tagged;
	});
	return Buffer.from(`HTTP/1.1 ${status}\r\n${kept.map((line) => `${line}\r\n`).join('')}${more}`, 'latin1');
}
