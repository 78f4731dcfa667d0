/** The database behind a pool, as far as it is known: read on a connection that is at hand anyway, never on one more. */
import { createHash } from 'node:crypto';
import type { TableVersions } from '../table-versions.ts';
import { type Catalog, type CatalogNotes, catalogOf } from './catalog.ts';
import { CATALOG_QUERY, type CatalogRow, SESSION_QUERY, type SessionRow } from './catalog-query.ts';
import { CATALOG, EVERYTHING } from './judge.ts';
import type { PgClient } from './pg-port.ts';
import type { Session } from './session.ts';

export interface DatabaseOptions {
	notes: CatalogNotes;
	/** The versions of a database's tables. */
	openVersions(database: string): TableVersions;
}

/** So old may be what is known of tables that others change. */
const OLD_MS = 60_000;
/** After a failure it is not asked again for so long. */
const REST_MS = 1000;

export class Database {
	readonly #options: DatabaseOptions;
	#first: SessionRow | undefined;
	#catalog: Catalog | undefined;
	#versions: TableVersions | undefined;
	#fingerprint = '';
	#readAt = Number.NEGATIVE_INFINITY;
	#failedAt = Number.NEGATIVE_INFINITY;
	#reading: Promise<void> | undefined;
	#catalogText = '';
	#outdated = 0;
	/** Something was written before it was known where. */
	#owed = false;

	constructor(options: DatabaseOptions) {
		this.#options = options;
	}

	/** Undefined until it was read, and again once tables were changed. */
	get catalog(): Catalog | undefined {
		return this.#catalog;
	}

	/** One for all connections of this database and these settings; a part of each key. */
	get fingerprint(): string {
		return this.#fingerprint;
	}

	/** Why nothing is kept at all. */
	get refusal(): string | undefined {
		return this.#first?.replica ? 'a replica may lag behind' : undefined;
	}

	/** Undefined until the database was read. */
	get versions(): TableVersions | undefined {
		return this.#versions;
	}

	/** Reads what is missing or old, on a connection that is in no transaction. Never rejects. */
	async ensure(client: PgClient, session: Session): Promise<void> {
		const now = performance.now();
		if (this.#catalog !== undefined && now - this.#readAt < OLD_MS) return;
		if (now - this.#failedAt < REST_MS) return;
		this.#reading ??= this.#read(client, session).finally(() => {
			this.#reading = undefined;
		});
		await this.#reading;
	}

	/** Whether answers of this connection are those of all. Never rejects. */
	async fits(client: PgClient, session: Session): Promise<boolean> {
		if (session.fits !== undefined) return session.fits;
		const { changes } = session;
		try {
			const fits = (await ask(client, session, SESSION_QUERY)) === this.#fingerprint;
			if (session.changes === changes) session.fits = fits;
			return fits;
		} catch {
			return false;
		}
	}

	/** Forgets the catalogue. */
	outdate(): void {
		this.#catalog = undefined;
		this.#catalogText = '';
		this.#outdated++;
	}

	/** Raises versions, or everything's as soon as the database is known. */
	async raise(tables: readonly string[]): Promise<void> {
		if (this.#versions === undefined) this.#owed = true;
		else await this.#versions.raise(tables);
	}

	async #read(client: PgClient, session: Session): Promise<void> {
		const outdated = this.#outdated;
		const { changes } = session;
		try {
			const fingerprint = await ask(client, session, SESSION_QUERY);
			if (this.#first === undefined) this.#meet(fingerprint);
			if (session.changes === changes) session.fits ??= fingerprint === this.#fingerprint;
			const text = await ask(client, session, CATALOG_QUERY);
			// Tables were changed while it was read: the next one reads it again.
			if (outdated !== this.#outdated) return;
			if (text !== this.#catalogText) {
				this.#catalog = catalogOf(JSON.parse(text) as CatalogRow, this.#first as SessionRow, this.#options.notes);
			}
			this.#catalogText = text;
			this.#readAt = performance.now();
		} catch {
			this.#failedAt = performance.now();
		}
	}

	#meet(fingerprint: string): void {
		const row = JSON.parse(fingerprint) as SessionRow;
		this.#first = row;
		this.#fingerprint = fingerprint;
		const name = createHash('sha256').update(`${row.oid} ${row.database}`).digest('base64url').slice(0, 16);
		this.#versions = this.#options.openVersions(name);
		this.#versions.hear((tables) => {
			if (tables.includes(CATALOG)) this.outdate();
		});
		if (this.#owed) void this.#versions.raise([EVERYTHING]);
		this.#owed = false;
	}
}

/** The one text that a query gives. */
async function ask(client: PgClient, session: Session, text: string): Promise<string> {
	session.outstanding++;
	try {
		const { rows } = (await client.query({ text, rowMode: 'array' })) as { rows: string[][] };
		return rows[0]?.[0] as string;
	} finally {
		session.outstanding--;
	}
}
