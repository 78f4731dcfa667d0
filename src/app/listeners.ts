import { randomBytes } from 'node:crypto';
import net from 'node:net';
import type { Worker } from 'node:worker_threads';
import type { ListenConfig } from '../gateway/config.ts';
import type { CertificateText } from '../gateway/listener.ts';
import { CertificateWatch, readCertificates } from './certificates.ts';
import type { ListenPlan } from './plan.ts';
import type { WorkerGroup } from './worker-group.ts';

/** What is needed of the keeper: it holds the sockets. */
export interface SocketSource {
	bind(host: string, port: number, slots: number): Promise<{ port: number; slots: number }>;
	unbind(host: string, port: number): Promise<void>;
	/** A descriptor of that socket, good for one `listen`. */
	socket(host: string, port: number, slot: number): Promise<number>;
	/** Which worker gets the descriptor. */
	give(fd: number, worker: Worker): void;
}

interface Address {
	config: ListenConfig;
	/** The port in use. */
	port: number;
	slots: number;
	/** Which worker serves each slot. */
	owners: number[];
	certificates: CertificateText[];
	watch: CertificateWatch | null;
}

export const addressKey = ({ host, port }: ListenConfig): string => `${host}:${port}`;

/** Addresses that are listened on, and which worker accepts on which of their sockets. */
export class Listeners {
	readonly #source: SocketSource;
	readonly #workers: WorkerGroup;
	readonly #event: (level: 'info' | 'warn' | 'error', text: string) => void;
	readonly #addresses = new Map<string, Address>();
	/** The same for all workers, so that a TLS session resumes on any; handed to the core that follows. */
	ticketKeys: Buffer = randomBytes(48);
	#count = 1;

	constructor(
		source: SocketSource,
		workers: WorkerGroup,
		event: (level: 'info' | 'warn' | 'error', text: string) => void,
	) {
		this.#source = source;
		this.#workers = workers;
		this.#event = event;
	}

