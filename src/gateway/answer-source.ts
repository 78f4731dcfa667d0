/**
 * Where the body of an answer comes from that no instance sends to its client: a file, a stored answer. Its exchange
 * holds it (`Exchange.source`) from the moment on at which the answer waits for it. It begins the answer
 * (`beginAnswer`), brings the body (`answerPiece`, then `flushAnswer`; once that is false nothing more until `resume`)
 * and ends it (`answerEnd`), or says that it cannot (`answerFailed`). All answers of a worker are written through one
 * buffer: what it begins or brings it flushes in the same turn, before anybody else writes.
 */
export interface AnswerSource {
	/** The client took all that it was sent. Comes also while nothing waits for it. */
	resume(): void;
	/** Nobody wants the rest: gives back what it holds. Never comes after `answerEnd` or `answerFailed`, and once at most. */
	cancel(): void;
}
