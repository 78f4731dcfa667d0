import { Random } from '../../src/wire/testing/random.ts';
import { Differential, type Input } from './differential.ts';
import { requestStream } from './generate-request.ts';
import { response } from './generate-response.ts';
import { minimise } from './minimise.ts';
import { mutate } from './mutate.ts';
import { wholeOf } from './reading.ts';

/** Behind every stream of requests: whether and how it is read shows where the one before it was over. */
const SENTINEL = 'GET /sentinel HTTP/1.1\r\nHost: s\r\n\r\n';

export interface FuzzFailure {
	seed: number;
	at: number;
	side: Input['side'];
	method: string;
	what: string;
	text: string;
	/** The same failure in fewer bytes. */
	minimal: string;
}

export interface FuzzResult {
	inputs: number;
	/** Messages that both read, and read alike. */
	alike: number;
	/** Inputs that both refused. */
	refused: number;
	/** How often each entry of the lists explained a difference. */
	explained: Map<string, number>;
	failure: FuzzFailure | null;
}

export interface FuzzOptions {
	seed: number;
	/** Ends with the time or the count, whichever is first. */
	ms: number;
	inputs?: number;
	/** The first input. */
	from?: number;
	onProgress?: (result: FuzzResult) => void;
}

/** The input of this number: the same for the same seed, on every machine. */
export function inputOf(seed: number, at: number): Input {
	const random = new Random(Math.imul(seed, 0x9e3779b1) + Math.imul(at, 0x85ebca6b));
	const side = random.chance(0.75) ? 'request' : 'response';
	let text = side === 'request' ? requestStream(random) : response(random);
	if (random.chance(0.5)) text = mutate(text, random);
	if (side === 'request') text += SENTINEL;
	return { side, text, method: random.chance(0.2) ? 'HEAD' : 'GET' };
}

/** Runs until the time is over, or to the first failure. */
export async function fuzz({
	seed,
	ms,
	inputs = Number.POSITIVE_INFINITY,
	from = 0,
	onProgress,
}: FuzzOptions): Promise<FuzzResult> {
	const differential = new Differential();
	const result: FuzzResult = { inputs: 0, alike: 0, refused: 0, explained: new Map(), failure: null };
	const until = performance.now() + ms;
	try {
		for (let at = from; at < from + inputs && performance.now() < until; at++) {
			const input = inputOf(seed, at);
			const { ours, node, failure, judgement } = await differential.run(input);
			result.inputs++;
			result.alike += Math.min(wholeOf(ours), wholeOf(node));
			if (ours.end === 'refused' && node.end === 'refused') result.refused++;
			if (judgement !== undefined)
				result.explained.set(judgement.what, (result.explained.get(judgement.what) ?? 0) + 1);
			if (failure !== '') {
				result.failure = await describe({ seed, at, input, failure }, differential);
				break;
			}
			if (result.inputs % 10_000 === 0) onProgress?.(result);
		}
	} finally {
		differential.close();
	}
	return result;
}

async function describe(
	{ seed, at, input, failure }: { seed: number; at: number; input: Input; failure: string },
	differential: Differential,
): Promise<FuzzFailure> {
	// What differs, without which message it was and what stood in it.
	const kind = (what: string): string => what.replace(/\d+/g, '').replace(/".*/s, '');
	const minimal = await minimise(input.text, async (text) => {
		const outcome = await differential.run({ ...input, text });
		return outcome.failure !== '' && kind(outcome.failure) === kind(failure);
	});
	return { seed, at, side: input.side, method: input.method, what: failure, text: input.text, minimal };
}

/** For people: what failed, and how to see it again. */
export function report({ seed, at, side, method, what, text, minimal }: FuzzFailure): string {
	return [
		`${side}${side === 'response' ? ` to ${method}` : ''}: ${what}`,
		`minimal: ${shown(minimal)}`,
		`input:   ${shown(text)}`,
		`again:   node test/fuzz/codec.ts --seed ${seed} --from ${at} --inputs 1`,
	].join('\n');
}

/** Long runs of one character, as they are made around the limits, say little. */
const shown = (text: string): string =>
	JSON.stringify(text.replace(/(.{1,2}?)\1{49,}/gs, (run, unit) => `<${run.length / unit.length} times ${unit}>`));
