import type { StoredAnswer } from '../../stored-answer.ts';
import { type Judging, judgeAnswer } from '../judge-answer.ts';
import { answerOf, judgingOf } from './messages.ts';

/** What is stored of an answer with these field lines; it must be storable. */
export function storedOf(lines: readonly string[], changes: Partial<Judging> = {}, status = 200): StoredAnswer {
	const judgement = judgeAnswer(judgingOf(answerOf(lines, status), changes));
	if (judgement.stored === null) throw new Error(`not stored: ${judgement.refusal}`);
	return judgement.stored;
}
