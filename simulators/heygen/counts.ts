/** Calls, counted by route and by what they got. */
export class Counts {
	/** `POST /v3/videos` → `200` → how many. A status, `reset`, or `replayed`, which counts beside its status. */
	readonly calls: Record<string, Record<string, number>> = {};
	/** Files downloaded, and webhooks posted, by status. */
	readonly files: Record<string, number> = {};
	readonly webhooks: Record<string, number> = {};
	/** Of all calls, so far. */
	total = 0;
	/** Events, so far. */
	events = 0;

	call(route: string, result: string | number): void {
		const results = (this.calls[route] ??= {});
		results[result] = (results[result] ?? 0) + 1;
	}

	file(status: number): void {
		this.files[status] = (this.files[status] ?? 0) + 1;
	}

	webhook(result: string | number): void {
		this.webhooks[result] = (this.webhooks[result] ?? 0) + 1;
	}
}
