import { open } from 'node:fs';
import type { AnswerSource } from '../../gateway/answer-source.ts';
import type { Exchange } from '../../gateway/exchange.ts';
import { byteRange } from '../../gateway/files/byte-range.ts';
import { Descriptor } from '../../gateway/files/descriptor.ts';
import { FileSender } from '../../gateway/files/file-sender.ts';
import { problemOf } from '../../gateway/problem.ts';
import { pointed } from '../../jobs/external/json-pointer.ts';
import { parseJson } from '../../jobs/external/read-status.ts';
import type { JobResult } from '../../jobs/job.ts';
import type { FoundMedia } from '../../jobs/media/media-policy.ts';
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

/** Opens the file; from there on `FileSender` brings it. */
class MediaFile implements AnswerSource {
	readonly #exchange: Exchange;
	#over = false;

	constructor(exchange: Exchange) {
		this.#exchange = exchange;
	}

	send({ path, bytes, type }: Extract<FoundMedia, { kind: 'file' }>, files: JobFiles): void {
		const exchange = this.#exchange;
		const asked = exchange.headOnly ? undefined : exchange.field('range');
		const range = asked === undefined ? null : byteRange(asked, bytes);
		if (range === 'unsatisfiable') {
			exchange.failure = 'range_not_satisfiable';
			exchange.answerProblem(problemOf('range_not_satisfiable', `Content-Range: bytes */${bytes}\r\n`));
			return;
		}
		const { start, end } = range ?? { start: 0, end: bytes };
		const status = range === null ? 200 : 206;
		const head = Buffer.from(
			`HTTP/1.1 ${range === null ? '200 OK' : '206 Partial Content'}\r\nContent-Type: ${type}\r\n` +
				'X-Content-Type-Options: nosniff\r\nAccept-Ranges: bytes\r\nCache-Control: private, max-age=3600\r\n' +
				(range === null ? '' : `Content-Range: bytes ${start}-${end - 1}/${bytes}\r\n`),
			'latin1',
		);
		if (exchange.headOnly || start === end) {
			exchange.beginAnswer(status, head, end - start);
			exchange.answerEnd(null);
			return;
		}
		exchange.source = this;
		open(path, 'r', (error, fd) => {
			const descriptor = error === null ? new Descriptor(fd, () => {}) : null;
			if (this.#over) descriptor?.release();
			else if (descriptor === null) exchange.answerFailed('file_unreadable');
			else new FileSender(exchange, { descriptor, pieces: files.pieces }, { status, head, start, end }).start();
		});
	}

	resume(): void {}

	cancel(): void {
		this.#over = true;
	}
}
