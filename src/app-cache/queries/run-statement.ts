/** Runs a statement as it is, and raises the versions of what it wrote once that is committed: never before, and not at all when it is rolled back. */
import type { Database } from './database.ts';
import { CATALOG, EVERYTHING } from './judge.ts';
import type { PgCall, PgClient, PgResult } from './pg-port.ts';
import type { Session } from './session.ts';
import type { SqlShape } from './sql-shape.ts';
import { type Statements, UNKNOWN_SHAPE } from './statements.ts';

export interface RunnerOptions {
	database: Database;
	statements: Statements;
	onInvalidated(tables: number): void;
}

interface Settling {
	client: PgClient;
	session: Session;
	/** What is committed; or `maybe`: the connection broke, or nobody waited. */
	shapes: SqlShape[];
	maybe: boolean;
}

/** When it is not known whether a statement was carried out, its tables are raised again after these times. */
const AGAIN_MS = [1000, 5000, 30_000];

export class Runner {
	readonly #database: Database;
	readonly #statements: Statements;
	readonly #onInvalidated: (tables: number) => void;

	constructor({ database, statements, onInvalidated }: RunnerOptions) {
		this.#database = database;
		this.#statements = statements;
		this.#onInvalidated = onInvalidated;
	}

	/** What `client.query` gives, once the versions are raised where something was committed. */
	run(client: PgClient, session: Session, call: PgCall): Promise<unknown> {
		const shape = this.#shapeOf(call);
		this.#noteSession(session, shape);
		session.outstanding++;
		return new Promise((resolve, reject) => {
			const done = (error: unknown, result: unknown) => {
				session.outstanding--;
				if (this.#mayWrite(shape)) session.pending.add(shape);
				const end = () => (error ? reject(error as Error) : resolve(result));
				const shapes = error ? dueAfterError(session, shape, error) : dueAfter(session, shape, result);
				if (shapes.length === 0) return end();
				this.#settle({ client, session, shapes, maybe: Boolean(error) && !isOfServer(error) }).then(end, end);
			};
			try {
				client.query(...call.args, done);
			} catch (error) {
				session.outstanding--;
				reject(error as Error);
			}
		});
	}

	/** The same for what sends itself; gives it back at once. */
	submit(client: PgClient, session: Session, call: PgCall): unknown {
		const shape = this.#shapeOf(call);
		this.#noteSession(session, shape);
		if (this.#mayWrite(shape)) session.loose.add(shape);
		return client.query(...call.args, ...(call.callback === undefined ? [] : [call.callback]));
	}

	/** What was loose is done. */
	settleLoose(session: Session): void {
		const shapes = [...session.loose];
		session.loose.clear();
		if (session.status !== 'I') for (const shape of shapes) session.pending.add(shape);
		void this.#raise(shapes);
	}

	#shapeOf({ text }: PgCall): SqlShape {
		return text === undefined ? UNKNOWN_SHAPE : this.#statements.shape(text);
	}

	async #settle({ client, session, shapes, maybe }: Settling): Promise<void> {
		if (!maybe && this.#database.catalog === undefined) await this.#database.ensure(client, session);
		await this.#raise(shapes);
		if (!maybe) return;
		for (const ms of AGAIN_MS) setTimeout(() => void this.#raise(shapes), ms).unref();
	}

	async #raise(shapes: readonly SqlShape[]): Promise<void> {
		const tables = this.#tablesOf(shapes);
		if (shapes.some(({ ddl }) => ddl)) {
			this.#database.outdate();
			tables.push(CATALOG);
		}
		if (tables.length === 0) return;
		this.#onInvalidated(tables.length);
		await this.#database.raise(tables);
	}

	#tablesOf(shapes: readonly SqlShape[]): string[] {
		const { catalog } = this.#database;
		if (catalog === undefined) return shapes.length === 0 ? [] : [EVERYTHING];
		const tables = new Set(shapes.flatMap((shape) => this.#statements.verdict(shape, catalog).writes));
		return tables.has(EVERYTHING) ? [EVERYTHING] : [...tables];
	}

	/** Without the catalogue any function may change the session. */
	#noteSession(session: Session, shape: SqlShape): void {
		const { catalog } = this.#database;
		const changes =
			catalog === undefined
				? shape.session || shape.functions.length > 0
				: this.#statements.verdict(shape, catalog).session;
		if (!changes) return;
		session.fits = undefined;
		session.changes++;
	}

	#mayWrite(shape: SqlShape): boolean {
		if (shape.unknown || shape.ddl || shape.writes.length > 0) return true;
		if (shape.functions.length === 0) return false;
		const { catalog } = this.#database;
		return catalog === undefined || this.#statements.verdict(shape, catalog).writes.length > 0;
	}
}

/** What is committed by now. */
function dueAfter(session: Session, { several, commits }: SqlShape, result: unknown): SqlShape[] {
	// COMMIT of a transaction that has failed says ROLLBACK.
	const rolledBack = !several && (result as PgResult | undefined)?.command === 'ROLLBACK';
	if (session.status === 'I') return take(session, !rolledBack);
	if (!commits || rolledBack) return [];
	// The next transaction has begun (AND CHAIN, `commit; begin`). Of several, some may be its own: due again at its end.
	return several ? [...session.pending] : take(session, true);
}

/** The server's word on how the transaction stands is still that from before the statement. */
function dueAfterError(session: Session, shape: SqlShape, error: unknown): SqlShape[] {
	const inTransaction = session.status === 'T' || session.status === 'E';
	if (!isOfServer(error)) return inTransaction && !shape.commits && !shape.several ? [] : take(session, true);
	// A COMMIT that fails has rolled back; of several, what failed may stand behind it.
	if (shape.commits) return take(session, shape.several);
	// Several statements, or a procedure, may have committed some of it.
	return inTransaction ? [] : take(session, shape.several || shape.unknown);
}

function take(session: Session, due: boolean): SqlShape[] {
	const shapes = due ? [...session.pending] : [];
	session.pending.clear();
	return shapes;
}

/** The server has refused it; else it is not known what became of it. */
function isOfServer(error: unknown): boolean {
	const { severity, code } = (error ?? {}) as { severity?: unknown; code?: unknown };
	return severity === 'ERROR' && typeof code === 'string';
}
