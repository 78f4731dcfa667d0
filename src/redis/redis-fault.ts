/** What went wrong, in a word that holds no secret: the message of a foreign error may name what was sent. */
export type RedisFaultWord = string;

/** Why a command has no answer. */
export class RedisFault extends Error {
	/** The server answered, and refuses: the connection is good. */
	readonly answered: boolean;

	constructor(word: RedisFaultWord, answered: boolean) {
		super(word);
		this.name = 'RedisFault';
		this.answered = answered;
	}
}

const WORDS: Readonly<Record<string, string>> = {
	ClientOfflineError: 'not connected',
	ClientClosedError: 'not connected',
	ConnectionTimeoutError: 'it does not answer',
	TimeoutError: 'it does not answer',
	SocketClosedUnexpectedlyError: 'it closed the connection',
	SocketTimeoutError: 'it does not answer',
	RootNodesUnavailableError: 'no node of the cluster can be reached',
	ReconnectStrategyError: 'not connected',
};

/** A fault of node-redis or of the network. */
export function redisFault(error: unknown): RedisFault {
	if (error instanceof RedisFault) return error;
	if (!(error instanceof Error)) return new RedisFault('it failed', false);
	const { code } = error as NodeJS.ErrnoException;
	if (typeof code === 'string' && /^[A-Z0-9_]{2,64}$/.test(code)) return new RedisFault(code, false);
	const known = WORDS[error.constructor.name];
	if (known !== undefined) return new RedisFault(known, false);
	// What a server refuses by begins with a word in capitals: NOAUTH, WRONGPASS, OOM, LOADING.
	const word = /^(?:-)?([A-Z]{2,20})\b/.exec(error.message)?.[1];
	return word === undefined ? new RedisFault('it failed', false) : new RedisFault(word, true);
}
