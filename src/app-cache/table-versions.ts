/**
 * The fence. Each table has a version, and the key of an answer holds those of its tables as they were before the
 * query was sent. A commit raises them: what was asked before keeps its old key, and nobody asks for that any more.
 */

/** Told the tables whose versions somebody else has raised: another pool, another instance. */
export type OnRaised = (tables: readonly string[]) => void;

export interface TableVersions {
	/** Calls `onRaised` from now on. */
	hear(onRaised: OnRaised): void;
	/** The versions of these tables now, as a text; undefined: they are not known for sure, so the cache is not asked. */
	now(tables: readonly string[]): Promise<string | undefined> | string | undefined;
	/** Raises them: here before it returns, elsewhere before it settles if Redis answers. Never rejects. */
	raise(tables: readonly string[]): Promise<void>;
	close(): void;
}

/** For one process: without Redis no other hears of it. */
export function localVersions(): TableVersions {
	const versions = new Map<string, number>();
	const listeners: OnRaised[] = [];
	return {
		hear: (onRaised) => void listeners.push(onRaised),
		now: (tables) => tables.map((table) => versions.get(table) ?? 0).join(' '),
		raise(tables) {
			for (const table of tables) versions.set(table, (versions.get(table) ?? 0) + 1);
			for (const listener of listeners) listener(tables);
			return Promise.resolve();
		},
		close: () => undefined,
	};
}
