/** A receiver of webhooks that said that it is there no more (410). */
export interface GoneReceiver {
	/** As `receiverKey` tells it. */
	key: string;
	host: string;
	/** Epoch ms. */
	sinceMs: number;
}

/** Receivers that are remembered, at most; the oldest are forgotten, and found out anew. */
export const GONE_MOST = 10_000;

/**
 * Of a `NoticeStore`: receivers that are called no more, for all who share the store.
 * @throws BallastError `jobs_unavailable` of each call
 */
export interface ReceiverStore {
	/** Which of these keys are called no more. */
	areGone(keys: readonly string[]): Promise<ReadonlySet<string>>;
	addGone(receiver: GoneReceiver): Promise<void>;
	/** Newest first. */
	gone(most: number): Promise<GoneReceiver[]>;
	/** They are called again, from the next end on; how many of them there were. */
	removeGone(keys: readonly string[]): Promise<number>;
}
