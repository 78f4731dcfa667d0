/** What is known of one connection to the database: how its transaction stands, and whether it is as others are. */
import type { PgClient } from './pg-port.ts';
import type { SqlShape } from './sql-shape.ts';

export interface Session {
	/** As the server said last: `I` in no transaction, `T` in one, `E` in one that failed; undefined: not heard yet. */
	status: string | undefined;
	/** Statements that are sent or wait to be sent. */
	outstanding: number;
	/** Whether its settings are those of all, and it has no temporary tables; undefined: to be asked (again). */
	fits: boolean | undefined;
	/** How often its settings may have been changed: what was asked about them before that holds no more. */
	changes: number;
	/** What was run in the transaction, if it writes. */
	pending: Set<SqlShape>;
	/** What sends itself (cursors, COPY) and may write: done when the connection has nothing left to do. */
	loose: Set<SqlShape>;
}

const sessions = new WeakMap<object, Session>();

/** Throws a TypeError for clients that do not say how their transaction stands. `onDrain`: nothing is left to do, and something was loose. */
export function sessionOf(client: PgClient, onDrain: (session: Session) => void): Session {
	const known = sessions.get(client);
	if (known !== undefined) return known;
	const session: Session = {
		status: undefined,
		outstanding: 0,
		fits: undefined,
		changes: 0,
		pending: new Set(),
		loose: new Set(),
	};
	if (client.connection === undefined)
		throw new TypeError('cacheQueries: expected a pool of pg; pg-native is not supported');
	// Before pg itself hears of it: it calls back within.
	client.connection.prependListener('readyForQuery', ({ status }) => {
		session.status = status;
	});
	client.on('drain', () => {
		if (session.loose.size > 0) onDrain(session);
	});
	sessions.set(client, session);
	return session;
}

/** Whether a query on it sees what everybody sees. */
export function isPlain({ status, outstanding }: Session): boolean {
	return status === 'I' && outstanding === 0;
}

/** The same of a new connection, which has said nothing yet; what is asked of it next will tell. */
export function mayBePlain({ status, outstanding }: Session): boolean {
	return (status === undefined || status === 'I') && outstanding === 0;
}
