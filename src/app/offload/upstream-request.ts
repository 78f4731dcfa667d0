import type { AttemptOrder } from '../../jobs/attempt.ts';
import { parseJson } from '../../jobs/external/read-status.ts';
import { type RequestNotes, readStoredRequest } from './stored-request.ts';

/** Who asks about jobs: nobody but this program. */
const OURSELVES: Pick<RequestNotes, 'address' | 'addressField' | 'trusted' | 'secure'> = {
	address: '127.0.0.1',
	addressField: '',
	trusted: false,
	secure: false,
};

export type QuestionMethod = 'GET' | 'DELETE' | 'POST';

/** A call without a body at the upstream of a job, as a job's request is stored; its host is the one that the job was sent to. */
export function questionOf(stored: Uint8Array, target: string, method: QuestionMethod = 'GET'): Uint8Array {
	const { notes, head } = readStoredRequest(stored);
	const host = /\r\nhost:[^\r\n]*/i.exec(head.toString('latin1'))?.[0] ?? '\r\nHost: localhost';
	const length = method === 'POST' ? 'Content-Length: 0\r\n' : '';
	return write(
		{ ...notes, ...OURSELVES, method, trace: { words: notes.trace.words.map(() => 0), flags: 0 } },
		Buffer.from(`${method} ${target} HTTP/1.1${host}\r\nAccept: application/json\r\n${length}\r\n`, 'latin1'),
	);
}

/** The same where there is no job: by this route, at whatever host its service speaks to. */
export function questionAt({ service, route }: { service: string; route: string }, target: string): Uint8Array {
	const trace = { words: new Array<number>(8).fill(0), flags: 0 };
	return write(
		{ version: 1, service, route, method: 'GET', ...OURSELVES, trace },
		Buffer.from(`GET ${target} HTTP/1.1\r\nHost: localhost\r\nAccept: application/json\r\n\r\n`, 'latin1'),
	);
}

function write(notes: RequestNotes, head: Buffer): Uint8Array {
	const json = Buffer.from(JSON.stringify(notes));
	const length = Buffer.alloc(4);
	length.writeUInt32LE(json.length);
	return Buffer.concat([length, json, head]);
}

/** With the job's id as this member of its body, where that is a JSON object without it; small bodies only. */
export function stamped(order: AttemptOrder, member: string): AttemptOrder {
	const { body, id } = order;
	if (body === null || !('inline' in body)) return order;
	const value = parseJson(body.inline);
	if (typeof value !== 'object' || value === null || Array.isArray(value)) return order;
	if (Object.hasOwn(value, member)) return order;
	const before = Buffer.from(body.inline).toString('utf8');
	const at = before.indexOf('{') + 1;
	const own = `${JSON.stringify(member)}:${JSON.stringify(id)}${Object.keys(value).length === 0 ? '' : ','}`;
	// All else stays as it was written.
	const text = Buffer.from(before.slice(0, at) + own + before.slice(at));
	const { notes, head } = readStoredRequest(order.request);
	const lines = head.toString('latin1').replace(/\r\ncontent-length:[^\r\n]*/i, `\r\nContent-Length: ${text.length}`);
	return { ...order, request: write(notes, Buffer.from(lines, 'latin1')), body: { inline: text } };
}
