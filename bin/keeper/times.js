// All waits of the keeper, ms. Tests start it with shorter ones.
export const TIMES = {
	/** Between two pings of a core. */
	pingMs: 3_000,
	/** Pings in a row without a sign of life before a core is taken for hung. */
	pings: 5,
	/** From the start of a core to its first word. */
	helloMs: 30_000,
	/** From the start of an upgrade's core until it is ready. */
	readyMs: 60_000,
	/** For the state that an old core hands over. */
	yieldMs: 5_000,
	/** What a core may take for `drain` and `stop` unless it says otherwise. */
	drainMs: 30_000,
	stopMs: 65_000,
	/** On top of a core's own limit before it is killed. */
	extraMs: 5_000,
	/** From SIGTERM to SIGKILL for instances that no core has ended. */
	leftMs: 10_000,
	/** A second signal counts only this long after the first: one Ctrl-C under npm arrives twice. */
	secondSignalMs: 500,
	/** How long a command waits for a core that is restarting. */
	noCoreMs: 2_000,
	/** Before each start of a core in a row: the first at once. */
	backOffMs: [0, 500, 1_000, 2_000, 5_000, 10_000],
	/** A core that was ready this long starts the row anew. */
	settledMs: 10_000,
};
