import { ERRORS } from '../core/errors.ts';
import type { OffloadPolicy } from '../jobs/offload-policy.ts';

/** For all that are not known: what an upstream says is no label. */
export const OTHER_CODE = 'other';

/** Codes of jobs' last errors that Ballast itself gives. */
const OWN = [
	'upstream_status',
	'attempt_lost',
	'key_too_old',
	'external_failed',
	'external_id_missing',
	'external_unknown',
];

/** Codes of errors by which failures are told apart: our own, and those that the configuration names. */
export const knownCodes = (policies: Iterable<Pick<OffloadPolicy, 'codes'>>): ReadonlySet<string> =>
	new Set([
		...Object.keys(ERRORS),
		...OWN,
		...[...policies].flatMap(({ codes }) => (codes === null ? [] : [...codes.retry, ...codes.fail])),
	]);
