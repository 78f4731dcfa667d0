import { BallastError } from '../../core/errors.ts';
import type { JobBody, NewJob } from '../job.ts';
import type { AddOutcome, JobStore, KnowsSums, Report } from '../job-store.ts';
import { bodyOf, resultOf } from '../sealing/seal.ts';
import type { OwnerStore, TellingStore } from '../telling-store.ts';

/** What of the folder of bodies is used. */
export interface BodyFiles {
	read(file: string): AsyncIterable<Uint8Array>;
	remove(files: readonly string[]): Promise<void>;
	/** As it is to lie in the store. */
	sealed?(bytes: Uint8Array, about: string): Uint8Array;
}

/**
 * A store whose nodes share no folder: what is in a file of this one goes into the store itself, as no other node could
 * read it there. A request whose body is over `most` bytes is `body_too_large`; a job whose answer is fails.
 */
export function withInlineBodies(
	store: TellingStore & OwnerStore & KnowsSums,
	files: BodyFiles,
	most: number,
): TellingStore & OwnerStore & KnowsSums {
	return {
		add: (jobs) => addInline(store, { files, most }, jobs),
		report: (reports) => reportInline(store, { files, most }, reports),
		claim: (claim) => store.claim(claim),
		get: (id) => store.get(id),
		list: (query) => store.list(query),
		change: (id, change) => store.change(id, change),
		queue: (name, change) => store.queue(name, change),
		sweep: (nowMs, present) => store.sweep(nowMs, present),
		dueNotices: (claim) => store.dueNotices(claim),
		settleNotices: (settled) => store.settleNotices(settled),
		noticesWaiting: () => store.noticesWaiting(),
		areGone: (keys) => store.areGone(keys),
		addGone: (receiver) => store.addGone(receiver),
		gone: (count) => store.gone(count),
		removeGone: (keys) => store.removeGone(keys),
		sums: (sinceMs) => store.sums(sinceMs),
		ownerOf: (id) => store.ownerOf(id),
		secret: () => store.secret(),
		setSecret: (value, was) => store.setSecret(value, was),
		close: () => store.close(),
	};
}

interface Inlining {
	files: BodyFiles;
	most: number;
}

async function addInline(store: JobStore, of: Inlining, jobs: readonly NewJob[]): Promise<AddOutcome[]> {
	const inline = await Promise.all(
		jobs.map(async (job) => {
			if (isTooLarge(job.body, of.most)) throw new BallastError('body_too_large');
			return { ...job, body: await inlined(job.body, of.files, bodyOf(job.id)) };
		}),
	);
	const outcomes = await store.add(inline);
	await removeFiles(
		of.files,
		jobs.map(({ body }) => body),
	);
	return outcomes;
}

async function reportInline(store: JobStore, of: Inlining, reports: readonly Report[]): Promise<boolean[]> {
	const taken = await store.report(await Promise.all(reports.map((one) => inlineReport(one, of))));
	await removeFiles(
		of.files,
		reports.map((one) => ('result' in one ? (one.result?.body ?? null) : null)),
	);
	return taken;
}

async function inlineReport(report: Report, { files, most }: Inlining): Promise<Report> {
	if (!('result' in report) || report.result === null) return report;
	const { result } = report;
	if (!isTooLarge(result.body, most))
		return { ...report, result: { ...result, body: await inlined(result.body, files, resultOf(report.id)) } };
	const { id, token, nowMs } = report;
	const message = `the answer is over ${most} bytes, and \`jobs.store\` names no folder that all nodes share`;
	const error = { code: 'body_too_large', message, status: null };
	return { id, token, nowMs, kind: 'failed', error, result: null };
}

const sizeOf = (body: JobBody): number => ('inline' in body ? body.inline.length : body.bytes);
const isTooLarge = (body: JobBody | null, most: number): boolean => body !== null && sizeOf(body) > most;

async function inlined(body: JobBody | null, files: BodyFiles, about: string): Promise<JobBody | null> {
	if (body === null || 'inline' in body) return body;
	const pieces: Uint8Array[] = [];
	try {
		for await (const piece of files.read(body.file)) pieces.push(piece);
	} catch (error) {
		throw new BallastError('jobs_unavailable', 'the body cannot be read', {}, error);
	}
	const bytes = new Uint8Array(Buffer.concat(pieces));
	return { inline: files.sealed?.(bytes, about) ?? bytes };
}

/** Behind the call that stored them: one that fails is repeated with the same files. */
async function removeFiles(files: BodyFiles, bodies: readonly (JobBody | null)[]): Promise<void> {
	const names = bodies.flatMap((body) => (body !== null && 'file' in body ? [body.file] : []));
	// What stays is found by the sweep.
	if (names.length > 0) await files.remove(names).catch(() => {});
}
