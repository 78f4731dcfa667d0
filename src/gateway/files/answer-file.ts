import type { AnswerSource } from '../answer-source.ts';
import { acceptedCoding } from '../compress/accepted-coding.ts';
import type { Coding } from '../compress/coding.ts';
import { crash } from '../crash.ts';
import type { Exchange } from '../exchange.ts';
import { problemOf, shedProblem } from '../problem.ts';
import { byteRange } from './byte-range.ts';
import { Conditions, conditionalStatus, mayBeRange } from './conditions.ts';
import type { FileFolder, Found, Waiting } from './file-folder.ts';
import { filePath } from './file-path.ts';
import { FileSender } from './file-sender.ts';
import type { Page } from './file-store.ts';
import type { StoredFile } from './stored-file.ts';

/** Answers with a file of the folder. `path`: that of the request within the folder, as it was sent. */
export function answerFile(exchange: Exchange, folder: FileFolder, path: string): void {
	if (exchange.method !== 'GET' && !exchange.headOnly) {
		fail(exchange, 'method_not_allowed', 'Allow: GET, HEAD\r\n');
		return;
	}
	// A page is known by the name of its file, of which an escape may be a part: `/50%25.txt` asks for `50%.txt`.
	let page = path.includes('%') ? undefined : folder.known(path);
	if (page === undefined) {
		const name = filePath(path);
		if (name === null) {
			fail(exchange, 'file_not_found');
			return;
		}
		if (name !== path) page = folder.known(name);
		if (page === undefined) {
			const wait = new FileWait(exchange, folder);
			if (folder.find(name, wait)) exchange.source = wait;
			else shed(exchange);
			return;
		}
	}
	answerPage(exchange, folder, page);
}

/** A request whose path is looked up. */
class FileWait implements AnswerSource, Waiting {
	/** null: its client has left. */
	#exchange: Exchange | null;
	readonly #folder: FileFolder;

	constructor(exchange: Exchange, folder: FileFolder) {
		this.#exchange = exchange;
		this.#folder = folder;
	}

	resume(): void {}

	cancel(): void {
		this.#exchange = null;
	}

	found(found: Found): void {
		const exchange = this.#exchange;
		if (exchange === null) return;
		this.#exchange = null;
		exchange.source = null;
		try {
			answerFound(exchange, this.#folder, found);
		} catch (fault) {
			crash(exchange, fault);
		}
	}
}

function answerFound(exchange: Exchange, folder: FileFolder, found: Found): void {
	if (found === 'redirect') redirect(exchange);
	else if (found === 'overloaded') shed(exchange);
	else if (typeof found === 'string') fail(exchange, found);
	else answerPage(exchange, folder, found);
}

type Failure =
	| 'method_not_allowed'
	| 'file_not_found'
	| 'file_unreadable'
	| 'precondition_failed'
	| 'range_not_satisfiable';

function fail(exchange: Exchange, code: Failure, extra = ''): void {
	exchange.failure = code;
	exchange.answerProblem(problemOf(code, extra));
}

function shed(exchange: Exchange): void {
	exchange.failure = 'overloaded';
	exchange.answerProblem(shedProblem('overloaded'));
}

/** A folder is asked for with a slash at its end, so that links in its index are seen from there. */
function redirect(exchange: Exchange): void {
	const { buffer, pathStart, pathEnd, targetEnd } = exchange;
	// `//evil.example` would lead to another site.
	const path = buffer.toString('latin1', pathStart, pathEnd).replace(/^[/\\]+/, '/');
	const location = `${path}/${buffer.toString('latin1', pathEnd, targetEnd)}`;
	const head = `HTTP/1.1 301 Moved Permanently\r\nLocation: ${location}\r\nContent-Length: 0\r\n`;
	exchange.answerLocally(301, Buffer.from(head, 'latin1'), NOTHING);
}

const NOTHING = Buffer.alloc(0);
/** Of the request at hand. */
const conditions = new Conditions();

function answerPage(exchange: Exchange, folder: FileFolder, page: Page): void {
	const asked = conditions.read(exchange.buffer, exchange.head.fields);
	// Of GET alone (RFC 9110 §14.2).
	if (exchange.headOnly) asked.range = undefined;
	const file = page.files.length === 1 ? (page.files[0] as StoredFile) : variant(page, asked);
	const status = conditionalStatus(asked, file);
	if (status === 412) {
		fail(exchange, 'precondition_failed');
		return;
	}
	if (status === 304) {
		exchange.beginAnswer(304, file.unchangedHead, -1);
		exchange.answerEnd(null);
		return;
	}
	if (asked.range !== undefined && mayBeRange(asked, file, Date.now() / 1000)) {
		const range = byteRange(asked.range, file.size);
		if (range === 'unsatisfiable') {
			fail(exchange, 'range_not_satisfiable', `Content-Range: bytes */${file.size}\r\n`);
			return;
		}
		if (range !== null) {
			const line = `Content-Range: bytes ${range.start}-${range.end - 1}/${file.size}\r\n`;
			const head = Buffer.concat([file.partHead, Buffer.from(line)]);
			send(exchange, folder, { file, status: 206, head, ...range });
			return;
		}
	}
	send(exchange, folder, { file, status: 200, head: file.head, start: 0, end: file.size });
}

/** The same file, compressed by what the client likes best. */
function variant({ files, codings }: Page, { acceptEncoding, range, ifMatch }: Conditions): StoredFile {
	// Parts, and changes to what somebody knows, are of exactly one form.
	const isExact = range !== undefined || ifMatch !== undefined;
	const usable = isExact
		? codings.filter((each) => files.some(({ coding, made }) => coding === each && !made))
		: codings;
	const coding: Coding | '' = acceptedCoding(acceptEncoding, usable);
	return files.find((file) => file.coding === coding) as StoredFile;
}

interface Part {
	file: StoredFile;
	status: number;
	head: Uint8Array;
	start: number;
	end: number;
}

function send(exchange: Exchange, folder: FileFolder, { file, ...part }: Part): void {
	const { descriptor, content } = file;
	if (descriptor !== null && !exchange.headOnly) {
		// Between the look and now it had to give way to others.
		if (!descriptor.take()) shed(exchange);
		else new FileSender(exchange, { descriptor, pieces: folder.store.pieces }, part).start();
		return;
	}
	exchange.beginAnswer(part.status, part.head, part.end - part.start);
	if (!exchange.headOnly && content.body !== null && part.end > part.start) {
		const whole = part.end - part.start === content.body.length;
		exchange.answerPiece(whole ? content.body : content.body.subarray(part.start, part.end));
	}
	exchange.answerEnd(null);
}
