import { STATUS_CODES } from 'node:http';
import type { RedirectConfig, RouteConfig } from './config.ts';
import type { Exchange } from './exchange.ts';
import type { Route } from './route.ts';

/** Whether no instance is asked. */
export const answersItself = ({ respond, redirect, files }: RouteConfig): boolean =>
	respond !== null || redirect !== null || files !== null;

/** The answer that a route's `respond` says. */
export function answerFixed(exchange: Exchange, fixed: NonNullable<Route['fixed']>): void {
	exchange.answerLocally(fixed.status, fixed.head, fixed.body);
}

/** A redirect; `$host`, `$path` and `$query` in its target stand for the request's own. */
export function answerRedirect(exchange: Exchange, redirect: RedirectConfig): void {
	const { buffer } = exchange;
	const parts: Record<string, string> = {
		$host: buffer.toString('latin1', exchange.hostStart, exchange.hostEnd),
		$path: buffer.toString('latin1', exchange.pathStart, exchange.pathEnd),
		$query: buffer.toString('latin1', exchange.pathEnd, exchange.targetEnd),
	};
	const filled = redirect.to.replace(/\$(?:host|path|query)/g, (name) => parts[name] ?? '');
	// A path of `//evil.example` would make `Location: $path` leave the site; browsers read `\\` as `/`.
	const location = redirect.to.startsWith('//') ? filled : filled.replace(/^[/\\]{2,}/, '/');
	const head = `HTTP/1.1 ${redirect.status} ${STATUS_CODES[redirect.status] ?? 'Found'}\r\nLocation: ${location}\r\nContent-Length: 0\r\n`;
	exchange.answerLocally(redirect.status, Buffer.from(head, 'latin1'), Buffer.alloc(0));
}
