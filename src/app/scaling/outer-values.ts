/** Values that are asked for and come later: figures of this node, and of a Prometheus. */
import type { FigureQuery, FigureSource } from '../../core/metric.ts';
import type { ScalePolicy, SignalSource } from '../../scaling/policy.ts';
import type { SignalReading } from '../../scaling/samples.ts';

/** How often a Prometheus is asked, and how long it may take, ms. */
const ASK_MS = 5000;
const ANSWER_MS = 3000;
const ANSWER_BYTES = 1_000_000;
/** An answer is good for so long, ms. */
const GOOD_MS = 30_000;

/** Why nothing is known at the begin. */
export const NOT_YET = 'no answer yet';

interface Asked {
	reading: SignalReading | null;
	failure: string;
	/** When the reading came, and when it was last asked for; 0: never. */
	atMs: number;
	askedMs: number;
	asking: boolean;
}

export class OuterValues {
	readonly #figures: FigureSource;
	readonly #asked = new Map<string, Asked>();

	constructor(figures: FigureSource) {
		this.#figures = figures;
	}

	/** Something else is asked for from now on. */
	forget(): void {
		this.#asked.clear();
	}

	/** What is known of it now, and asks for it anew. A string: why nothing is, half a sentence. */
	read(name: string, source: SignalSource, policy: ScalePolicy, nowMs: number): SignalReading | string {
		let asked = this.#asked.get(name);
		if (asked === undefined)
			this.#asked.set(name, (asked = { reading: null, failure: NOT_YET, atMs: 0, askedMs: 0, asking: false }));
		const everyMs = source.from === 'prometheus' ? ASK_MS : 1000;
		if (!asked.asking && nowMs - asked.askedMs >= everyMs - 100) void this.#ask(asked, source, policy, nowMs);
		return asked.reading !== null && nowMs - asked.atMs <= GOOD_MS ? asked.reading : asked.failure;
	}

	async #ask(asked: Asked, source: SignalSource, policy: ScalePolicy, nowMs: number): Promise<void> {
		asked.asking = true;
		asked.askedMs = nowMs;
		try {
			const found =
				source.from === 'prometheus'
					? await askPrometheus(source)
					: source.from === 'figure'
						? await this.#figure(source.query, policy, nowMs)
						: 'it is not asked for here';
			if (typeof found === 'string') asked.failure = found;
			else {
				asked.reading = found;
				asked.atMs = nowMs;
				return;
			}
		} catch (error) {
			asked.failure = (error as Error).message;
		} finally {
			asked.asking = false;
		}
		// What a figure has no values of is not known, whatever it was before; a Prometheus may just be late.
		if (source.from === 'figure') asked.reading = null;
	}

	async #figure(query: FigureQuery, { windowMs, panic }: ScalePolicy, nowMs: number): Promise<SignalReading | string> {
		const at = async (overMs: number): Promise<{ value: number } | null> => {
			const [found] = await this.#figures.at({ ...query, by: [], overMs }, nowMs);
			return found === undefined || !Number.isFinite(found.value) ? null : { value: found.value };
		};
		const stable = await at(query.overMs === 0 ? windowMs : query.overMs);
		if (stable === null) return 'it has no values';
		return { stable, panic: panic === null || query.overMs !== 0 ? null : await at(panic.windowMs) };
	}
}

async function askPrometheus({
	url,
	query,
	headers,
}: Extract<SignalSource, { from: 'prometheus' }>): Promise<SignalReading | string> {
	const at = new URL('api/v1/query', url.endsWith('/') ? url : `${url}/`);
	const response = await fetch(at, {
		method: 'POST',
		headers: { ...headers, 'content-type': 'application/x-www-form-urlencoded' },
		body: new URLSearchParams({ query }),
		signal: AbortSignal.timeout(ANSWER_MS),
		redirect: 'error',
	}).catch((error: unknown) => whyFailed(error));
	if (typeof response === 'string') return response;
	const text = await bounded(response);
	if (text === null) return 'its answer is too long';
	let answer: unknown;
	try {
		answer = JSON.parse(text);
	} catch {
		return `it answered ${response.status} without JSON`;
	}
	return readingOf(answer, response.status);
}

const whyFailed = (error: unknown): string => {
	if ((error as Error).name === 'TimeoutError') return `no answer within ${ANSWER_MS / 1000} s`;
	const cause = (error as { cause?: { code?: string } }).cause?.code;
	return `it cannot be reached${cause === undefined ? '' : ` (${cause})`}`;
};

async function bounded(response: Response): Promise<string | null> {
	const parts: Uint8Array[] = [];
	let bytes = 0;
	for await (const part of response.body ?? []) {
		bytes += part.length;
		if (bytes > ANSWER_BYTES) return null;
		parts.push(part);
	}
	return Buffer.concat(parts).toString();
}

/** The one value of an answer of `/api/v1/query`. */
function readingOf(answer: unknown, status: number): SignalReading | string {
	const { data, error } = (answer ?? {}) as { data?: { resultType?: unknown; result?: unknown }; error?: unknown };
	if (typeof error === 'string') return `it answered: ${error.slice(0, 200)}`;
	const { resultType, result } = data ?? {};
	if (!Array.isArray(result) || status !== 200) return `it answered ${status} without a result`;
	if (resultType === 'vector' && result.length > 1)
		return `the query gives ${result.length} values; write sum(…) or max(…) around it`;
	if (resultType === 'vector' && result.length === 0) return 'the query gives no value';
	const pair = resultType === 'scalar' ? result : (result[0] as { value?: unknown } | null)?.value;
	const [, text] = Array.isArray(pair) ? (pair as unknown[]) : [];
	const value = typeof text === 'string' && text.trim() !== '' ? Number(text) : Number.NaN;
	if (!Number.isFinite(value)) return 'the query gives no number';
	if (value < 0) return 'the query gives less than 0';
	return { stable: { value }, panic: { value } };
}
