import { cookieValue } from './balance-key.ts';
import type { Exchange } from './exchange.ts';
import type { Mark } from './route.ts';

/** Values that say no. */
const NO = ['', '0', 'off', 'false'];

/** Whether the request is marked: the field or cookie is there and does not say no. */
export function isMarked(exchange: Exchange, { from, name }: Mark): boolean {
	const value = from === 'header' ? exchange.field(name) : cookieValue(exchange, name);
	return value !== undefined && !NO.includes(value.toLowerCase());
}
