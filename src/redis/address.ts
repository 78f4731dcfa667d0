/** Where one Redis, or one Sentinel, listens. */
export interface RedisNode {
	readonly host: string;
	readonly port: number;
}

/** `host`, `host:port`, `[::1]:6379`; null: it is none. */
export function parseAddress(text: string, port: number): RedisNode | null {
	const found = /^(?:\[([0-9a-fA-F:.]+)\]|([^\s:/@[\]]+))(?::(\d{1,5}))?$/.exec(text);
	const host = found?.[1] ?? found?.[2];
	const said = found?.[3] === undefined ? port : Number(found[3]);
	return host === undefined || said < 1 || said > 65_535 ? null : { host, port: said };
}

export const formatAddress = ({ host, port }: RedisNode): string =>
	host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
