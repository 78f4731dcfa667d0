import type { AnswerEntry, AnswerStore } from '../../cache/answer-store.ts';
import type { Forwarded } from '../../cache/rules/cache-status.ts';
import type { StoredAnswer } from '../../cache/stored-answer.ts';
import type { Exchange } from '../../gateway/exchange.ts';
import type { Framing } from '../../wire/framing.ts';
import type { ResponseHead } from '../../wire/response-head.ts';
import type { EntrySource, Follower, Heir } from './entry-source.ts';

/** What comes of an answer's head. */
export type Decision =
	/** It goes to who asked, and is not stored. */
	| { kind: 'pass' }
	/** `own`: field lines that are not stored, for who asked; null: none. */
	| { kind: 'store'; answer: StoredAnswer; own: Buffer | null }
	/** It confirms what is stored: `entry` is that under the head that came now. Pinned. */
	| { kind: 'confirm'; entry: AnswerEntry }
	/** What is stored is better than this. */
	| { kind: 'keep' };

/** An answer's head as it came. */
export interface CameHead {
	readonly head: ResponseHead;
	readonly bytes: Buffer;
	readonly framing: Framing;
	readonly requestMs: number;
}

/** Decides on answers, and gives clients what is stored. */
export interface FillOwner<Fill> extends Follower {
	readonly store: AnswerStore;
	/** What is stored is kept elsewhere too: it is read from the store once it is whole. */
	readonly keeps: boolean;
	decide(fill: Fill, came: CameHead): Decision;
	/** Whether what is stored may be given although no (good) answer came. */
	coversFor(fill: Fill, unreachable: boolean): boolean;
	/** Gives `exchange` the entry, whose pin it takes over. `how`: for `Cache-Status`. */
	give(exchange: Exchange, entry: AnswerEntry, how: GiveHow): EntrySource | null;
	/** The entry is whole, or was confirmed. */
	completed(fill: Fill, entry: AnswerEntry): void;
	/** There is no room for all of the answer's body. */
	tooLong(fill: Fill): void;
	/** The rest of the entry does not come; nobody has seen that yet. */
	breaksOff(fill: Fill, entry: AnswerEntry): void;
	/** The answer will not be stored: says so to the client. */
	passes(fill: Fill, exchange: Exchange, status: number): void;
	/** The client gets it as it comes, beside the store: says that to him. */
	stores(fill: Fill, exchange: Exchange, what: { status: number; answer: StoredAnswer }): void;
	done(fill: Fill): void;
}

export interface GiveHow {
	kind: 'stored' | 'revalidated' | 'stale' | 'collapsed' | 'found';
	fwd: Forwarded | null;
	/** Status of the origin's answer; 0: none came. */
	status: number;
	/** Of what was found: where. */
	detail?: string;
	/** Field lines that only this client gets. */
	own?: Buffer | null;
	/** Brings what is not in the entry any more. */
	heir?: Heir;
}
