/** What of an exchange ends with it. */
interface Crashing {
	readonly plane: { readonly out: { length: number }; report(fault: unknown): void };
	readonly client: { readonly transport: { destroy(): void } };
}

/** A fault of our own, in the midst of a request: its connection ends, all others go on. */
export function crash({ plane, client }: Crashing, fault: unknown): void {
	plane.out.length = 0;
	plane.report(fault);
	client.transport.destroy();
}