	/** Binds what is new; nothing accepts there yet. Undone wholly if one cannot be bound. */
	async bind(configs: readonly ListenConfig[], workers: number): Promise<void> {
		const fresh: string[] = [];
		try {
			for (const config of configs) {
				const key = addressKey(config);
				const known = this.#addresses.get(key);
				const certificates = config.tls === null ? [] : await readCertificates(config.tls);
				const bound = await this.#source.bind(config.host, config.port, Math.max(workers, known?.slots ?? 1));
				if (known === undefined) {
					fresh.push(key);
					this.#addresses.set(key, {
						config,
						port: bound.port,
						slots: bound.slots,
						owners: [],
						certificates,
						watch: null,
					});
				} else {
					known.slots = bound.slots;
				}
			}
		} catch (error) {
			for (const key of fresh) await this.#forget(key);
			throw error;
		}
	}

	/** Takes back what `bind` added, when the rest of a reload was refused. */
	async unbindAllBut(configs: readonly ListenConfig[]): Promise<void> {
		const wanted = new Set(configs.map(addressKey));
		for (const [key, address] of this.#addresses)
			if (!wanted.has(key) && address.owners.length === 0) await this.#forget(key);
	}

	/** Has the workers accept on exactly these addresses, spread over so many workers. */
	async serve(configs: readonly ListenConfig[], workers: number): Promise<void> {
		this.#count = workers;
		const wanted = new Map(configs.map((config) => [addressKey(config), config]));
		for (const [key, config] of wanted) await this.#serveOne(this.#addresses.get(key) as Address, config);
		for (const key of [...this.#addresses.keys()]) if (!wanted.has(key)) await this.#close(key);
	}

	async #serveOne(address: Address, config: ListenConfig): Promise<void> {
		const changed = JSON.stringify(address.config.tls) !== JSON.stringify(config.tls);
		address.config = config;
		if (changed) address.certificates = config.tls === null ? [] : await readCertificates(config.tls);
		if (changed || address.watch === null) this.#rewatch(address);
		for (let slot = 0; slot < address.slots; slot++) {
			const owner = slot % this.#count;
			if (address.owners[slot] !== owner || changed) await this.#move(address, slot, owner);
		}
	}

	async #move(address: Address, slot: number, owner: number): Promise<void> {
		const before = address.owners[slot];
		address.owners[slot] = owner;
		await this.#give(address, slot);
		// Only now: in between both accept, and no connection finds nobody.
		if (before !== undefined && before !== owner)
			await this.#workers.order(before, { type: 'unlisten', key: slotKey(address, slot) });
	}

	async #give(address: Address, slot: number): Promise<void> {
		const { config, certificates } = address;
		const fd = await this.#source.socket(config.host, address.port, slot);
		const thread = this.#workers.thread(address.owners[slot] as number);
		if (thread !== undefined) this.#source.give(fd, thread);
		const tls: ListenPlan['tls'] =
			config.tls === null ? null : { certificates, minVersion: config.tls.minVersion, ticketKeys: this.ticketKeys };
		const error = await this.#workers.order(address.owners[slot] as number, {
			type: 'listen',
			listen: { key: slotKey(address, slot), fd, tls },
		});
		if (error !== '') this.#event('error', `${addressKey(config)} cannot be accepted on: ${error}`);
	}

	#rewatch(address: Address): void {
		address.watch?.stop();
		const { tls } = address.config;
		if (tls === null) {
			address.watch = null;
			return;
		}
		const name = addressKey(address.config);
		address.watch = new CertificateWatch(
			tls,
			(certificates) => {
				address.certificates = certificates;
				for (let slot = 0; slot < address.slots; slot++)
					this.#workers.tell({ type: 'certify', key: slotKey(address, slot), certificates });
				this.#event('info', `new certificates are in use on ${name}`);
			},
			(why) => this.#event('error', `${why}; ${name} goes on with the certificates it has`),
		);
	}

	/** A worker began again: it gets its sockets. */
	async restore(worker: number): Promise<void> {
		for (const address of this.#addresses.values()) {
			for (let slot = 0; slot < address.slots; slot++)
				if (address.owners[slot] === worker) await this.#give(address, slot);
		}
	}

	/** Nothing more is accepted once this resolves: connects are refused from then on. */
	async shut(): Promise<void> {
		// Who connects from here to an address that another one encloses gets to the narrower one.
		const narrowFirst = [...this.#addresses.values()].sort((a, b) => Number(isWide(a)) - Number(isWide(b)));
		for (const address of narrowFirst) await this.#shut(address);
	}

	/** One worker takes all sockets and the keeper lets go of them: who closes them then knows that they are the last copies. */
	async #shut(address: Address): Promise<void> {
		const owner = this.#workers.view().find(({ state }) => state === 'ready')?.id ?? address.owners[0] ?? 0;
		const keys: string[] = [];
		for (let slot = 0; slot < address.slots; slot++) {
			if (address.owners[slot] === undefined) continue;
			if (address.owners[slot] !== owner) await this.#move(address, slot, owner);
			keys.push(slotKey(address, slot));
		}
		await this.#source.unbind(address.config.host, address.port);
		await this.#workers.order(owner, { type: 'shut', keys });
	}

	/** The keeper lets go of the sockets, whatever else still has to be done with them. */
	async release(): Promise<void> {
		for (const { config, port } of this.#addresses.values()) await this.#source.unbind(config.host, port);
	}

	async #close(key: string): Promise<void> {
		const address = this.#addresses.get(key) as Address;
		address.watch?.stop();
		this.#addresses.delete(key);
		await this.#shut(address);
	}

	async #forget(key: string): Promise<void> {
		const address = this.#addresses.get(key);
		if (address === undefined) return;
		address.watch?.stop();
		this.#addresses.delete(key);
		await this.#source.unbind(address.config.host, address.port);
	}

	view(): { address: string; tls: boolean }[] {
		return [...this.#addresses.values()].map(({ config, port }) => ({
			address: `${config.tls === null ? 'http' : 'https'}://${net.isIPv6(config.host) ? `[${config.host}]` : config.host}:${port}`,
			tls: config.tls !== null,
		}));
	}
}

const isWide = ({ config }: Address): boolean => config.host === '0.0.0.0' || config.host === '::';

const slotKey = (address: Address, slot: number): string => `${addressKey(address.config)}#${slot}`;
