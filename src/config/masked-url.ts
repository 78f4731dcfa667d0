import { MASK } from './problem.ts';

/** An address that somebody is told at, without its path and query: they are often its secret, also where it is written out. */
export function maskedUrl(url: string): string {
	if (!URL.canParse(url)) return MASK;
	const { origin, pathname, search } = new URL(url);
	return pathname === '/' && search === '' ? origin : `${origin}/…`;
}
