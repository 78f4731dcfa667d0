/**
 * Which of the codings at hand a client likes best (RFC 9110 §12.5.3): the one of the greatest weight, of several the
 * first of the list; '' stands for none, which is also the answer to who refuses all there is. Without the field: ''.
 */
export function acceptedCoding<C extends string>(accept: string | undefined, codings: readonly C[]): C | '' {
	if (accept === undefined || accept.length > FIELD_MOST) return '';
	const weights = weightsOf(accept);
	const any = weights.get('*');
	let best: C | '' = '';
	// What is not named, plain content is: it only stands back where something else is liked at all.
	let most = weights.get('identity') ?? 0;
	let said = weights.has('identity');
	for (const coding of codings) {
		const weight = weights.get(coding) ?? (coding === 'gzip' ? weights.get('x-gzip') : undefined) ?? any ?? 0;
		if (weight === 0 || weight < most || (weight === most && best !== '')) continue;
		if (weight === most && !said) continue;
		best = coding;
		most = weight;
		said = false;
	}
	return best;
}

/** A longer one is taken for none. */
const FIELD_MOST = 1024;

function weightsOf(accept: string): Map<string, number> {
	const weights = new Map<string, number>();
	for (const part of accept.toLowerCase().split(',')) {
		const [name = '', ...parameters] = part.split(';');
		const coding = name.trim();
		if (coding !== '' && !weights.has(coding)) weights.set(coding, weightOf(parameters));
	}
	return weights;
}

/** 0…1; what is no weight is none: 0 would refuse what was named on purpose, so 1. */
function weightOf(parameters: readonly string[]): number {
	for (const parameter of parameters) {
		const found = /^\s*q\s*=\s*(\d(?:\.\d*)?|\.\d+)\s*$/.exec(parameter);
		if (found !== null) return Math.min(1, Number(found[1]));
	}
	return 1;
}
