/** All that one simulator has. */
import { type Account, type AccountOptions, newAccount } from './accounts.ts';
import { hex } from './chance.ts';
import { Agenda, Clock } from './clock.ts';
import { Counts } from './counts.ts';
import { defaultKnobs, type Knobs } from './knobs.ts';
import type { Asset, Batch, Delivery, Endpoint, Event, KeyRecord, Order } from './records.ts';
import { Journal, Shelf } from './shelf.ts';
import { signedPath } from './signed-url.ts';
import type { Video } from './videos.ts';

interface Beginnings {
	seed: string;
	timeScale: number;
	accounts: AccountOptions[];
	knobs: Partial<Knobs>;
	stateFile: string | undefined;
}

export class World {
	readonly seed: string;
	readonly clock: Clock;
	readonly agenda: Agenda;
	readonly knobs: Knobs;
	readonly counts: Counts = new Counts();
	readonly accounts: Shelf<Account>;
	readonly videos: Shelf<Video>;
	readonly batches: Shelf<Batch>;
	readonly endpoints: Shelf<Endpoint>;
	readonly events: Shelf<Event>;
	readonly keys: Shelf<KeyRecord>;
	readonly assets: Shelf<Asset>;
	/** Jobs that have not ended, by account, in the order in which they get slots. */
	readonly live = new Map<string, Video[]>();
	/** Keys whose first call is under way. */
	readonly busyKeys = new Set<string>();
	/** Jobs that a key has made so far, by account and key. */
	readonly keyUses = new Map<string, number>();
	/** Deliveries of webhooks, oldest first. */
	readonly deliveries: Delivery[] = [];
	/** Called with each job that ends. */
	readonly onEnd: ((video: Video) => void)[] = [];
	/** When it began, for bursts. */
	readonly beganAtMs: number;
	/** Errors that a test has ordered. */
	readonly orders: Order[] = [];
	/** Calls of each account in the last minute that it called in. */
	readonly paces = new Map<string, { minute: number; calls: number }>();
	/** Bytes of uploaded files. */
	readonly assetBytes = new Map<string, Buffer>();
	/** Counts restarts. */
	epoch = 0;
	/** Before this moment no connection is answered. */
	downUntilMs = 0;
	/** Where it can be reached. */
	url = '';
	readonly #journal: Journal;
	readonly #urlSecret: string;

	constructor({ seed, timeScale, accounts, knobs, stateFile }: Beginnings) {
		const journal = new Journal(stateFile);
		this.#journal = journal;
		this.seed = seed;
		this.#urlSecret = hex(64, seed, 'url secret');
		const before = journal.found('clock').get('clock') as { simulatedMs: number; realMs: number } | undefined;
		// Time goes on while it is down.
		this.clock = new Clock(
			timeScale,
			before === undefined ? Date.now() : before.simulatedMs + (Date.now() - before.realMs) * timeScale,
		);
		this.agenda = new Agenda(this.clock);
		this.beganAtMs = this.clock.now();
		this.knobs = { ...defaultKnobs(), ...knobs };
		this.accounts = new Shelf('accounts', journal);
		this.videos = new Shelf('videos', journal);
		this.batches = new Shelf('batches', journal);
		this.endpoints = new Shelf('endpoints', journal);
		this.events = new Shelf('events', journal);
		this.keys = new Shelf('keys', journal);
		this.assets = new Shelf('assets', journal);
		for (const account of accounts) {
			if (this.accounts.get(account.name) === undefined) this.accounts.put(account.name, newAccount(account));
		}
		for (const video of this.videos.values()) this.noteUse(video);
		this.noteTime();
	}

	/** Counts a job of an Idempotency-Key. */
	noteUse({ account, idempotencyKey }: Video): void {
		if (idempotencyKey === null) return;
		const use = `${account} ${idempotencyKey}`;
		this.keyUses.set(use, (this.keyUses.get(use) ?? 0) + 1);
	}

	/** Remembers what time it is. */
	noteTime(): void {
		this.#journal.write('clock', 'clock', { simulatedMs: this.clock.now(), realMs: Date.now() });
	}

	/** An id that no other call with these parts gives. */
	id(prefix: string, ...parts: (string | number)[]): string {
		return `${prefix}_${hex(16, this.seed, prefix, ...parts)}`;
	}

	/** A URL for a file of ours that works for the life of URLs from now on. */
	signed(path: string): string {
		const expires = Math.floor((this.clock.now() + this.knobs.urlLifeMs) / 1000);
		return this.url + signedPath({ secret: this.#urlSecret, path, expires });
	}

	get urlSecret(): string {
		return this.#urlSecret;
	}

	/** Seconds for `Retry-After`, on the clock that the client has. */
	clientSeconds(ms: number): string {
		const scale = this.knobs.clientClock === 'real' ? this.clock.scale : 1;
		return String(Math.max(1, Math.ceil(ms / 1000 / scale)));
	}
}
