import type { ErrorCode } from './errors.ts';
import { isMalformed, type Malformed } from './malformed.ts';

/** Why a request is refused: an error, or what makes it a `bad_request`. */
export type Refusal = ErrorCode | Malformed;

export const codeOf = (refusal: Refusal): ErrorCode => (isMalformed(refusal) ? 'bad_request' : refusal);
