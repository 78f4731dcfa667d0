/** Presigned URLs: they carry their expiry and a signature over it. */
import { createHmac, timingSafeEqual } from 'node:crypto';

interface Signing {
	secret: string;
	path: string;
	/** Seconds since 1970, simulated. */
	expires: number;
}

export function signedPath({ secret, path, expires }: Signing): string {
	return `${path}?Expires=${expires}&Signature=${signature({ secret, path, expires })}&Key-Pair-Id=SIMULATOR`;
}

/** `expired` also where it was never signed. */
export function judgeUrl(
	secret: string,
	{ path, query, nowMs }: { path: string; query: URLSearchParams; nowMs: number },
): 'good' | 'expired' | 'forged' {
	const expires = Number(query.get('Expires'));
	const given = Buffer.from(query.get('Signature') ?? '');
	const right = Buffer.from(signature({ secret, path, expires }));
	if (given.length !== right.length || !timingSafeEqual(given, right)) return 'forged';
	return nowMs < expires * 1000 ? 'good' : 'expired';
}

function signature({ secret, path, expires }: Signing): string {
	return createHmac('sha256', secret).update(`${path}\n${expires}`).digest('base64url');
}
