/** Compression: what a file says of it, laid over what it inherits, and as a person would write it. */
import { formatSize, parseSize } from '../core/units.ts';
import type { CompressInput } from '../gateway/compress/compress-config.ts';
import { COMPRESS, type CompressPolicy } from '../gateway/compress/compress-policy.ts';

/** null: nothing is compressed. What is said of some keys leaves the others as they are inherited. */
export function layCompress(base: CompressPolicy | null, input: CompressInput | undefined): CompressPolicy | null {
	if (input === undefined) return base;
	if (input === 'off' || input === false) return null;
	const from = base ?? COMPRESS;
	if (input === true) return from;
	const { encodings, min, types, levels } = Array.isArray(input) ? { encodings: input } : input;
	return {
		encodings: encodings === undefined ? from.encodings : [...new Set(encodings)],
		minBytes: min === undefined ? from.minBytes : (parseSize(min) ?? from.minBytes),
		types: types === undefined ? from.types : [...new Set(types.map((type) => type.toLowerCase()))],
		levels: {
			br: levels?.br ?? from.levels.br,
			zstd: levels?.zstd ?? from.levels.zstd,
			gzip: levels?.gzip ?? from.levels.gzip,
		},
	};
}

export function compressForm(policy: CompressPolicy | null): unknown {
	if (policy === null) return 'off';
	const { encodings, minBytes, types, levels } = policy;
	return { encodings, min: formatSize(minBytes), types, levels };
}
