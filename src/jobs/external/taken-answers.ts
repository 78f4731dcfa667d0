import type { AttemptOutcome } from '../attempt.ts';
import type { Job, JobResult } from '../job.ts';
import { shownIds } from './external-ids.ts';

const KEPT_MOST = 1000;
/** Longer ones are written anew. */
const BODY_MOST = 4096;

/** What upstreams said when they took a job: for clients that wait for just that. The oldest give way. */
export class TakenAnswers {
	readonly #kept = new Map<string, JobResult>();

	keep(id: string, outcome: AttemptOutcome): void {
		if (outcome.kind !== 'answered' || outcome.body === null || !('inline' in outcome.body)) return;
		const { head, body } = outcome;
		if (body.inline.length > BODY_MOST) return;
		this.#kept.delete(id);
		this.#kept.set(id, { head, body });
		for (const oldest of this.#kept.keys()) {
			if (this.#kept.size <= KEPT_MOST) break;
			this.#kept.delete(oldest);
		}
	}

	/** null: it is not taken. Where what was said is not known any more, it is what is known: by which name. `pointer`: where that stood. */
	of({ id, externalId }: Job, pointer: string): JobResult | null {
		if (externalId === null) return null;
		return this.#kept.get(id) ?? { head: HEAD, body: { inline: Buffer.from(written(pointer, shownIds(externalId))) } };
	}
}

const HEAD = Buffer.from('HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n', 'latin1');

/** A JSON text with this value where the pointer leads to. */
function written(pointer: string, value: unknown): string {
	const names = pointer.split('/').slice(1);
	const nested = names.reduceRight<unknown>(
		(inner, name) => ({ [name.replaceAll('~1', '/').replaceAll('~0', '~')]: inner }),
		value,
	);
	return JSON.stringify(nested);
}
