import type { JobStore } from './job-store.ts';
import type { NoticeStore } from './notice-store.ts';
import type { ReceiverStore } from './receiver-store.ts';

/** A store of jobs that knows whose ends are to be told, and who wants to hear of none any more. */
export type TellingStore = JobStore & NoticeStore & ReceiverStore;

/** Of a store that tells whose a job is, and keeps a secret of its own, by which owners are hashed. @throws BallastError `jobs_unavailable` */
export interface OwnerStore {
	/** Of a job, whatever it keeps: as soon told as that there is none (null). */
	ownerOf(id: string): Promise<string | null>;
	/** As it was stored; null: there is none yet. */
	secret(): Promise<Uint8Array | null>;
	/** False: it is not `was` any more, and nothing was changed. */
	setSecret(value: Uint8Array, was: Uint8Array | null): Promise<boolean>;
}
