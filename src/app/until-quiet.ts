/** After the last request of a stop, connections that clients keep open are given this long to send another, ms. */
const QUIET_MS = 1000;
const POLL_MS = 20;

/** Waits until the clients are gone, or say nothing more; not beyond `until` (epoch ms). */
export async function untilQuiet(
	load: () => { readonly connections: number; readonly active: number },
	until: number,
): Promise<void> {
	let quietSince = Date.now();
	while (Date.now() < until) {
		await new Promise((resolve) => setTimeout(resolve, POLL_MS));
		const { active, connections } = load();
		if (connections === 0) return;
		if (active > 0) quietSince = Date.now();
		else if (Date.now() - quietSince >= QUIET_MS) return;
	}
}
