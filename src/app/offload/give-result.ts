import { open } from 'node:fs';
import { ERRORS, type ErrorCode } from '../../core/errors.ts';
import type { AnswerSource } from '../../gateway/answer-source.ts';
import type { Exchange } from '../../gateway/exchange.ts';
import { Descriptor } from '../../gateway/files/descriptor.ts';
import { FileSender, type ReadAt } from '../../gateway/files/file-sender.ts';
import type { Pieces } from '../../gateway/files/pieces.ts';
import { type Problem, problemOf } from '../../gateway/problem.ts';
import type { Job, JobResult } from '../../jobs/job.ts';
import type { StoreKey } from '../../jobs/sealing/store-keys.ts';
import { bufferOf, forOwner, statusOf } from './stored-answer.ts';

/** Where the bodies of results are. */
export interface JobFiles {
	readonly pieces: Pieces;
	path(file: string): string;
	/** How its plain text is read, where it is sealed; undefined: as it lies on the disk. */
	reader(file: string, fd: number): ReadAt | undefined;
	/** By which copies of what came of jobs are opened. */
	keys(): readonly StoreKey[];
}

/** Answers with what came of a job: the upstream's answer as it was, or why there is none. */
export function giveResult(exchange: Exchange, job: Job, files: JobFiles): void {
	const { result } = job;
	if (result === null) {
		const { problem, code } = withoutResult(job);
		exchange.failure = code;
		exchange.answerProblem(problem);
		return;
	}
	const stored = bufferOf(result.head);
	const head = job.owner === '' ? stored : forOwner(stored);
	const status = statusOf(head);
	const { body } = result;
	if (body !== null && 'file' in body && !exchange.headOnly) {
		new ResultFile(exchange).send(files, { status, head, file: body.file, bytes: body.bytes });
		return;
	}
	const length = body === null ? 0 : 'file' in body ? body.bytes : body.inline.length;
	exchange.beginAnswer(status, head, length, true);
	if (body !== null && 'inline' in body && length > 0 && !exchange.headOnly)
		exchange.answerPiece(bufferOf(body.inline));
	exchange.answerEnd(null);
}

const DATED = /\r\ndate:/i;

/** Answers with what the API said when it took a job, and tells which that is. */
export function giveAnswer(exchange: Exchange, { head, body, of, path }: JobResult & { of: Job; path: string }): void {
	const lines = Buffer.from(`Link: <${path}/${of.id}>; rel="status"\r\n`, 'latin1');
	const inline = body !== null && 'inline' in body ? bufferOf(body.inline) : Buffer.alloc(0);
	const stored = bufferOf(head);
	exchange.beginAnswer(
		statusOf(stored),
		Buffer.concat([stored, lines]),
		inline.length,
		DATED.test(stored.toString('latin1')),
	);
	if (inline.length > 0 && !exchange.headOnly) exchange.answerPiece(inline);
	exchange.answerEnd(null);
}

function withoutResult({ state, error }: Job): { problem: Problem; code: ErrorCode } {
	const code = state === 'expired' ? 'request_timeout' : state === 'failed' ? codeOf(error?.code) : 'job_not_done';
	return { problem: problemOf(code), code };
}

/** Of what failed here; whatever an upstream calls it is a bad answer. */
function codeOf(code: string | undefined): ErrorCode {
	const known = code !== undefined && Object.hasOwn(ERRORS, code) ? (code as ErrorCode) : 'bad_answer';
	return ERRORS[known].status >= 500 ? known : 'bad_answer';
}

interface Part {
	status: number;
	head: Buffer;
	file: string;
	bytes: number;
}

/** Opens the file; from there on `FileSender` brings it. */
class ResultFile implements AnswerSource {
	readonly #exchange: Exchange;
	#over = false;

	constructor(exchange: Exchange) {
		this.#exchange = exchange;
	}

	send(files: JobFiles, { status, head, file, bytes }: Part): void {
		const exchange = this.#exchange;
		exchange.source = this;
		open(files.path(file), 'r', (error, fd) => {
			const descriptor = error === null ? new Descriptor(fd, () => {}) : null;
			if (this.#over) descriptor?.release();
			else if (descriptor === null) exchange.answerFailed('file_unreadable');
			else {
				const from = { descriptor, pieces: files.pieces, read: files.reader(file, fd) };
				new FileSender(exchange, from, { status, head, start: 0, end: bytes }).start();
			}
		});
	}

	resume(): void {}

	cancel(): void {
		this.#over = true;
	}
}
