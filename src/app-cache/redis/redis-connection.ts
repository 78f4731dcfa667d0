/** What of ioredis is used, of a client or of a cluster. */
export interface RedisConnection {
	status: string;
	on(event: string, listener: (...args: never[]) => void): unknown;
	once(event: string, listener: () => void): unknown;
	off(event: string, listener: () => void): unknown;
	eval(script: string, keys: number, ...args: string[]): Promise<unknown>;
	publish(channel: string, message: string): Promise<unknown>;
	subscribe(channel: string): Promise<unknown>;
	disconnect(): void;
}
