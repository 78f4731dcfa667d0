import { open } from 'node:fs';
import type { AnswerSource } from '../../gateway/answer-source.ts';
import type { Exchange } from '../../gateway/exchange.ts';
import { byteRange } from '../../gateway/files/byte-range.ts';
import { Conditions, conditionalStatus, mayBeRange, type Validators } from '../../gateway/files/conditions.ts';
import { Descriptor } from '../../gateway/files/descriptor.ts';
import { type FilePart, FileSender } from '../../gateway/files/file-sender.ts';
import { problemOf } from '../../gateway/problem.ts';
import { pointed } from '../../jobs/external/json-pointer.ts';
import { parseJson } from '../../jobs/external/read-status.ts';
import type { JobResult } from '../../jobs/job.ts';
import type { FoundMedia } from '../../jobs/media/media-policy.ts';
import { sealedReader } from '../../jobs/sealing/read-sealed.ts';
import type { JobMedia } from '../media-room.ts';
import type { JobFiles } from './give-result.ts';

/** A result in which URLs of files that were copied are Ballast's own. */
export function withOwnUrls(result: JobResult, { pointer, found }: JobMedia, base: string): JobResult {
	const { head, body } = result;
	const value = body !== null && 'inline' in body ? parseJson(body.inline) : undefined;
	if (value === undefined) return result;
	const parts = found.length === 1 ? [value] : Array.isArray(value) ? (value as unknown[]) : [];
	for (const [at, one] of found.entries())
		if (one !== null && at < parts.length) put(parts[at], pointer, `${base}/media${at === 0 ? '' : `/${at}`}`);
	return { head, body: { inline: Buffer.from(JSON.stringify(value)) } };
}

function put(value: unknown, pointer: string, url: string): void {
	const cut = pointer.lastIndexOf('/');
	const holder = pointed(value, pointer.slice(0, Math.max(0, cut)));
	const name = pointer
		.slice(cut + 1)
		.replaceAll('~1', '/')
		.replaceAll('~0', '~');
	if (typeof holder === 'object' && holder !== null && Object.hasOwn(holder, name))
		(holder as Record<string, unknown>)[name] = url;
}

/** Where a job is asked about, as its client reaches it. */
export function ownBase(exchange: Exchange, path: string, id: string): string {
	const { buffer, hostStart, hostEnd, client } = exchange;
	const said = client.trusted ? exchange.field('x-forwarded-proto') : undefined;
	const secure = said === undefined ? client.secure : said.trim().toLowerCase() === 'https';
	const host = buffer.toString('latin1', hostStart, hostEnd);
	return `${host === '' ? '' : `http${secure ? 's' : ''}://${host}`}${path}/${id}`;
}

/** Answers with a copy: its bytes, or where S3 has them. */
export function giveMedia(exchange: Exchange, media: FoundMedia, files: JobFiles): void {
	if (media.kind === 'file') new MediaFile(exchange).send(media, files);
	else {
		const head = `HTTP/1.1 302 Found\r\nLocation: ${media.url}\r\nContent-Length: 0\r\nCache-Control: no-store\r\n`;
		exchange.answerLocally(302, Buffer.from(head, 'latin1'), Buffer.alloc(0));
	}
}

type CopiedFile = Extract<FoundMedia, { kind: 'file' }>;

/** As those of static files: of its length and the time of its last change. */
function validatorsOf({ bytes, changedMs }: CopiedFile): Validators {
	const modifiedS = Math.floor(Math.min(changedMs, Date.now()) / 1000);
	return { etag: `"${bytes.toString(36)}-${Math.round(changedMs * 1000).toString(36)}"`, modifiedS };
}

const fieldsOf = ({ etag, modifiedS }: Validators): string[] => [
	'X-Content-Type-Options: nosniff',
	'Cache-Control: private, max-age=3600',
	`ETag: ${etag}`,
	`Last-Modified: ${new Date(modifiedS * 1000).toUTCString()}`,
];

const head = (line: string, fields: readonly string[]): Buffer =>
	Buffer.from(`HTTP/1.1 ${line}\r\n${fields.map((field) => `${field}\r\n`).join('')}`, 'latin1');

function refuse(exchange: Exchange, code: 'precondition_failed' | 'range_not_satisfiable', lines = ''): void {
	exchange.failure = code;
	exchange.answerProblem(problemOf(code, lines));
}

/** Opens the file; from there on `FileSender` brings it. */
class MediaFile implements AnswerSource {
	readonly #exchange: Exchange;
	#over = false;

	constructor(exchange: Exchange) {
		this.#exchange = exchange;
	}

	send(media: CopiedFile, files: JobFiles): void {
		const exchange = this.#exchange;
		const file = validatorsOf(media);
		const asked = new Conditions().read(exchange.buffer, exchange.head.fields);
		const status = conditionalStatus(asked, file);
		if (status === 412) return refuse(exchange, 'precondition_failed');
		if (status === 304) {
			exchange.beginAnswer(304, head('304 Not Modified', fieldsOf(file)), -1);
			exchange.answerEnd(null);
			return;
		}
		const mayBePart = asked.range !== undefined && !exchange.headOnly && mayBeRange(asked, file, Date.now() / 1000);
		const range = mayBePart ? byteRange(asked.range as string, media.bytes) : null;
		const of = `bytes */${media.bytes}`;
		if (range === 'unsatisfiable') return refuse(exchange, 'range_not_satisfiable', `Content-Range: ${of}\r\n`);
		const { start, end } = range ?? { start: 0, end: media.bytes };
		const fields = [`Content-Type: ${media.type}`, 'Accept-Ranges: bytes', ...fieldsOf(file)];
		const whole = head('200 OK', fields);
		const part = head('206 Partial Content', [...fields, `Content-Range: ${of.replace('*', `${start}-${end - 1}`)}`]);
		this.#begin(
			media,
			files,
			range === null ? { status: 200, head: whole, start, end } : { status: 206, head: part, start, end },
		);
	}

	#begin({ path, sealedAs }: CopiedFile, files: JobFiles, part: FilePart): void {
		const exchange = this.#exchange;
		if (exchange.headOnly || part.start === part.end) {
			exchange.beginAnswer(part.status, part.head, part.end - part.start);
			exchange.answerEnd(null);
			return;
		}
		exchange.source = this;
		open(path, 'r', (error, fd) => {
			const descriptor = error === null ? new Descriptor(fd, () => {}) : null;
			if (this.#over) descriptor?.release();
			else if (descriptor === null) exchange.answerFailed('file_unreadable');
			else {
				const read = sealedAs === null ? undefined : sealedReader(fd, { about: sealedAs, keys: files.keys() });
				new FileSender(exchange, { descriptor, pieces: files.pieces, read }, part).start();
			}
		});
	}

	resume(): void {}

	cancel(): void {
		this.#over = true;
	}
}
