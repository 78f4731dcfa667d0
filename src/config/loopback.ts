/** Whether an address can be reached from this machine alone. */
export function isLoopback(host: string): boolean {
	return host.startsWith('127.') || host === '::1';
}
